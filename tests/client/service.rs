//! Services whose answers a test chooses, and what was counted of them.
//!
//! Nothing waits here: a future is ready when it is polled first, or never.

use std::error::Error;
use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gotk_metrics::{Format, ManualClock, Recorder};
use http::{Request, Response, StatusCode};
use tower_layer::Layer as _;
use tower_service::Service;

use crate::common::parse;

/// A service that is a function of the request.
#[derive(Clone)]
pub(crate) struct Server<F>(pub(crate) F);

impl<F, Fut, R, E> Service<Request<&'static str>> for Server<F>
where
    F: FnMut(Request<&'static str>) -> Fut,
    Fut: Future<Output = Result<Response<R>, E>>,
{
    type Response = Response<R>;
    type Error = E;
    type Future = Fut;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<&'static str>) -> Fut {
        (self.0)(request)
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Broken(pub(crate) u8);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection {} refused", self.0)
    }
}

impl Error for Broken {}

pub(crate) type Answer = Ready<Result<Response<()>, Broken>>;

pub(crate) fn answer(status: u16) -> Answer {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    ready(Ok(response))
}

pub(crate) const URL: &str = "https://10.96.0.1:6443/";

/// A client of a server that takes so long for the head of its answer.
pub(crate) fn client(
    recorder: &Recorder,
    clock: &ManualClock,
    took: Duration,
    answer: impl Fn() -> Answer,
) -> impl Service<Request<&'static str>, Response = Response<()>, Error = Broken, Future: Unpin> {
    let clock = clock.clone();
    let server = Server(move |_| {
        clock.advance(took);
        answer()
    });
    recorder.client_layer(&URL.parse().unwrap()).layer(server)
}

pub(crate) fn get(path: &'static str) -> Request<&'static str> {
    Request::get(path).body("").unwrap()
}

/// The output of a future that does not wait.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut cx) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// All counts of requests, such as `200 host GET 1`, then all durations, such as `host GET 1 0.5`.
pub(crate) fn counted(recorder: &Recorder) -> Vec<String> {
    let text = recorder.encode(Format::Text);
    let samples = parse::samples(&text);
    let mut lines = Vec::new();
    for sample in &samples {
        if sample.name == "rest_client_requests_total" {
            let [code, host, method] = ["code", "host", "method"].map(|name| sample.label(name));
            lines.push(format!("{code} {host} {method} {}", sample.value));
        }
    }
    for sample in &samples {
        if sample.name == "rest_client_request_duration_seconds_count" {
            let sum = samples.iter().find(|other| {
                other.name == "rest_client_request_duration_seconds_sum"
                    && other.labels == sample.labels
            });
            let [host, verb] = ["host", "verb"].map(|name| sample.label(name));
            lines.push(format!(
                "{host} {verb} {} {}",
                sample.value,
                sum.unwrap().value
            ));
        }
    }
    lines
}
