//! Clients of all sorts, and that none of them gets in the way of another.

use gotk_metrics::{ConditionType, Format, ObjectId, ScrapeLimits};
use tokio::task::JoinSet;

use crate::http::Connection;
use crate::running::{Running, builder, filled, recorder};

#[tokio::test]
async fn one_connection_serves_many_scrapes() {
    let recorder = recorder(1);
    let server = Running::start(&recorder).await;
    let mut connection = Connection::open(server.address).await;
    for round in 0..3 {
        recorder.record_suspend(&ObjectId::new("App", format!("round {round}")), true);
        for (target, status) in [("/metrics", 200), ("/", 404)] {
            let response = connection.request("GET", target, "").await;
            assert_eq!(response.status, status);
            if status == 200 {
                assert_eq!(response.body, recorder.encode(Format::Text));
            }
        }
        assert_eq!(connection.request("HEAD", "/metrics", "").await.status, 200);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_without_keep_alive_is_hung_up_on() {
    let recorder = recorder(1);
    let server = Running::start(&recorder).await;
    let mut connection = Connection::open(server.address).await;
    let response = connection
        .request("GET", "/metrics", "Connection: close\r\n")
        .await;
    assert_eq!(response.body, recorder.encode(Format::Text));
    connection.assert_closed().await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_has_said_all_it_will_say_is_answered() {
    // So many that sorting them takes a while, in which the end of the stream is seen.
    let recorder = recorder(20_000);
    let server = Running::start(&recorder).await;
    let mut connection = Connection::open(server.address).await;
    connection
        .send("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n")
        .await;
    connection.half_close().await;
    let head = connection.head().await;
    assert_eq!(connection.body(&head).await, recorder.encode(Format::Text));
    connection.assert_closed().await;
    server.stop().await;
}

#[tokio::test]
async fn half_a_header_stops_nobody_else() {
    let recorder = recorder(1);
    let server = Running::start(&recorder).await;
    let mut waiting = Vec::new();
    for start in ["", "G", "GET /metrics HTTP/1.1\r\nHos"] {
        let mut connection = Connection::open(server.address).await;
        connection.send(start).await;
        waiting.push((connection, start));
    }
    assert_eq!(server.scrape().await.body, recorder.encode(Format::Text));
    // Each is answered once it goes on.
    for (mut connection, start) in waiting {
        let request = "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n";
        connection.send(request.strip_prefix(start).unwrap()).await;
        let head = connection.head().await;
        assert_eq!(connection.body(&head).await, recorder.encode(Format::Text));
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_http_is_refused_alone() {
    let recorder = recorder(1);
    let server = Running::start(&recorder).await;
    for noise in [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "\u{16}\u{3}\u{1}\r\n\r\n",
    ] {
        let mut connection = Connection::open(server.address).await;
        connection.send(noise).await;
        let answer = String::from_utf8(connection.drain().await).unwrap();
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
            "{answer}"
        );
        assert_eq!(server.scrape().await.body, recorder.encode(Format::Text));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_hangs_up_half_way_stops_nobody_else() {
    let recorder = recorder(3000);
    let server = Running::start(&recorder).await;
    for _ in 0..3 {
        let mut connection = Connection::open(server.address).await;
        connection
            .send("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n")
            .await;
        assert_eq!(connection.head().await.status, 200);
    }
    assert_eq!(server.scrape().await.body, recorder.encode(Format::Text));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_scrapes_at_once_are_all_answered() {
    // By default fewer may wait. `endpoint/tests` has what becomes of others.
    let limits = ScrapeLimits::default().queue(200).unwrap();
    let recorder = filled(builder().scrape_limits(limits), 100);
    let server = Running::start(&recorder).await;
    let address = server.address;
    let mut scrapes = JoinSet::new();
    for _ in 0..100 {
        scrapes.spawn(async move {
            let mut connection = Connection::open(address).await;
            connection.request("GET", "/metrics", "").await.body
        });
    }
    let expected = recorder.encode(Format::Text);
    for body in scrapes.join_all().await {
        assert!(body == expected);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_scrape_shows_what_was_recorded_before_it() {
    let recorder = recorder(0);
    let server = Running::start(&recorder).await;
    let id = ObjectId::new("App", "a").within("ns");
    for status in ["True", "False", "Unknown"] {
        let parsed = gotk_metrics::ConditionStatus::from(status);
        recorder.record_condition(&id, &ConditionType::READY, parsed);
        let current = format!("status=\"{status}\",type=\"Ready\"}} 1\n");
        assert!(server.scrape().await.body.contains(&current));
    }
    server.stop().await;
}
