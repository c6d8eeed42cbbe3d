//! Which request counts as what, and that none is changed.
//!
//! client-go is the model, and its exposition the fixture.

use std::future::{Pending, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gotk_metrics::{Format, ObjectId, Recorder};
use http::{HeaderValue, Request, Response, Uri, Version};
use tower_layer::Layer as _;
use tower_service::Service;

use crate::common::{assert_objects, on_manual_clock};
use crate::service::{Broken, Server, URL, answer, client, counted, get, now};

/// Written by hand out of what client-go exposes.
const EXPOSITION: &str = include_str!("../fixtures/client.txt");

#[test]
fn requests_count_by_code_host_and_method() {
    let (recorder, clock) = on_manual_clock(Recorder::builder());
    let call = |millis, status, request| {
        let took = Duration::from_millis(millis);
        let mut client = client(&recorder, &clock, took, || match status {
            0 => ready(Err(Broken(1))),
            status => answer(status),
        });
        let _ = now(client.call(request));
    };
    call(250, 200, get("/api/v1/pods"));
    call(5, 404, get("/api/v1/pods/a"));
    call(
        60_000,
        200,
        get("/api/v1/pods?watch=true&timeoutSeconds=290"),
    );
    call(60_001, 0, get("/api/v1/pods"));
    call(0, 201, Request::post("/api/v1/pods").body("{}").unwrap());
    assert_eq!(recorder.encode(Format::Text), EXPOSITION);
}

#[test]
fn a_watch_counts_and_has_no_duration() {
    let long = [
        "/apis/a/v1/apps?watch=true",
        "/apis/a/v1/apps?watch=1",
        "/apis/a/v1/apps?&watch=true&resourceVersion=1",
        "/apis/a/v1/apps?limit=5&watch",
        "/api/v1/namespaces/a/pods/b/log?follow=true",
    ];
    let short = [
        "/apis/a/v1/watch/true",
        "/apis/a/v1/apps?watch=false",
        "/apis/a/v1/apps?watch=0",
        "/apis/a/v1/apps?labelSelector=watch%3Dtrue",
        "/apis/a/v1/apps?mywatch=true",
    ];
    for (paths, with_duration) in [(long, false), (short, true)] {
        for path in paths {
            let (recorder, clock) = on_manual_clock(Recorder::builder());
            let mut client = client(&recorder, &clock, Duration::from_secs(1), || answer(200));
            now(client.call(get(path))).unwrap();
            let mut expected = vec!["200 10.96.0.1:6443 GET 1"];
            expected.extend(with_duration.then_some("10.96.0.1:6443 GET 1 1"));
            assert_eq!(counted(&recorder), expected, "{path}");
        }
    }
}

#[test]
fn a_request_that_is_dropped_counts_as_an_error() {
    let (recorder, clock) = on_manual_clock(Recorder::builder());
    let server = Server(|_| pending::<Result<Response<()>, Broken>>());
    let mut client = recorder.client_layer(&URL.parse().unwrap()).layer(server);
    {
        let mut request = pin!(client.call(get("/")));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(request.as_mut().poll(&mut cx).is_pending());
        clock.advance(Duration::from_secs(30));
        assert_eq!(counted(&recorder), [""; 0]);
    }
    let expected = ["<error> 10.96.0.1:6443 GET 1", "10.96.0.1:6443 GET 1 30"];
    assert_eq!(counted(&recorder), expected);
    drop(client.call(get("/?watch=true")));
    let expected = ["<error> 10.96.0.1:6443 GET 2", "10.96.0.1:6443 GET 1 30"];
    assert_eq!(counted(&recorder), expected);
}

#[test]
fn a_panic_of_the_service_counts_as_an_error_and_goes_on() {
    let recorder = Recorder::new();
    let server = Server(|_| poll_fn(|_| -> Poll<Result<Response<()>, Broken>> { panic!("boom") }));
    let mut client = recorder.client_layer(&URL.parse().unwrap()).layer(server);
    let request = client.call(get("/"));
    let payload = catch_unwind(AssertUnwindSafe(|| now(request))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"boom"));
    assert_eq!(counted(&recorder)[0], "<error> 10.96.0.1:6443 GET 1");
}

#[test]
fn requests_answers_and_errors_pass_as_they_are() {
    let recorder = Recorder::new();
    let layer = recorder.client_layer(&URL.parse().unwrap());
    let mut client = layer.layer(Server(|request: Request<&'static str>| {
        ready(if *request.body() == "break" {
            Err(Broken(7))
        } else {
            let mut response = Response::new(request.into_parts());
            *response.version_mut() = Version::HTTP_2;
            let value = HeaderValue::from_static("1");
            response.headers_mut().insert("retry-after", value);
            Ok(response)
        })
    }));
    let mut request = Request::patch("/a?b=c").body("body").unwrap();
    request.extensions_mut().insert(5_u8);
    let mut response = now(client.call(request)).unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    assert_eq!(response.headers()["retry-after"], "1");
    let (head, body) = response.body_mut();
    assert_eq!((head.uri.to_string().as_str(), *body), ("/a?b=c", "body"));
    assert_eq!(head.extensions.get(), Some(&5_u8));
    let broken = Request::get("/").body("break").unwrap();
    assert_eq!(now(client.call(broken)).unwrap_err(), Broken(7));
}

#[test]
fn a_service_that_is_not_ready_is_not_called() {
    struct Closed;
    impl Service<Request<()>> for Closed {
        type Response = Response<()>;
        type Error = Broken;
        type Future = Pending<Result<Response<()>, Broken>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
            Poll::Ready(Err(Broken(3)))
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            unreachable!("not ready")
        }
    }
    let recorder = Recorder::new();
    let mut client = recorder.client_layer(&URL.parse().unwrap()).layer(Closed);
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(client.poll_ready(&mut cx), Poll::Ready(Err(Broken(3))));
    assert_eq!(counted(&recorder), [""; 0]);
}

#[test]
fn the_host_is_that_of_the_url() {
    for (url, host) in [
        ("https://kubernetes.default.svc/", "kubernetes.default.svc"),
        ("https://10.96.0.1:443/prefix", "10.96.0.1:443"),
        ("https://[fd00::1]:6443", "[fd00::1]:6443"),
        ("https://user:password@example.com/", "example.com"),
        ("/only/a/path", "none"),
    ] {
        let recorder = Recorder::new();
        let layer = recorder.client_layer(&url.parse().unwrap());
        now(layer.layer(Server(|_| answer(200))).call(get("/"))).unwrap();
        let counted = counted(&recorder);
        assert_eq!(counted[0], format!("200 {host} GET 1"), "{url}");
    }
}

#[test]
fn layers_of_one_host_count_together() {
    let recorder = Recorder::new();
    for url in ["https://b:1/", "https://a/", "https://b:1/x"] {
        let layer = recorder.client_layer(&Uri::from_static(url));
        let client = layer.clone().layer(Server(|_| answer(200)));
        now(client.clone().call(get("/?watch=1"))).unwrap();
        drop(client);
        now(layer.layer(Server(|_| answer(500))).call(get("/?watch=1"))).unwrap();
    }
    let expected = [
        "200 a GET 1",
        "200 b:1 GET 2",
        "500 a GET 1",
        "500 b:1 GET 2",
    ];
    assert_eq!(counted(&recorder), expected);
    assert_eq!(counted(&Recorder::new()), [""; 0]);
}

#[test]
fn what_becomes_of_objects_does_not_touch_them() {
    let recorder = Recorder::new();
    let layer = recorder.client_layer(&URL.parse().unwrap());
    now(layer.layer(Server(|_| answer(200))).call(get("/"))).unwrap();
    recorder.record_suspend(&ObjectId::new("App", "a"), true);
    recorder.clear();
    assert_objects(&recorder, &[]);
    assert_eq!(counted(&recorder)[0], "200 10.96.0.1:6443 GET 1");
}
