//! What is checked about a request, and what every response has.

use std::time::Duration;

use metrics_endpoint::{Endpoint, LimitError, ScrapeLimits};

use crate::client::{HONEST, Running, any_port, assert_status, request};
use crate::source::Source;

#[tokio::test]
async fn a_request_needs_exactly_one_valid_host() {
    let server = Running::start(Source::of(1)).await;
    for (version, hosts, status) in [
        ("1.1", &["test"][..], 200),
        ("1.1", &["test:8080"], 200),
        ("1.1", &["[::1]:8080"], 200),
        ("1.1", &[""], 200),
        ("1.1", &[], 400),
        ("1.1", &["test", "test"], 400),
        ("1.1", &["a b/c@d"], 400),
        ("1.1", &["user@test"], 400),
        ("1.0", &[], 200),
        ("1.0", &["test", "other"], 400),
    ] {
        for path in ["/metrics", "/healthz"] {
            let hosts: Vec<_> = hosts
                .iter()
                .map(|host| format!("Host: {host}\r\n"))
                .collect();
            let hosts = hosts.concat();
            let head = format!("GET {path} HTTP/{version}\r\n{hosts}Connection: close\r\n\r\n");
            let response = request(server.address, HONEST, &head).await;
            let response = response.replacen("HTTP/1.0", "HTTP/1.1", 1);
            assert_status(&response, status);
            assert!(
                response.contains("x-content-type-options: nosniff\r\n"),
                "{response}"
            );
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn nothing_after_a_bad_request_is_read_as_another() {
    let server = Running::start(Source::of(1)).await;
    let head = "GET /metrics HTTP/1.1\r\n\r\nGET /metrics HTTP/1.1\r\nHost: smuggled\r\n\r\n";
    let response = request(server.address, HONEST, head).await;
    assert_status(&response, 400);
    assert_eq!(response.matches("HTTP/1.1 ").count(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_limit_of_zero_is_an_error_that_names_it() {
    fn name<T>(result: Result<T, LimitError>) -> String {
        result
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }
    let zero = Duration::ZERO;
    let endpoint = async || Endpoint::bind(Source::of(1), any_port()).await.unwrap();
    for (found, expected) in [
        (
            name(endpoint().await.header_timeout(zero)),
            "header_timeout",
        ),
        (name(endpoint().await.idle_timeout(zero)), "idle_timeout"),
        (name(endpoint().await.stall_timeout(zero)), "stall_timeout"),
        (
            name(endpoint().await.response_timeout(zero)),
            "response_timeout",
        ),
        (
            name(endpoint().await.shutdown_timeout(zero)),
            "shutdown_timeout",
        ),
        (name(endpoint().await.header_limit(0)), "header_limit"),
        (
            name(endpoint().await.connection_limit(0)),
            "connection_limit",
        ),
        (name(ScrapeLimits::default().responses(0)), "responses"),
        (name(ScrapeLimits::default().queue(0)), "queue"),
        (name(ScrapeLimits::default().wait(zero)), "wait"),
    ] {
        assert_eq!(found, format!("the limit `{expected}` must not be zero"));
    }
}
