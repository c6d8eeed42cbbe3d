//! Compressed answers, and to whom they go.

use std::io::Read as _;

use flate2::read::GzDecoder;
use gotk_metrics::{Format, MetricsServer};

use crate::http::Connection;
use crate::running::{Running, any_port, recorder};

const GZIP: &str = "Accept-Encoding: gzip\r\n";

/// What `body` is compressed of, which has to be all of it.
pub(crate) fn decompressed(body: &[u8]) -> String {
    let mut decoder = GzDecoder::new(body);
    let mut text = String::new();
    decoder.read_to_string(&mut text).unwrap();
    assert_eq!(decoder.into_inner(), b"", "behind the end of the stream");
    text
}

#[tokio::test]
async fn who_asks_for_gzip_gets_it() {
    let recorder = recorder(3000);
    let server = Running::start_with_openmetrics(&recorder).await;
    let openmetrics = "Accept: application/openmetrics-text\r\n";
    for (format, accept) in [(Format::Text, ""), (Format::OpenMetrics, openmetrics)] {
        let headers = format!("{accept}{GZIP}");
        let mut connection = Connection::open(server.address).await;
        // On one connection: no byte may be left over.
        for _ in 0..2 {
            let (head, body) = connection.request_bytes("/metrics", &headers).await;
            assert_eq!(head.status, 200);
            assert_eq!(head.header("content-encoding"), Some("gzip"));
            assert_eq!(head.header("content-type"), Some(format.content_type()));
            let expected = recorder.encode(format);
            assert!(decompressed(&body) == expected, "{format:?}");
            assert!(
                body.len() * 10 < expected.len(),
                "{} of {} bytes",
                body.len(),
                expected.len()
            );
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn who_does_not_ask_for_gzip_does_not_get_it() {
    let recorder = recorder(10);
    let server = Running::start(&recorder).await;
    for headers in [
        "",
        "Accept-Encoding: identity\r\n",
        "Accept-Encoding: br\r\n",
        "Accept-Encoding: gzip;q=0\r\n",
        "Accept-Encoding: gzip;q=0.1, identity\r\n",
    ] {
        let response = server.request("GET", "/metrics", headers).await;
        assert_eq!(response.header("content-encoding"), None, "{headers}");
        assert_eq!(response.header("vary"), Some("Accept, Accept-Encoding"));
        assert_eq!(response.body, recorder.encode(Format::Text));
    }
    server.stop().await;
}

#[tokio::test]
async fn what_fits_into_a_packet_is_not_compressed() {
    let recorder = recorder(0);
    let server = Running::start_with_openmetrics(&recorder).await;
    let response = server.request("GET", "/metrics", GZIP).await;
    assert_eq!(response.header("content-encoding"), None);
    assert_eq!(response.header("content-length"), Some("0"));
    let response = server.request("GET", "/healthz", GZIP).await;
    assert_eq!(response.header("content-encoding"), None);
    server.stop().await;
}

#[tokio::test]
async fn a_short_answer_has_its_length() {
    let recorder = recorder(10);
    let server = Running::start(&recorder).await;
    for headers in ["", GZIP] {
        let mut connection = Connection::open(server.address).await;
        let (head, body) = connection.request_bytes("/metrics", headers).await;
        let length = body.len().to_string();
        assert_eq!(head.header("content-length"), Some(length.as_str()));
    }
    server.stop().await;
}

#[tokio::test]
async fn compression_can_be_switched_off() {
    let recorder = recorder(100);
    let server = MetricsServer::bind(recorder.clone(), any_port()).await;
    let server = Running::serve(server.unwrap().gzip(false));
    let response = server.request("GET", "/metrics", GZIP).await;
    assert_eq!(response.header("content-encoding"), None);
    assert_eq!(response.body, recorder.encode(Format::Text));
    server.stop().await;
}
