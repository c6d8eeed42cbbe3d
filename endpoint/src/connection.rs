//! One connection, from its acceptance to its end.
//!
//! hyper has no limit on how long a client may take to read, so the limits are enforced here.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use pin_project_lite::pin_project;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::activity::ActivityWatch;
use crate::body::ResponseBody;
use crate::deadline::ConnectionDeadline;
use crate::limits::Limits;
use crate::path;
use crate::response;
use crate::service::{AnyService, ClientConnection};
use crate::transport::{Client, Transport};

/// What the kernel buffers of a response, as far as a program can say.
///
/// Without a limit it grows to megabytes for each client that reads nothing. Besides, the kernel
/// reports progress only when a third of the buffer is free, so a client that reads a large buffer
/// slowly looks stalled.
const SEND_BUFFER: usize = 128 * 1024;

/// Returns the future of one connection.
pub(crate) fn connect(
    stream: TcpStream,
    address: SocketAddr,
    transport: Transport,
    service: AnyService,
    limits: Limits,
    deadline: ConnectionDeadline,
) -> impl Future<Output = ()> + Send + 'static {
    // As in Go. Otherwise the end of a long response waits for an acknowledgement, which the client
    // may delay by 40 ms. A socket without these options works too.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER);
    if transport.has_handshake() {
        deadline.begin_handshake();
    }
    let known = deadline.clone();
    let connection = async move {
        let Some((stream, client)) = transport.accept(stream, &known).await else {
            return;
        };
        let drained = known.clone();
        let stream = TokioIo::new(ActivityWatch::new(stream, known.clone()));
        let service = service_fn(move |request| {
            // Not in the future: hyper may read the end of the stream before it polls that.
            known.request();
            let connection = ClientConnection {
                address,
                deadline: known.clone(),
            };
            respond(service.clone(), connection, client.clone(), request)
        });
        let mut connection = pin!(
            http1::Builder::new()
                .max_header_size(limits.header_bytes)
                .max_buf_size(limits.buffer())
                // The deadline covers it; hyper's own would need a timer.
                .header_read_timeout(None)
                .serve_connection(stream, service)
        );
        poll_fn(|cx| {
            // A client that hangs up is not an error.
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            if drained.is_drained() {
                // Not merely cut off: with TLS, the client can tell the difference.
                connection.as_mut().graceful_shutdown();
                return connection.as_mut().poll(cx).map(drop);
            }
            Poll::Pending
        })
        .await;
    };
    Limited {
        connection,
        timer: sleep_until(deadline.deadline()),
        deadline,
    }
}

async fn respond(
    service: AnyService,
    connection: ClientConnection,
    client: Client,
    request: Request<Incoming>,
) -> Result<Response<TrackedBody>, Infallible> {
    let deadline = connection.deadline.clone();
    let responding = Responding(deadline.clone());
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(connection);
    let has_host = has_valid_host(&parts);
    let is_probe = path::is_probe(parts.uri.path());
    let response = if !has_host {
        response::bad_host()
    } else if client.is_admitted() || is_probe {
        service.respond(&parts).await
    } else {
        response::no_certificate()
    };
    let mut response = response.map(|body| TrackedBody { body, responding });
    let is_strange = !has_host || !body.is_end_stream() || !parts.uri.path().starts_with('/');
    let is_rejected = response.status() == StatusCode::SERVICE_UNAVAILABLE && !is_probe;
    if is_strange || is_rejected || !client.is_current() || deadline.is_draining() {
        // The rest of this request must never be read as another request. Or there are too many
        // clients. Or the certificate has changed, and the next request must use the new one. Or
        // there will be no next one.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response)
}

/// Returns whether the request has exactly one valid header `Host`, as HTTP/1.1 requires.
///
/// RFC 9112, 3.2. A proxy may read another one than we do.
fn has_valid_host(request: &Parts) -> bool {
    let mut hosts = request.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => request.version < Version::HTTP_11,
        (Some(host), None) => {
            let is_authority = |host: &str| host.parse::<Authority>().is_ok();
            let host = host.to_str().ok();
            host.is_some_and(|host| host.is_empty() || (is_authority(host) && !host.contains('@')))
        }
        (Some(_), Some(_)) => false,
    }
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
        this.deadline.register(cx.waker());
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
