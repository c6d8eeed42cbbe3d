//! How long an answer is used, to the second on both sides of its end.

use std::time::Duration;

use serde_json::json;
use tokio::time::advance;

use crate::cluster::{Asked, Fault};
use crate::scraper::{GOOD, USER, World};

const MINUTE: u64 = 60;

async fn after(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_is_good_for_a_minute() {
    let world = World::new();
    assert_eq!(world.status(GOOD).await, 200);
    world.cluster.remove_token(GOOD);
    for _ in 0..59 {
        after(1).await;
        assert_eq!(world.status(GOOD).await, 200);
    }
    advance(Duration::from_millis(999)).await;
    assert_eq!(world.status(GOOD).await, 200);
    assert_eq!(world.cluster.counts(), (1, 1));
    advance(Duration::from_millis(1)).await;
    assert_eq!(world.status(GOOD).await, 401);
    assert_eq!(world.cluster.counts(), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_right_is_good_for_five_minutes() {
    let world = World::new();
    assert_eq!(world.status(GOOD).await, 200);
    world.cluster.forbid(USER, "/metrics");
    after(5 * MINUTE - 1).await;
    assert_eq!(world.status(GOOD).await, 200);
    assert_eq!(world.cluster.counts(), (2, 1));
    after(1).await;
    assert_eq!(world.status(GOOD).await, 403);
    assert_eq!(world.cluster.counts(), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_denial_is_good_for_half_a_minute() {
    let world = World::new();
    world.cluster.forbid(USER, "/metrics");
    assert_eq!(world.status(GOOD).await, 403);
    world.cluster.permit(USER, "/metrics");
    after(29).await;
    assert_eq!(world.status(GOOD).await, 403);
    assert_eq!(world.cluster.counts(), (1, 1));
    after(1).await;
    assert_eq!(world.status(GOOD).await, 200);
    assert_eq!(world.cluster.counts(), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_sure_no_is_good_for_a_minute() {
    let world = World::new();
    world
        .cluster
        .review("nobody", json!({ "authenticated": false }));
    assert_eq!(world.status("nobody").await, 401);
    world.cluster.add_user("nobody", USER);
    after(MINUTE - 1).await;
    assert_eq!(world.status("nobody").await, 401);
    assert_eq!(world.cluster.counts(), (1, 0));
    after(1).await;
    assert_eq!(world.status("nobody").await, 200);
    assert_eq!(world.cluster.counts(), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_no_with_an_error_is_asked_about_each_time() {
    let world = World::new();
    for asked in 1..=3 {
        assert_eq!(world.status("forged").await, 401);
        assert_eq!(world.cluster.counts(), (asked, 0));
    }
    // It may have been the API server's own trouble.
    world.cluster.add_user("forged", USER);
    assert_eq!(world.status("forged").await, 200);
}

#[tokio::test(start_paused = true)]
async fn the_time_runs_from_the_question_on() {
    let world = World::new();
    world.cluster.hold(true);
    let waiting = world.spawn(GOOD);
    crate::scraper::settle().await;
    after(9).await;
    world.cluster.hold(false);
    assert_eq!(waiting.await.unwrap(), 200);
    after(MINUTE - 10).await;
    assert_eq!(world.status(GOOD).await, 200);
    assert_eq!(world.cluster.counts().0, 1);
    after(1).await;
    assert_eq!(world.status(GOOD).await, 200);
    assert_eq!(world.cluster.counts().0, 2);
}

#[tokio::test(start_paused = true)]
async fn an_outage_shows_once_what_is_known_has_ended() {
    let world = World::new();
    assert_eq!(world.status(GOOD).await, 200);
    for asked in [Asked::Token, Asked::Access] {
        world.cluster.fail(asked, Fault::Unreachable);
    }
    after(MINUTE - 1).await;
    assert_eq!(world.status(GOOD).await, 200);
    after(1).await;
    assert_eq!(world.status(GOOD).await, 500);
    world.cluster.fail(Asked::Token, None);
    assert_eq!(world.status(GOOD).await, 200);
    world.cluster.fail(Asked::Token, Fault::Unreachable);
    world.cluster.fail(Asked::Access, None);
    after(MINUTE).await;
    assert_eq!(world.status(GOOD).await, 500);
}

/// What a scraper costs that comes every 15 seconds for ten minutes.
#[tokio::test(start_paused = true)]
async fn most_scrapes_ask_nothing() {
    let world = World::new();
    for _ in 0..40 {
        assert_eq!(world.status(GOOD).await, 200);
        after(15).await;
    }
    assert_eq!(world.cluster.counts(), (10, 2));
}
