//! Feature `client`: requests that leave something in every family of theirs.

use std::future::{Future as _, Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use gotk_metrics::Recorder;
use http::{Method, Request, Response, Uri};
use tower_layer::Layer as _;
use tower_service::Service;

/// Answers GET, and nothing else.
struct Server;

impl Service<Request<()>> for Server {
    type Response = Response<()>;
    type Error = ();
    type Future = Ready<Result<Response<()>, ()>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let answered = request.method() == Method::GET;
        ready(answered.then(Response::default).ok_or(()))
    }
}

/// A request that was answered and one that failed.
pub(crate) fn everything(recorder: &Recorder) {
    let url = Uri::from_static("https://10.96.0.1:443");
    let mut client = recorder.client_layer(&url).layer(Server);
    for method in [Method::GET, Method::POST] {
        let mut request = Request::new(());
        *request.method_mut() = method;
        let answer = pin!(client.call(request));
        let polled = answer.poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_ready());
    }
}
