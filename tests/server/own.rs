//! What the endpoint says about its own scrapes.

use gotk_metrics::{Family, Format, ObjectId, Recorder};
use tokio::task::yield_now;

use crate::http::Connection;
use crate::running::{OF_SCRAPES, Running};

/// The lines of the families of scrapes, without their prefix.
fn of_scrapes(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.strip_prefix("gotkmetrics_scrape"))
        .collect()
}

fn value<'a>(text: &'a str, name: &str) -> &'a str {
    let line = of_scrapes(text)
        .into_iter()
        .find(|line| line.starts_with(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in\n{text}"));
    line.rsplit(' ').next().unwrap()
}

#[tokio::test]
async fn nothing_is_said_before_the_first_scrape() {
    let recorder = Recorder::new();
    let server = Running::start(&recorder).await;
    for path in ["/", "/healthz", "/readyz"] {
        server.request("GET", path, "").await;
    }
    assert_eq!(recorder.encode(Format::Text), "");
    let first = server.scrape().await.body;
    assert_eq!(value(&first, "s_in_flight"), "1");
    for counter in ["_bytes_total", "s_aborted_total", "_duration_seconds_count"] {
        assert_eq!(value(&first, counter), "0");
    }
    for code in ["200", "405", "500"] {
        assert_eq!(value(&first, &format!("s_total{{code=\"{code}\"}}")), "0");
    }
    server.stop().await;
}

#[tokio::test]
async fn each_scrape_counts_once() {
    let recorder = Recorder::new();
    let server = Running::start(&recorder).await;
    let mut bytes = 0;
    for _ in 0..3 {
        bytes += server.scrape().await.body.len();
    }
    // A short and an empty one, one without a body, and one that is refused.
    let compressed = "Accept-Encoding: gzip\r\n";
    let mut connection = Connection::open(server.address).await;
    bytes += connection
        .request_bytes("/metrics", compressed)
        .await
        .1
        .len();
    bytes += connection
        .request_bytes("/metrics?name[]=x", "")
        .await
        .1
        .len();
    server.request("HEAD", "/metrics", "").await;
    server.request("POST", "/metrics", "").await;
    let text = recorder.encode(Format::Text);
    assert_eq!(value(&text, "s_in_flight"), "0");
    assert_eq!(value(&text, "_bytes_total"), bytes.to_string());
    assert_eq!(value(&text, "s_total{code=\"200\"}"), "6");
    assert_eq!(value(&text, "s_total{code=\"405\"}"), "1");
    assert_eq!(value(&text, "s_total{code=\"500\"}"), "0");
    assert_eq!(value(&text, "s_aborted_total"), "0");
    assert_eq!(value(&text, "_duration_seconds_count"), "7");
    assert_eq!(value(&text, "_duration_seconds_bucket{le=\"+Inf\"}"), "7");
    server.stop().await;
}

#[tokio::test]
async fn a_peer_that_hangs_up_counts_as_aborted() {
    let recorder = Recorder::new();
    for number in 0..12_000 {
        recorder.record_duration(
            &ObjectId::new("App", number.to_string()),
            std::time::Duration::ZERO,
        );
    }
    let server = Running::start(&recorder).await;
    let mut connection = Connection::open(server.address).await;
    connection
        .send("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n")
        .await;
    connection.head().await;
    assert_eq!(value(&recorder.encode(Format::Text), "s_in_flight"), "1");
    drop(connection);
    let text = loop {
        let text = recorder.encode(Format::Text);
        if value(&text, "s_in_flight") == "0" {
            break text;
        }
        yield_now().await;
    };
    assert_eq!(value(&text, "s_aborted_total"), "1");
    assert_eq!(value(&text, "s_total{code=\"200\"}"), "1");
    server.stop().await;
}

#[tokio::test]
async fn each_family_can_be_switched_off() {
    let mut builder = Recorder::builder();
    for family in OF_SCRAPES {
        builder = builder.without(family);
    }
    let recorder = builder.build().unwrap();
    let server = Running::start(&recorder).await;
    assert_eq!(server.scrape().await.body, "");
    assert_eq!(server.scrape().await.body, "");
    server.stop().await;
}

#[test]
fn all_families_of_scrapes_are_there() {
    let named = |family: &Family| family.name().starts_with("gotkmetrics_scrape");
    assert!(Family::all().filter(named).eq(OF_SCRAPES));
}
