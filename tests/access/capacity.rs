//! What is kept has an end, and who makes room.

use std::time::Duration;

use tokio::time::advance;

use crate::cluster::{Asked, Fault};
use crate::scraper::{GOOD, World, settle};

/// Answers of one kind, as the documentation of `KubernetesAuth` has it.
const CAPACITY: usize = 1024;

/// What its `Debug` says is kept: tokens and rights.
fn kept(world: &World) -> [usize; 2] {
    numbers(world, ["tokens: ", "rights: "])
}

/// What its `Debug` says is being asked.
fn open(world: &World) -> usize {
    let [open] = numbers(world, ["in_flight: "]);
    open
}

fn numbers<const N: usize>(world: &World, fields: [&str; N]) -> [usize; N] {
    let text = format!("{:?}", world.service);
    fields.map(|field| {
        let (_, rest) = text.split_once(field).unwrap();
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
        digits.unwrap().parse().unwrap()
    })
}

/// Tokens of a user each, who may or may not scrape, one after the other.
async fn crowd(world: &World, name: &str, size: usize, may: bool) {
    for number in 0..size {
        let user = format!("{name}-{number}");
        world.cluster.add_user(&user, &user);
        if may {
            world.cluster.permit(&user, "/metrics");
        }
        assert_eq!(world.status(&user).await, if may { 200 } else { 403 });
        advance(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_capacity_is_kept() {
    let world = World::new();
    crowd(&world, "user", CAPACITY, true).await;
    assert_eq!(kept(&world), [CAPACITY, CAPACITY]);
    crowd(&world, "other", 2 * CAPACITY, true).await;
    assert_eq!(kept(&world), [CAPACITY, CAPACITY]);
    // The last ones are still known, the first ones are asked about again.
    let before = world.cluster.counts();
    assert_eq!(
        world.status(&format!("other-{}", 2 * CAPACITY - 1)).await,
        200
    );
    assert_eq!(world.cluster.counts(), before);
    assert_eq!(world.status("user-0").await, 200);
    assert_eq!(world.cluster.counts(), (before.0 + 1, before.1 + 1));
}

#[tokio::test(start_paused = true)]
async fn what_ends_first_makes_room() {
    let world = World::new();
    assert_eq!(world.status(GOOD).await, 200);
    advance(Duration::from_secs(50)).await;
    // None of these ends before our token, and all of them before our right.
    crowd(&world, "denied", CAPACITY, false).await;
    let before = world.cluster.counts();
    assert_eq!(world.status(GOOD).await, 200);
    assert_eq!(world.cluster.counts(), (before.0 + 1, before.1));
    crowd(&world, "more", 2 * CAPACITY, false).await;
    let before = world.cluster.counts();
    assert_eq!(world.status(GOOD).await, 200);
    assert_eq!(world.cluster.counts(), (before.0 + 1, before.1));
}

#[tokio::test(start_paused = true)]
async fn what_is_forged_leaves_nothing() {
    let world = World::new();
    for number in 0..100 {
        assert_eq!(world.status(&format!("forged-{number}")).await, 401);
    }
    assert_eq!((kept(&world), open(&world)), ([0, 0], 0));
    assert_eq!(world.status(GOOD).await, 200);
    assert_eq!(kept(&world), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_question_is_over_however_it_ends() {
    let world = World::new();
    world.cluster.hold(true);
    let scrapes = [GOOD, "forged", "other"].map(|token| world.spawn(token));
    settle().await;
    assert_eq!(open(&world), 3);
    let [good, forged, other] = scrapes;
    other.abort();
    other.await.unwrap_err();
    // It was sent already.
    assert_eq!(open(&world), 3);
    world.cluster.hold(false);
    assert_eq!((good.await.unwrap(), forged.await.unwrap()), (200, 401));
    settle().await;
    assert_eq!(open(&world), 0);
    for fault in [Fault::Unreachable, Fault::Panic, Fault::Silent] {
        world.cluster.fail(Asked::Token, fault);
        assert_eq!(world.status("other").await, 500);
        assert_eq!(open(&world), 0);
    }
}
