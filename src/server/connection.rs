//! One connection, from its acceptance to its end.
//!
//! hyper has no limit on how long a peer may take to read, so the limits are kept here, at the
//! socket.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::server::graceful::GracefulShutdown;
use pin_project_lite::pin_project;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::body::MetricsBody;
use super::limits::Limits;
use super::path;
use super::progress::Progress;
use super::security::{Peer, Security};
use super::service::{self, MetricsService};
use super::socket::Socket;

/// The future of one connection, known to `graceful`.
pub(super) fn connect(
    stream: TcpStream,
    security: Security,
    service: MetricsService,
    limits: Limits,
    progress: Progress,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + 'static + use<> {
    // As Go has it. Otherwise the end of a long answer waits for the peer to acknowledge the rest,
    // which it may put off by 40 ms. A socket without the option works too.
    let _ = stream.set_nodelay(true);
    if security.shakes_hands() {
        // Before it is polled, so that no moment is missed.
        progress.shake_hands();
    }
    let watcher = graceful.watcher();
    let known = progress.clone();
    let connection = async move {
        let Some((stream, peer)) = security.secure(stream, &known).await else {
            return;
        };
        let socket = Socket::new(stream, known.clone());
        let service = service_fn(move |request| {
            answer(service.clone(), known.clone(), peer.clone(), request)
        });
        let connection = http1::Builder::new()
            .max_header_size(limits.header_bytes)
            .max_buf_size(limits.buffer())
            // Ours are below; hyper's would need a timer.
            .header_read_timeout(None)
            // Who has said all that he will say, as `nc -N`, still waits for his answer.
            .half_close(true)
            .serve_connection(socket, service);
        // A scraper that hung up is no news.
        let _ = watcher.watch(connection).await;
    };
    Limited {
        connection,
        timer: sleep_until(progress.deadline()),
        progress,
    }
}

async fn answer(
    service: MetricsService,
    progress: Progress,
    peer: Peer,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Infallible> {
    progress.request();
    let answering = Answering(progress);
    let (parts, body) = request.into_parts();
    let response = if peer.is_admitted() || path::is_probe(parts.uri.path()) {
        service.respond(&parts).await
    } else {
        service::no_certificate()
    };
    let mut response = response.map(|body| Answer { body, answering });
    let is_strange = !body.is_end_stream() || !parts.uri.path().starts_with('/');
    if is_strange || !peer.is_current() {
        // What follows is read by nobody, least of all as another request. Or the next one is to
        // come with, and to meet, the certificates of today.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response)
}

/// Tells that an answer is made, however that ends.
struct Answering(Progress);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.response_made();
    }
}

/// A body whose end is told to its connection.
struct Answer {
    body: MetricsBody,
    #[expect(dead_code, reason = "tells something when it is dropped")]
    answering: Answering,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pin_project! {
    /// A connection that ends when its time is up.
    ///
    /// One timer for all limits: most steps only move a deadline away, which the timer finds out
    /// when it fires.
    struct Limited<C> {
        #[pin]
        connection: C,
        #[pin]
        timer: Sleep,
        progress: Progress,
    }
}

impl<C: Future> Future for Limited<C> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if this.connection.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let deadline = this.progress.deadline();
            if deadline < this.timer.deadline() {
                this.timer.as_mut().reset(deadline);
            }
            ready!(this.timer.as_mut().poll(cx));
            if deadline <= Instant::now() {
                this.progress.cut();
                return Poll::Ready(());
            }
            this.timer.as_mut().reset(deadline);
        }
    }
}
