//! The token is handed on and shows nowhere.

use serde_json::json;

use crate::cluster::{Asked, Fault};
use crate::scraper::{USER, World, settle};

const SECRET: &str = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl";

fn assert_secret(text: &str) {
    for part in SECRET.split('.') {
        assert!(!text.contains(part), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_printed_has_the_token() {
    let world = World::new();
    world.cluster.add_user(SECRET, USER);
    world.cluster.hold(true);
    let scrape = world.spawn(SECRET);
    settle().await;
    assert_secret(&format!("{:?}", world.service));
    world.cluster.hold(false);
    assert_eq!(scrape.await.unwrap(), 200);
    assert_secret(&format!("{:?}", world.service));
}

/// An API server, or what stands before it, may send anything back.
#[tokio::test(start_paused = true)]
async fn nothing_that_is_told_has_the_token() {
    let quoted = format!("what is {SECRET}?");
    for (status, text) in [
        (400, json!({ "kind": "Status", "message": quoted })),
        (400, json!(quoted)),
        (201, json!({ "status": { "authenticated": SECRET } })),
        (201, json!({ "status": SECRET })),
        (201, json!({ "kind": SECRET, "status": {} })),
        (201, json!({ "spec": { "token": SECRET } })),
        (
            201,
            json!({ "spec": { "token": SECRET }, "status": { "authenticated": true } }),
        ),
    ] {
        let world = World::new();
        world
            .cluster
            .fail(Asked::Token, Fault::Says(status, text.to_string()));
        let answer = world.scrape(SECRET).await;
        assert_eq!(answer.status, 500, "{text}");
        assert_secret(&answer.body);
        assert_eq!(world.errors().len(), 1);
        assert_secret(&world.errors().concat());
        assert_secret(&format!("{:?}", world.service));
    }
}
