//! What is answered to which request.

use gotk_metrics::Format;

use crate::running::{Running, recorder};

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// As Prometheus 2.42, 3, 2.53, and 2.53 with native histograms send them.
const PROMETHEUS: [&str; 4] = [
    "Accept: application/openmetrics-text;version=1.0.0,\
     application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n",
    "Accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
     application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;\
     q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\n",
    "Accept: application/openmetrics-text;version=1.0.0;q=0.5,\
     application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\n",
    "Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
     encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,\
     application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\n",
];

#[tokio::test]
async fn a_scrape_is_the_exposition() {
    let recorder = recorder(3);
    let server = Running::start(&recorder).await;
    let response = server.scrape().await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some(TEXT));
    assert_eq!(response.body, recorder.encode(Format::Text));
    assert_ne!(response.body, "");
    server.stop().await;
}

#[tokio::test]
async fn a_scrape_of_nothing_is_empty() {
    let recorder = recorder(0);
    let server = Running::start_with_openmetrics(&recorder).await;
    let response = server.scrape().await;
    assert_eq!((response.status, response.body.as_str()), (200, ""));
    let response = server.request("GET", "/metrics", PROMETHEUS[0]).await;
    assert_eq!((response.status, response.body.as_str()), (200, "# EOF\n"));
    server.stop().await;
}

#[tokio::test]
async fn text_answers_every_accept_by_default() {
    let recorder = recorder(1);
    let server = Running::start(&recorder).await;
    let others = [
        "Accept: application/openmetrics-text\r\n",
        "Accept: text/html\r\n",
        "Accept: \u{fffd}\r\n",
    ];
    for accept in PROMETHEUS.into_iter().chain(others) {
        let response = server.request("GET", "/metrics", accept).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), Some(TEXT), "{accept}");
        assert_eq!(response.body, recorder.encode(Format::Text));
    }
    server.stop().await;
}

#[tokio::test]
async fn openmetrics_answers_those_who_prefer_it_once_it_is_on() {
    let recorder = recorder(1);
    let server = Running::start_with_openmetrics(&recorder).await;
    let in_two_headers = "Accept: text/plain;q=0.5\r\nAccept: application/openmetrics-text\r\n";
    for accept in PROMETHEUS.into_iter().chain([in_two_headers]) {
        let response = server.request("GET", "/metrics", accept).await;
        assert_eq!(response.status, 200);
        assert_eq!(
            response.header("content-type"),
            Some(OPENMETRICS),
            "{accept}"
        );
        assert_eq!(response.body, recorder.encode(Format::OpenMetrics));
    }
    let no_match = "Accept: application/openmetrics-text;version=0.0.1\r\n";
    for accept in ["", "Accept: */*\r\n", "Accept: text/html\r\n", no_match] {
        let response = server.request("GET", "/metrics", accept).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), Some(TEXT), "{accept}");
        assert_eq!(response.body, recorder.encode(Format::Text));
    }
    server.stop().await;
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let recorder = recorder(1);
    let server = Running::start_with_openmetrics(&recorder).await;
    for (accept, content_type) in [("", TEXT), (PROMETHEUS[1], OPENMETRICS)] {
        let headers = format!("{accept}Connection: close\r\n");
        let mut connection = crate::http::Connection::open(server.address).await;
        let response = connection.request("HEAD", "/metrics", &headers).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), Some(content_type));
        connection.assert_closed().await;
    }
    server.stop().await;
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let server = Running::start(&recorder(1)).await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
        let response = server.request(method, "/metrics", "").await;
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.header("allow"), Some("GET, HEAD"));
    }
    let response = server
        .request("POST", "/metrics", "Content-Length: 0\r\n")
        .await;
    assert_eq!(response.status, 405);
    server.stop().await;
}

#[tokio::test]
async fn other_paths_are_not_found() {
    let server = Running::start(&recorder(1)).await;
    for path in [
        "/",
        "/metrics/",
        "/metric",
        "//metrics",
        "/Metrics",
        "/api?/metrics",
    ] {
        for method in ["GET", "POST"] {
            let response = server.request(method, path, "").await;
            assert_eq!(response.status, 404, "{method} {path}");
            assert!(!response.body.contains("gotk_"));
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn another_query_changes_nothing() {
    let recorder = recorder(1);
    let server = Running::start(&recorder).await;
    for target in [
        "/metrics?x=y",
        "/metrics?",
        "/metrics?name=gotk_suspend_status",
    ] {
        let response = server.request("GET", target, "").await;
        assert_eq!(response.status, 200, "{target}");
        assert_eq!(response.body, recorder.encode(Format::Text));
    }
    server.stop().await;
}

#[tokio::test]
async fn the_whole_uri_works_as_well_as_its_path() {
    let recorder = recorder(1);
    let server = Running::start(&recorder).await;
    let target = format!("http://{}/metrics", server.address);
    let response = server.request("GET", &target, "").await;
    assert_eq!(response.status, 200);
    assert_eq!(response.body, recorder.encode(Format::Text));
    server.stop().await;
}
