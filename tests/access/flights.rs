//! Scrapes that need the same answer at the same time.

use std::time::Duration;

use tokio::time::{Instant, advance};

use crate::cluster::{Asked, Fault};
use crate::scraper::{GOOD, USER, World, settle};

const MANY: usize = 100;

#[tokio::test(start_paused = true)]
async fn a_hundred_scrapes_ask_once() {
    let world = World::new();
    for round in 1..=3 {
        world.cluster.hold(true);
        let scrapes: Vec<_> = (0..MANY).map(|_| world.spawn(GOOD)).collect();
        settle().await;
        assert_eq!(world.cluster.counts(), (round, round - 1));
        world.cluster.hold(false);
        for scrape in scrapes {
            assert_eq!(scrape.await.unwrap(), 200);
        }
        assert_eq!(world.cluster.counts(), (round, round));
        advance(Duration::from_secs(300)).await;
    }
}

/// Several tokens of one user, say of a Prometheus with replicas, share the question of the right.
#[tokio::test(start_paused = true)]
async fn tokens_of_one_user_share_the_right() {
    let world = World::new();
    for token in ["a", "b", "c"] {
        world.cluster.add_user(token, USER);
    }
    world.cluster.hold(true);
    let scrapes = ["a", "b", "c"].map(|token| world.spawn(token));
    settle().await;
    world.cluster.hold(false);
    for scrape in scrapes {
        assert_eq!(scrape.await.unwrap(), 200);
    }
    assert_eq!(world.cluster.counts(), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_may_leave() {
    let world = World::new();
    world.cluster.hold(true);
    let first = world.spawn(GOOD);
    settle().await;
    let others: Vec<_> = (0..MANY).map(|_| world.spawn(GOOD)).collect();
    settle().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    // All but the last.
    let mut others = others.into_iter();
    let last = others.next_back().unwrap();
    for other in others {
        other.abort();
    }
    settle().await;
    world.cluster.hold(false);
    assert_eq!(last.await.unwrap(), 200);
    assert_eq!(world.cluster.counts(), (1, 1));
    assert_eq!(world.status(GOOD).await, 200);
    assert_eq!(world.cluster.counts(), (1, 1));
}

/// The API server goes on with a review whose client has hung up, so giving it up saves nothing.
#[tokio::test(start_paused = true)]
async fn a_review_that_was_sent_is_completed_and_used() {
    let world = World::new();
    world.cluster.hold(true);
    for _ in 1..=3 {
        let scrapes: Vec<_> = (0..3).map(|_| world.spawn(GOOD)).collect();
        settle().await;
        assert_eq!(world.cluster.counts(), (1, 0));
        for scrape in scrapes {
            scrape.abort();
            scrape.await.unwrap_err();
        }
        settle().await;
    }
    world.cluster.hold(false);
    assert_eq!(world.status(GOOD).await, 200);
    assert_eq!(world.cluster.counts(), (1, 1));
}

/// However many clients hang up, their reviews in flight are as few as if they had not.
#[tokio::test(start_paused = true)]
async fn clients_that_hang_up_do_not_make_room_for_more_reviews() {
    let world = World::new();
    world.cluster.hold(true);
    for number in 0..MANY {
        let scrape = world.spawn(&format!("forged-{number}"));
        settle().await;
        scrape.abort();
        settle().await;
    }
    assert_eq!(world.cluster.counts(), (8, 0));
    let honest = world.spawn(GOOD);
    settle().await;
    world.cluster.hold(false);
    assert_eq!(honest.await.unwrap(), 200);
    // No review of a client that is gone was sent.
    assert_eq!(world.cluster.counts(), (9, 1));
}

/// Under a flood, the clients that came first have given up.
#[tokio::test(start_paused = true)]
async fn the_newest_unknown_client_is_next() {
    let world = World::new();
    world.cluster.fail(Asked::Token, Fault::Silent);
    let mut strangers: Vec<_> = (0..8)
        .map(|number| world.spawn(&format!("forged-{number}")))
        .collect();
    settle().await;
    // More than may wait.
    for number in 8..200 {
        strangers.push(world.spawn(&format!("forged-{number}")));
    }
    settle().await;
    world.cluster.fail(Asked::Token, None);
    let honest = world.spawn(GOOD);
    settle().await;
    advance(Duration::from_secs(10)).await;
    assert_eq!(honest.await.unwrap(), 200);
    for (number, stranger) in strangers.into_iter().enumerate() {
        let status = stranger.await.unwrap();
        // Timed out, displaced by a newer one, or reviewed.
        let expected: &[u16] = if number < 8 { &[500] } else { &[401, 503] };
        assert!(expected.contains(&status), "{number}: {status}");
    }
    assert!(world.counted("503").unwrap() >= 200 - 8 - 128);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_for_all_who_wait_and_for_nobody_later() {
    let world = World::new();
    for asked in [Asked::Token, Asked::Access] {
        let before = world.cluster.counts();
        world.cluster.fail(asked, Fault::Unreachable);
        world.cluster.hold(true);
        let scrapes: Vec<_> = (0..MANY).map(|_| world.spawn(GOOD)).collect();
        settle().await;
        world.cluster.hold(false);
        for scrape in scrapes {
            assert_eq!(scrape.await.unwrap(), 500);
        }
        let after = world.cluster.counts();
        assert_eq!(after.0 + after.1, before.0 + before.1 + 1 + asked as usize);
        world.cluster.fail(asked, None);
        if matches!(asked, Asked::Token) {
            advance(Duration::from_secs(60)).await;
        }
    }
    assert_eq!(world.status(GOOD).await, 200);
}

/// However many tokens somebody tries, the API server sees a few at once, and whoever was let in before
/// does not wait behind them.
#[tokio::test(start_paused = true)]
async fn strangers_wait_for_their_turn_and_the_known_do_not() {
    let world = World::new();
    assert_eq!(world.status(GOOD).await, 200);
    advance(Duration::from_secs(300)).await;
    world.cluster.hold(true);
    let strangers: Vec<_> = (0..MANY)
        .map(|number| world.spawn(&format!("forged-{number}")))
        .collect();
    settle().await;
    assert_eq!(world.cluster.counts(), (1 + 8, 1));
    let known = world.spawn(GOOD);
    settle().await;
    assert_eq!(world.cluster.counts(), (1 + 8 + 1, 1));
    world.cluster.hold(false);
    assert_eq!(known.await.unwrap(), 200);
    for stranger in strangers {
        assert_eq!(stranger.await.unwrap(), 401);
    }
    assert_eq!(world.cluster.counts(), (1 + MANY + 1, 2));
}

/// A token is easily had: what counts is whether it has opened the metrics.
#[tokio::test(start_paused = true)]
async fn who_was_denied_stays_a_stranger() {
    let world = World::new();
    let tokens: Vec<String> = (0..20).map(|number| format!("user-{number}")).collect();
    for token in &tokens {
        world.cluster.add_user(token, token);
        assert_eq!(world.status(token).await, 403);
    }
    advance(Duration::from_secs(60)).await;
    world.cluster.hold(true);
    let scrapes: Vec<_> = tokens.iter().map(|token| world.spawn(token)).collect();
    settle().await;
    assert_eq!(world.cluster.counts(), (20 + 8, 20));
    world.cluster.hold(false);
    for scrape in scrapes {
        assert_eq!(scrape.await.unwrap(), 403);
    }
    assert_eq!(world.cluster.counts(), (40, 40));
}

#[tokio::test(start_paused = true)]
async fn strangers_wait_for_the_question_of_their_right_too() {
    let world = World::new();
    assert_eq!(world.status(GOOD).await, 200);
    advance(Duration::from_secs(300)).await;
    world.cluster.fail(Asked::Access, Fault::Silent);
    let mut scrapes = Vec::new();
    for number in 0..20 {
        let token = format!("user-{number}");
        world.cluster.add_user(&token, &token);
        scrapes.push(world.spawn(&token));
    }
    settle().await;
    assert_eq!(world.cluster.counts().1, 1 + 8);
    world.cluster.fail(Asked::Access, None);
    assert_eq!(world.status(GOOD).await, 200);
    for scrape in scrapes {
        scrape.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_for_a_turn_is_told() {
    let world = World::new();
    let start = Instant::now();
    world.cluster.fail(Asked::Token, Fault::Silent);
    let strangers: Vec<_> = (0..20)
        .map(|number| world.spawn(&format!("forged-{number}")))
        .collect();
    settle().await;
    assert_eq!(world.cluster.counts(), (8, 0));
    advance(Duration::from_secs(10)).await;
    let mut statuses = Vec::new();
    for stranger in strangers {
        statuses.push(stranger.await.unwrap());
    }
    // Those that were reviewed in vain, and those that were not.
    assert!(statuses.iter().all(|status| [500, 503].contains(status)));
    assert!(statuses.iter().filter(|status| **status == 500).count() >= 8);
    assert!(start.elapsed() <= Duration::from_secs(20));
}
