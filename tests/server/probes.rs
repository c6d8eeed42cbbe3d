//! The paths beside the metrics, and where the metrics themselves are.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gotk_metrics::{Format, MetricsServer, MetricsService, PathError};
use tokio::sync::oneshot;

use crate::running::{Running, any_port, ended, recorder};

#[tokio::test]
async fn probes_answer() {
    let server = Running::start(&recorder(1)).await;
    for path in ["/healthz", "/readyz", "/readyz?verbose"] {
        let response = server.request("GET", path, "").await;
        assert_eq!((response.status, response.body.as_str()), (200, "ok\n"));
        assert_eq!(server.request("HEAD", path, "").await.status, 200);
        let response = server.request("POST", path, "").await;
        assert_eq!(response.status, 405, "{path}");
        assert_eq!(response.header("allow"), Some("GET, HEAD"));
    }
    server.stop().await;
}

#[tokio::test]
async fn readiness_is_what_the_callback_says() {
    let ready = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&ready);
    let server = MetricsServer::bind(recorder(1), any_port()).await.unwrap();
    let server = Running::serve(server.ready(move || asked.load(Ordering::SeqCst)));
    for (now, status) in [(false, 503), (true, 200), (false, 503)] {
        ready.store(now, Ordering::SeqCst);
        assert_eq!(server.request("GET", "/readyz", "").await.status, status);
        // The process is well all the time, and scraped.
        assert_eq!(server.request("GET", "/healthz", "").await.status, 200);
        assert_eq!(server.scrape().await.status, 200);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_callback_that_panics_is_not_ready() {
    let server = MetricsServer::bind(recorder(1), any_port()).await.unwrap();
    let server = Running::serve(server.ready(|| panic!("the test's own")));
    for _ in 0..2 {
        assert_eq!(server.request("GET", "/readyz", "").await.status, 503);
    }
    server.stop().await;
}

#[tokio::test]
async fn the_metrics_can_be_elsewhere() {
    let recorder = recorder(1);
    let server = MetricsServer::bind(recorder.clone(), any_port()).await;
    let server = Running::serve(server.unwrap().path("/internal/metrics").unwrap());
    let response = server.request("GET", "/internal/metrics", "").await;
    assert_eq!(response.body, recorder.encode(Format::Text));
    assert_eq!(server.scrape().await.status, 404);
    assert_eq!(server.request("GET", "/healthz", "").await.status, 200);
    server.stop().await;
}

#[test]
fn a_path_that_cannot_be_names_itself() {
    let error = |path: &str| {
        let service = MetricsService::new(recorder(0));
        service.path(path).unwrap_err()
    };
    for path in ["", "metrics", "http://host/metrics", " /metrics"] {
        let expected = format!("metrics path `{path}` does not begin with a slash");
        assert_eq!(error(path).to_string(), expected);
        assert!(matches!(error(path), PathError::NoSlash { .. }));
    }
    for (path, character) in [
        ("/metrics?x", '?'),
        ("/metrics#x", '#'),
        ("/my metrics", ' '),
        ("/m\u{e9}triques", '\u{e9}'),
        ("/metrics\n", '\n'),
    ] {
        let PathError::Character {
            character: found, ..
        } = error(path)
        else {
            panic!("{:?}", error(path));
        };
        assert_eq!(found, character);
        assert!(!error(path).to_string().contains('\n'));
    }
    for path in ["/healthz", "/readyz"] {
        let expected = format!("metrics path `{path}` is that of a probe");
        assert_eq!(error(path).to_string(), expected);
    }
}

#[tokio::test]
async fn a_bad_path_keeps_a_server_from_starting() {
    let server = MetricsServer::bind(recorder(0), any_port()).await.unwrap();
    assert!(server.path("metrics").is_err());
}

#[tokio::test]
async fn no_address_is_no_server() {
    let nowhere = None::<SocketAddr>;
    let server = MetricsServer::bind(recorder(0), nowhere).await.unwrap();
    assert_eq!(server.local_addr().port(), 0);
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(server.serve_until(stopped));
    tokio::task::yield_now().await;
    assert!(!serving.is_finished());
    stop.send(()).unwrap();
    ended(serving).await;

    let somewhere = Some(any_port());
    let server = MetricsServer::bind(recorder(0), somewhere).await.unwrap();
    let server = Running::serve(server);
    assert_eq!(server.scrape().await.status, 200);
    server.stop().await;
}
