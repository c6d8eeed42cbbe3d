//! Whatever goes wrong between us and the API server, nobody gets metrics for it.

use std::panic::panic_any;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, advance};

use crate::cluster::{Asked, Fault, Grudge};
use crate::scraper::{GOOD, USER, World, settle};

const BOTH: [Asked; 2] = [Asked::Token, Asked::Access];

#[expect(
    clippy::needless_pass_by_value,
    reason = "reads better where it is called"
)]
fn says(status: u16, text: impl ToString) -> Fault {
    Fault::Says(status, text.to_string())
}

/// The answer and what is told of it, then that it is over with its cause.
async fn fails(asked: Asked, fault: Fault, told: &str) {
    let world = World::new();
    world.cluster.fail(asked, fault.clone());
    // On a task of its own: what a panic left there is dropped here, where it fails the test.
    let scrape = tokio::spawn({
        let world = world.clone();
        async move { world.scrape(GOOD).await }
    });
    let Ok(answer) = scrape.await else {
        panic!("the scrape panicked")
    };
    assert_eq!(answer.status, 500, "{fault:?}");
    assert_eq!(answer.body, "could not verify access with the cluster\n");
    assert_eq!(answer.www_authenticate, None);
    let errors = world.errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].starts_with(told), "{told}: {errors:?}");
    world.cluster.fail(asked, None);
    assert_eq!(world.status(GOOD).await, 200, "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away() {
    fails(
        Asked::Token,
        Fault::Unreachable,
        "no response to TokenReview;",
    )
    .await;
    fails(
        Asked::Access,
        Fault::Unreachable,
        "no response to SubjectAccessReview;",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses() {
    for status in [300, 400, 401, 404, 409, 429, 500, 503] {
        for asked in BOTH {
            fails(asked, says(status, "no"), "").await;
        }
    }
    let forbidden = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "tokenreviews.authentication.k8s.io is forbidden: User \"app\" cannot create",
        "reason": "Forbidden", "code": 403,
    });
    let told = "TokenReview was rejected with status 403: tokenreviews.authentication.k8s.io is forbidden: User \"app\"";
    fails(Asked::Token, says(403, &forbidden), told).await;
    let told = "SubjectAccessReview was rejected with status 403: tokenreviews";
    fails(Asked::Access, says(403, &forbidden), told).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_talks_nonsense() {
    let both = [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        "{\"status\":",
        "{\"status\":null}",
        "{\"status\":true}",
        "{\"status\":[]}",
        "{\"kind\":\"Pod\",\"status\":{\"authenticated\":true,\"allowed\":true,\"user\":{\"username\":\"a\"}}}",
        "{\"apiVersion\":\"v2\",\"status\":{\"authenticated\":true,\"allowed\":true,\"user\":{\"username\":\"a\"}}}",
    ];
    for text in both {
        for asked in BOTH {
            fails(asked, says(201, text), "").await;
        }
    }
    for status in [
        json!({ "authenticated": true }),
        json!({ "authenticated": true, "user": {} }),
        json!({ "authenticated": true, "user": { "username": "" } }),
        json!({ "authenticated": "true", "user": { "username": USER } }),
        json!({ "authenticated": 1, "user": { "username": USER } }),
        json!({ "authenticated": true, "user": { "username": USER, "groups": "masters" } }),
    ] {
        let told = "invalid TokenReview response";
        fails(
            Asked::Token,
            says(201, json!({ "spec": {}, "status": status })),
            told,
        )
        .await;
    }
    for status in [
        json!({ "allowed": true, "denied": true }),
        json!({ "allowed": "true" }),
        json!({ "allowed": 1 }),
    ] {
        let told = "invalid SubjectAccessReview response";
        fails(
            Asked::Access,
            says(201, json!({ "spec": {}, "status": status })),
            told,
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_stops_talking() {
    let long = "x".repeat(2 << 20);
    let status = json!({ "authenticated": true, "user": { "username": USER, "uid": long } });
    let answer = json!({ "spec": {}, "status": status });
    fails(
        Asked::Token,
        says(201, answer),
        "no response to TokenReview",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_panics() {
    for asked in BOTH {
        fails(asked, Fault::Panic, "the client panicked").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_silent() {
    for (asked, review) in BOTH.into_iter().zip(["TokenReview", "SubjectAccessReview"]) {
        let start = Instant::now();
        let told = format!("{review} timed out after 10s;");
        fails(asked, Fault::Silent, &told).await;
        // The clock moved only for that.
        assert_eq!(start.elapsed().as_secs(), 10);
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_time_can_be_set() {
    let world = World::with(|auth| auth.timeout(Duration::from_secs(2)));
    world.cluster.fail(Asked::Access, Fault::Silent);
    let scrape = world.spawn(GOOD);
    settle().await;
    advance(Duration::from_millis(1_999)).await;
    settle().await;
    assert!(!scrape.is_finished());
    advance(Duration::from_millis(2)).await;
    assert_eq!(scrape.await.unwrap(), 500);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_who_is_told_changes_nothing() {
    let world = World::with(|auth| auth.on_error(|_| panic_any(Grudge)));
    world.cluster.fail(Asked::Token, Fault::Unreachable);
    assert_eq!(world.spawn(GOOD).await.ok(), Some(500));
    world.cluster.fail(Asked::Token, None);
    assert_eq!(world.status(GOOD).await, 200);
}
