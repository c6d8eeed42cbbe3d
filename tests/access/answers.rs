//! What is answered to whom, and what the cluster is asked for it.

use gotk_metrics::kube::kubernetes_auth;
use gotk_metrics::{KubernetesAuth, MetricsService, Recorder};
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::cluster::Asked;
use crate::scraper::{GOOD, USER, World};

#[tokio::test(start_paused = true)]
async fn who_has_the_right_is_served() {
    let world = World::new();
    assert_eq!(world.status(GOOD).await, 200);
    assert_eq!(world.cluster.last(Asked::Token), json!({ "token": GOOD }));
    let asked =
        json!({ "user": USER, "nonResourceAttributes": { "path": "/metrics", "verb": "get" } });
    assert_eq!(world.cluster.last(Asked::Access), asked);
    let head = world.ask("HEAD", "/metrics", &["Bearer good-token"]).await;
    assert_eq!(head.status, 200);
    assert_eq!(world.cluster.counts(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn without_a_token_nobody_is_asked() {
    let world = World::new();
    for tokens in [
        &[][..],
        &["Basic Z29vZC10b2tlbg=="],
        &["Bearer"],
        &["Bearer "],
        &["good-token"],
        &["Bearer good-token", "Bearer good-token"],
    ] {
        for method in ["GET", "HEAD"] {
            let answer = world.ask(method, "/metrics", tokens).await;
            assert_eq!(answer.status, 401, "{tokens:?}");
            assert_eq!(answer.www_authenticate.as_deref(), Some("Bearer"));
        }
    }
    assert_eq!(world.cluster.counts(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_scheme_may_have_any_case() {
    let world = World::new();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let header = format!("{scheme} {GOOD}");
        assert_eq!(world.ask("GET", "/metrics", &[&header]).await.status, 200);
    }
    assert_eq!(world.cluster.counts(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_token_of_nobody_is_not_authorized() {
    let world = World::new();
    let answer = world.scrape("forged").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.www_authenticate.as_deref(), Some("Bearer"));
    assert!(!answer.body.contains("forged"), "{answer:?}");
    // Neither is one that an attribute of the answer alone speaks for.
    for status in [
        json!({}),
        json!({ "authenticated": false, "user": { "username": USER } }),
        json!({ "user": { "username": USER } }),
    ] {
        let token = status.to_string().replace(' ', "");
        world.cluster.review(&token, status);
        assert_eq!(world.status(&token).await, 401, "{token}");
    }
    assert_eq!(world.cluster.counts(), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn a_user_without_the_right_is_forbidden() {
    let world = World::new();
    world.cluster.add_user("other", "somebody");
    world.cluster.permit("somebody", "/metrics/other");
    let answer = world.scrape("other").await;
    assert_eq!((answer.status, answer.www_authenticate), (403, None));
    assert_eq!(answer.body, "user somebody may not get /metrics\n");
    // Where one authorizer of several says no, it is no; another one's trouble is none of theirs.
    let answers = [
        (json!({ "allowed": false, "denied": true }), 403),
        (
            json!({ "allowed": false, "evaluationError": "no such role" }),
            403,
        ),
        (json!({}), 403),
        (
            json!({ "allowed": true, "evaluationError": "no such role" }),
            200,
        ),
    ];
    for (number, (status, expected)) in answers.into_iter().enumerate() {
        let token = format!("token-{number}");
        world.cluster.add_user(&token, &token);
        let answer = json!({ "spec": {}, "status": status }).to_string();
        world
            .cluster
            .fail(Asked::Access, crate::cluster::Fault::Says(201, answer));
        assert_eq!(world.status(&token).await, expected, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_that_is_known_of_a_user_is_passed_on() {
    let world = World::new();
    let user = json!({
        "username": USER,
        "uid": "a-uid",
        "groups": ["system:serviceaccounts", "system:authenticated"],
        "extra": { "authentication.kubernetes.io/pod-name": ["prometheus-0"], "two": ["a", "b"] },
    });
    world
        .cluster
        .review(GOOD, json!({ "authenticated": true, "user": user }));
    assert_eq!(world.status(GOOD).await, 200);
    let asked = world.cluster.last(Asked::Access);
    assert_eq!(asked["user"], user["username"]);
    for field in ["uid", "groups", "extra"] {
        assert_eq!(asked[field], user[field]);
    }
}

/// What makes a difference to the API server makes one here: a right is nobody else's.
#[tokio::test(start_paused = true)]
async fn users_who_differ_in_anything_are_asked_about_each() {
    let world = World::new();
    let users = [
        json!({ "username": USER }),
        json!({ "username": USER, "uid": "1" }),
        json!({ "username": USER, "groups": ["a"] }),
        json!({ "username": USER, "groups": ["a", "b"] }),
        json!({ "username": USER, "groups": ["ab"] }),
        json!({ "username": USER, "groups": [], "extra": { "a": ["b"] } }),
        json!({ "username": USER, "groups": ["a"], "extra": { "a": ["b"] } }),
        json!({ "username": USER, "extra": { "a": ["b", "c"] } }),
        json!({ "username": USER, "extra": { "a": ["b"], "c": [] } }),
        // Alike but for where one part ends and the next one begins.
        json!({ "username": format!("{USER}1") }),
        json!({ "username": USER, "groups": ["a", "bc"] }),
        json!({ "username": USER, "groups": ["ab", "c"] }),
    ];
    world.cluster.permit(&format!("{USER}1"), "/metrics");
    for (number, user) in users.iter().enumerate() {
        let token = format!("token-{number}");
        world
            .cluster
            .review(&token, json!({ "authenticated": true, "user": user }));
        assert_eq!(world.status(&token).await, 200);
        assert_eq!(world.cluster.counts(), (number + 1, number + 1), "{user}");
    }
    // One user with another token is known.
    world.cluster.add_user("another", USER);
    assert_eq!(world.status("another").await, 200);
    assert_eq!(world.cluster.counts(), (users.len() + 1, users.len()));
}

#[tokio::test(start_paused = true)]
async fn a_token_must_be_meant_for_one_of_the_audiences() {
    let world = World::with(|auth| auth.audiences(["metrics", "app"]));
    let reviewed = |audiences| json!({ "authenticated": true, "user": { "username": USER }, "audiences": audiences });
    for (token, audiences, expected) in [
        ("both", json!(["other", "app"]), 200),
        ("other", json!(["other"]), 401),
        ("none", json!([]), 401),
        ("unaware", json!(null), 401),
    ] {
        world.cluster.review(token, reviewed(audiences));
        assert_eq!(world.status(token).await, expected, "{token}");
        let asked = world.cluster.last(Asked::Token);
        assert_eq!(asked["audiences"], json!(["metrics", "app"]));
    }
}

/// Clones share what they know, and one that asks for more must not use what another was told.
#[tokio::test(start_paused = true)]
async fn another_audience_is_another_question() {
    let world = World::new();
    let client = world.cluster.client();
    let auth = kubernetes_auth(client);
    let ask = async |auth: KubernetesAuth| {
        let service = MetricsService::new(Recorder::new()).authorize(auth);
        let request = Request::get("/metrics").header("authorization", "Bearer good-token");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        service.respond(&parts).await.status().as_u16()
    };
    assert_eq!(ask(auth.clone()).await, 200);
    assert_eq!(ask(auth.clone().audiences(["metrics"])).await, 401);
    assert_eq!(ask(auth).await, 200);
    assert_eq!(world.cluster.counts(), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn the_right_is_for_the_path_of_the_service() {
    let mut world = World::new();
    world.service = world.service.path("/internal/metrics").unwrap();
    let token = ["Bearer good-token"];
    let answer = world.ask("GET", "/internal/metrics?name[]=x", &token).await;
    assert_eq!(answer.status, 403);
    world.cluster.permit(USER, "/internal/metrics");
    tokio::time::advance(std::time::Duration::from_secs(30)).await;
    let answer = world.ask("GET", "/internal/metrics", &token).await;
    assert_eq!(answer.status, 200);
    // A router that passes on another path changes nothing.
    let request = Request::get("/whatever").header("authorization", "Bearer good-token");
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let response = world.service.scrape(&parts).await;
    assert_eq!(response.status(), 200);
    drop(response.into_body().collect().await);
    assert_eq!(
        world.cluster.last(Asked::Access)["nonResourceAttributes"]["path"],
        "/internal/metrics"
    );
}

/// Two services of one process may share what is known, and a right is for one path.
#[tokio::test(start_paused = true)]
async fn another_path_is_another_question() {
    let world = World::new();
    let auth = kubernetes_auth(world.cluster.client());
    let ask = async |path: &str| {
        let service = MetricsService::new(Recorder::new()).path(path).unwrap();
        let request = Request::get(path).header("authorization", "Bearer good-token");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let service = service.authorize(auth.clone());
        service.respond(&parts).await.status().as_u16()
    };
    assert_eq!(ask("/metrics").await, 200);
    assert_eq!(ask("/more").await, 403);
    assert_eq!(ask("/metrics").await, 200);
    assert_eq!(world.cluster.counts(), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn probes_and_what_is_not_there_ask_nobody() {
    let world = World::new();
    for (method, target, expected) in [
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/metrics", 405),
    ] {
        for tokens in [&[][..], &["Bearer forged"]] {
            assert_eq!(
                world.ask(method, target, tokens).await.status,
                expected,
                "{target}"
            );
        }
    }
    assert_eq!(world.cluster.counts(), (0, 0));
}
