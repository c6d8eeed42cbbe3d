//! What the endpoint says of those it denied.

use gotk_metrics::MetricsService;

use crate::cluster::{Asked, Fault};
use crate::scraper::{GOOD, USER, World, recorder, settle};

#[tokio::test(start_paused = true)]
async fn each_denied_scrape_counts_by_its_code() {
    let world = World::new();
    assert_eq!(world.status(GOOD).await, 200);
    for code in ["401", "403", "405", "500"] {
        assert_eq!(world.counted(code), Some(0), "{code}");
    }
    world.ask("GET", "/metrics", &[]).await;
    world.scrape("forged").await;
    world.cluster.add_user("other", "somebody");
    world.scrape("other").await;
    world.ask("POST", "/metrics", &[]).await;
    world.cluster.add_user("third", USER);
    world.cluster.fail(Asked::Token, Fault::Unreachable);
    world.scrape("third").await;
    let counted = ["200", "401", "403", "405", "500"].map(|code| world.counted(code).unwrap());
    assert_eq!(counted, [1, 2, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_scrape_given_up_while_the_cluster_is_asked_failed() {
    let world = World::new();
    world.cluster.hold(true);
    let scrape = world.spawn(GOOD);
    settle().await;
    scrape.abort();
    scrape.await.unwrap_err();
    assert_eq!(
        (world.counted("500"), world.counted("200")),
        (Some(1), Some(0))
    );
}

#[tokio::test(start_paused = true)]
async fn without_access_control_there_are_no_such_codes() {
    let mut world = World::new();
    world.recorder = recorder();
    world.service = MetricsService::new(world.recorder.clone());
    let answer = world.ask("GET", "/metrics", &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!((world.counted("401"), world.counted("403")), (None, None));
    assert_eq!(
        (world.counted("405"), world.counted("500")),
        (Some(0), Some(0))
    );
}
