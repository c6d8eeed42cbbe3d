//! How a server ends, and what becomes of those it was talking to.

use gotk_metrics::Format;

use crate::http::Connection;
use crate::running::{Running, assert_refused, ended, recorder, refused};

/// So many that their exposition fits no socket's buffers.
const MANY: usize = 12_000;

#[tokio::test]
async fn a_scrape_in_progress_is_answered_to_its_end() {
    let recorder = recorder(MANY);
    let expected = recorder.encode(Format::Text);
    let server = Running::start(&recorder).await;
    let address = server.address;
    let mut connection = Connection::open(address).await;
    connection
        .send("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n")
        .await;
    let head = connection.head().await;

    let serving = server.signal();
    refused(address).await;
    assert!(!serving.is_finished());

    let body = connection.body(&head).await;
    assert!(
        body == expected,
        "{} of {} bytes",
        body.len(),
        expected.len()
    );
    connection.assert_closed().await;
    ended(serving).await;
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let recorder = recorder(1);
    let server = Running::start(&recorder).await;
    let mut used = Connection::open(server.address).await;
    assert_eq!(used.request("GET", "/metrics", "").await.status, 200);
    let mut unused = Connection::open(server.address).await;
    // Also accepted: connections are in the order they were opened.
    assert_eq!(server.scrape().await.status, 200);
    server.stop().await;
    used.assert_closed().await;
    unused.assert_closed().await;
}

#[tokio::test]
async fn a_shutdown_that_is_ready_at_once_ends_at_once() {
    let server = Running::start(&recorder(1)).await;
    // The task has not run yet.
    server.stop().await;
}

#[tokio::test]
async fn dropping_the_future_closes_the_listener_and_cuts_off_scrapes() {
    let recorder = recorder(MANY);
    let expected = recorder.encode(Format::Text);
    let server = Running::start(&recorder).await;
    let address = server.address;
    let mut idle = Connection::open(address).await;
    assert_eq!(idle.request("GET", "/", "").await.status, 404);
    let mut scraping = Connection::open(address).await;
    scraping
        .send("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n")
        .await;
    assert_eq!(scraping.head().await.status, 200);

    server.kill().await;
    assert_refused(address).await;
    idle.assert_closed().await;
    let body = scraping.drain().await;
    assert!(body.len() < expected.len());
    // The last chunk is what would make it look complete.
    assert!(!body.ends_with(b"0\r\n\r\n"));
}

#[tokio::test]
async fn dropping_a_server_that_never_served_closes_the_listener() {
    let server = gotk_metrics::MetricsServer::bind(recorder(0), crate::running::any_port());
    let server = server.await.unwrap();
    let address = server.local_addr();
    let mut waiting = Connection::open(address).await;
    drop(server);
    assert_refused(address).await;
    waiting.assert_closed().await;
}
