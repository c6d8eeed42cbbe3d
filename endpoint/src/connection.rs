//! One connection, from its acceptance to its end.
//!
//! hyper has no limit on how long a client may take to read, so the limits are enforced here.

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

use crate::activity::ActivityWatch;
use crate::body::ResponseBody;
use crate::deadline::ConnectionDeadline;
use crate::limits::Limits;
use crate::path;
use crate::service::{self, AnyService};
use crate::transport::{Client, Transport};

/// Returns the future of one connection, registered with `graceful`.
pub(crate) fn connect(
    stream: TcpStream,
    transport: Transport,
    service: AnyService,
    limits: Limits,
    deadline: ConnectionDeadline,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + 'static + use<> {
    // As in Go. Otherwise the end of a long response waits for an acknowledgement, which the client
    // may delay by 40 ms. A socket without the option works too.
    let _ = stream.set_nodelay(true);
    if transport.has_handshake() {
        // Before the first poll, so that a shutdown sees it.
        deadline.begin_handshake();
    }
    let watcher = graceful.watcher();
    let known = deadline.clone();
    let connection = async move {
        let Some((stream, client)) = transport.accept(stream, &known).await else {
            return;
        };
        let socket = ActivityWatch::new(stream, known.clone());
        let service = service_fn(move |request| {
            respond(service.clone(), known.clone(), client.clone(), request)
        });
        let connection = http1::Builder::new()
            .max_header_size(limits.header_bytes)
            .max_buf_size(limits.buffer())
            // The deadline covers it; hyper's own would need a timer.
            .header_read_timeout(None)
            // A client that half-closes the connection after its request, as `nc -N`, gets a
            // response.
            .half_close(true)
            .serve_connection(socket, service);
        // A client that hangs up is not an error.
        let _ = watcher.watch(connection).await;
    };
    Limited {
        connection,
        timer: sleep_until(deadline.deadline()),
        deadline,
    }
}

async fn respond(
    service: AnyService,
    deadline: ConnectionDeadline,
    client: Client,
    request: Request<Incoming>,
) -> Result<Response<TrackedBody>, Infallible> {
    deadline.request();
    let responding = Responding(deadline);
    let (parts, body) = request.into_parts();
    let response = if client.is_admitted() || path::is_probe(parts.uri.path()) {
        service.respond(&parts).await
    } else {
        service::no_certificate()
    };
    let mut response = response.map(|body| TrackedBody { body, responding });
    let is_strange = !body.is_end_stream() || !parts.uri.path().starts_with('/');
    if is_strange || !client.is_current() {
        // The rest of this request must never be read as another request. Or the certificate has
        // changed, and the next request must use the new one.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response)
}

/// Reports the end of a response to its connection, however it ends.
struct Responding(ConnectionDeadline);

impl Drop for Responding {
    fn drop(&mut self) {
        self.0.response_made();
    }
}

/// A body that reports its end to its connection.
struct TrackedBody {
    body: ResponseBody,
    #[expect(dead_code, reason = "reports the end when it is dropped")]
    responding: Responding,
}

impl Body for TrackedBody {
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
    /// A connection that ends at its deadline.
    ///
    /// One timer serves all limits. Most steps only postpone the deadline, which the timer notices
    /// when it fires.
    struct Limited<C> {
        #[pin]
        connection: C,
        #[pin]
        timer: Sleep,
        deadline: ConnectionDeadline,
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
            let deadline = this.deadline.deadline();
            if deadline < this.timer.deadline() {
                this.timer.as_mut().reset(deadline);
            }
            ready!(this.timer.as_mut().poll(cx));
            if deadline <= Instant::now() {
                this.deadline.expire();
                return Poll::Ready(());
            }
            this.timer.as_mut().reset(deadline);
        }
    }
}
