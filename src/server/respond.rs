//! From a request to a response.
//!
//! Reads the head of a request only; nothing here can fail but the scrape itself.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::task::spawn_blocking;

use crate::exposition::{Chunks, Format};
use crate::recorder::Recorder;

const PATH: &str = "/metrics";

#[derive(Clone, Debug)]
pub(super) struct Responder {
    recorder: Recorder,
    openmetrics: bool,
}

impl Responder {
    pub(super) fn new(recorder: Recorder) -> Self {
        Self {
            recorder,
            openmetrics: false,
        }
    }

    pub(super) fn openmetrics(&mut self, enabled: bool) {
        self.openmetrics = enabled;
    }

    pub(super) async fn respond<B>(&self, request: &Request<B>) -> Response<Body> {
        if request.uri().path() != PATH {
            return plain(
                StatusCode::NOT_FOUND,
                "not found; metrics are at /metrics\n",
            );
        }
        match *request.method() {
            Method::GET => self.scrape(self.format(request.headers())).await,
            Method::HEAD => exposition(self.format(request.headers()), Body::Head),
            _ => {
                let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
                let allowed = HeaderValue::from_static("GET, HEAD");
                response.headers_mut().insert(ALLOW, allowed);
                response
            }
        }
    }

    async fn scrape(&self, format: Format) -> Response<Body> {
        let recorder = self.recorder.clone();
        // Sorts what came or went: too long for a thread that others wait for.
        match spawn_blocking(move || recorder.encode_chunks(format)).await {
            Ok(chunks) => exposition(format, Body::Chunks(Box::new(chunks))),
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "scrape failed\n"),
        }
    }

    fn format(&self, headers: &HeaderMap) -> Format {
        if !self.openmetrics {
            return Format::Text;
        }
        let accept = headers.get_all(ACCEPT).iter();
        let accept: Vec<&str> = accept.filter_map(|value| value.to_str().ok()).collect();
        Format::from_accept(&accept.join(","))
    }
}

fn exposition(format: Format, body: Body) -> Response<Body> {
    with_type(StatusCode::OK, format.content_type(), body)
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let body = Body::Text(Some(Bytes::from_static(text.as_bytes())));
    with_type(status, "text/plain; charset=utf-8", body)
}

fn with_type(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// The body of a response.
#[derive(Debug)]
pub(super) enum Body {
    /// In a box, far larger than the others.
    Chunks(Box<Chunks>),
    Text(Option<Bytes>),
    /// Of a length that nobody knows, never sent.
    Head,
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match self.get_mut() {
            Self::Chunks(chunks) => chunks.next().map(Bytes::from),
            Self::Text(text) => text.take(),
            Self::Head => None,
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Text(Some(text)) => SizeHint::with_exact(text.len() as u64),
            Self::Text(None) => SizeHint::with_exact(0),
            Self::Chunks(_) | Self::Head => SizeHint::default(),
        }
    }
}
