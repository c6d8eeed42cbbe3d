//! From the head of a request to an answer.
//!
//! Reads no body and keeps no state of a connection; nothing here can fail but the scrape itself.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
#[cfg(feature = "auth")]
use http::header::WWW_AUTHENTICATE;
use http::header::{ACCEPT, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use tokio::task::spawn_blocking;

#[cfg(feature = "auth")]
use super::auth::{KubernetesAuth, Refusal};
use super::body::{Exposition, MetricsBody};
use super::path::{self, PathError};
use super::scrape::Scrape;
use super::{encoding, query};
use crate::exposition::Format;
use crate::recorder::Recorder;
use crate::sync::Arc;

/// Answers requests for a recorder's exposition: the endpoint for a server of one's own.
///
/// A [`tower_service::Service`] for routers such as axum's, and as [`respond`](Self::respond) and
/// [`scrape`](Self::scrape) two functions from the head of a request to a response. Needs a tokio
/// runtime. [`MetricsServer`](crate::MetricsServer) is the same with a listener.
///
/// | request | answer |
/// |---|---|
/// | `GET /metrics` | the exposition, `HEAD` its headers |
/// | `GET /metrics?name[]=family` | the families that are named, by their own name or a sample's |
/// | `GET /healthz` | 200 |
/// | `GET /readyz` | 200, or 503 while [`ready`](Self::ready) says no |
/// | another method | 405 |
/// | another path | 404 |
///
/// With access control (`authorize`, behind feature `auth`) a scrape may also be answered with 401,
/// 403 or 500.
///
/// A router that strips a prefix or mounts it elsewhere has to be followed with
/// [`path`](Self::path), or to call [`scrape`](Self::scrape), which asks for no path.
///
/// An answer keeps the objects of its start in memory until it is read or dropped. Only the server
/// can see that a peer reads nothing: give it a limit on how long a write may take, as
/// `MetricsServer` has.
///
/// Cheap to clone.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{MetricsService, Recorder};
/// use http::Request;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let service = MetricsService::new(Recorder::new());
/// let (parts, _) = Request::get("/readyz").body(()).unwrap().into_parts();
/// assert_eq!(service.respond(&parts).await.status(), 200);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MetricsService {
    recorder: Recorder,
    path: Arc<str>,
    openmetrics: bool,
    gzip: bool,
    ready: Ready,
    #[cfg(feature = "auth")]
    auth: Option<KubernetesAuth>,
}

#[derive(Clone)]
struct Ready(Arc<dyn Fn() -> bool + Send + Sync>);

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ready")
    }
}

impl MetricsService {
    /// The endpoint of `recorder` at `/metrics`.
    #[must_use]
    pub fn new(recorder: Recorder) -> Self {
        Self {
            recorder,
            path: path::METRICS.into(),
            openmetrics: false,
            gzip: true,
            ready: Ready(Arc::new(|| true)),
            #[cfg(feature = "auth")]
            auth: None,
        }
    }

    #[cfg(feature = "tls")]
    pub(super) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Where the exposition is. Defaults to `/metrics`.
    ///
    /// # Errors
    ///
    /// [`PathError`] if no request could have this path, or it is that of a probe.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{MetricsService, Recorder};
    ///
    /// let service = MetricsService::new(Recorder::new());
    /// assert!(service.clone().path("/internal/metrics").is_ok());
    /// let error = service.path("metrics").unwrap_err();
    /// assert_eq!(error.to_string(), "metrics path `metrics` does not begin with a slash");
    /// ```
    pub fn path(mut self, path: impl Into<String>) -> Result<Self, PathError> {
        self.path = path::checked(path.into())?.into();
        Ok(self)
    }

    /// Whether a scraper that prefers OpenMetrics gets it.
    ///
    /// Prometheus 2 prefers it, and stores its `le="1.0"` as another series than the `le="1"` of
    /// text 0.0.4, which is why Go's promhttp leaves it off. Defaults to false.
    #[must_use]
    pub fn openmetrics(mut self, enabled: bool) -> Self {
        self.openmetrics = enabled;
        self
    }

    /// Sets whether expositions are compressed for scrapers that accept gzip.
    ///
    /// Compression shrinks an exposition to less than a tenth and takes one or two tenths of a
    /// second at 100 000 objects. An exposition that fits into one packet is not compressed.
    /// Defaults to true.
    #[must_use]
    pub fn gzip(mut self, enabled: bool) -> Self {
        self.gzip = enabled;
        self
    }

    /// What decides the answer of `/readyz`; a panic is a no.
    ///
    /// Called for each request and on its thread, so it must not block. Defaults to always ready.
    #[must_use]
    pub fn ready(mut self, ready: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.ready = Ready(Arc::new(ready));
        self
    }

    /// Lets only those scrape whom the cluster allows to; see [`KubernetesAuth`].
    ///
    /// What the right must be for is the path of this service, whatever path a router passes on.
    /// Probes stay open. Defaults to everybody.
    #[cfg(feature = "auth")]
    #[must_use]
    pub fn authorize(mut self, auth: KubernetesAuth) -> Self {
        self.recorder.inner.scrapes.guard();
        self.auth = Some(auth);
        self
    }

    /// Answers by path and method.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the scrape up; it counts as aborted.
    pub async fn respond(&self, request: &Parts) -> Response<MetricsBody> {
        match request.uri.path() {
            path if *path == *self.path => self.scrape(request).await,
            path::HEALTH => probe(&request.method, || true),
            path::READY => probe(&request.method, || self.is_ready()),
            _ => {
                let hint = format!(
                    "not found; metrics are at {}, probes at {} and {}\n",
                    self.path,
                    path::HEALTH,
                    path::READY
                );
                text(StatusCode::NOT_FOUND, hint)
            }
        }
    }

    /// Answers with the exposition whatever the path is, for a router that has matched it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the scrape up; it counts as aborted.
    pub async fn scrape(&self, request: &Parts) -> Response<MetricsBody> {
        let mut scrape = Scrape::begin(&self.recorder);
        if !reads(&request.method) {
            scrape.refuse();
            return method_not_allowed();
        }
        #[cfg(feature = "auth")]
        if let Some(auth) = &self.auth
            && let Err(refusal) = auth.admit(&request.headers, &self.path).await
        {
            scrape.deny(&refusal);
            return refused(refusal);
        }
        let format = self.format(&request.headers);
        if request.method == Method::HEAD {
            scrape.answer();
            scrape.complete();
            return exposition(format, false, MetricsBody::head());
        }
        let gzip = self.gzip && encoding::accepts_gzip(&request.headers);
        self.expose(scrape, format, gzip, request.uri.query()).await
    }

    async fn expose(
        &self,
        scrape: Scrape,
        format: Format,
        gzip: bool,
        query: Option<&str>,
    ) -> Response<MetricsBody> {
        let recorder = self.recorder.clone();
        let selection = query::selection(query);
        // Sorts what came or went, and encodes what was appended: too long for a thread that others
        // wait for.
        let started = spawn_blocking(move || {
            let chunks = recorder.encode_selected(format, selection);
            Exposition::start(chunks, gzip, scrape)
        });
        match started.await {
            Ok(Ok(started)) => {
                let compressed = started.is_compressed();
                exposition(format, compressed, MetricsBody::exposition(started))
            }
            Ok(Err(_)) | Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "scrape failed\n"),
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

    fn is_ready(&self) -> bool {
        // A payload is leaked: its drop is the user's code and could panic too.
        catch_unwind(AssertUnwindSafe(|| (self.ready.0)()))
            .map_err(mem::forget)
            .unwrap_or(false)
    }
}

impl From<Recorder> for MetricsService {
    fn from(recorder: Recorder) -> Self {
        Self::new(recorder)
    }
}

impl<B> tower_service::Service<Request<B>> for MetricsService {
    type Response = Response<MetricsBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        // Of the body nothing is read.
        let (parts, _) = request.into_parts();
        Box::pin(async move { Ok(service.respond(&parts).await) })
    }
}

fn probe(method: &Method, passes: impl FnOnce() -> bool) -> Response<MetricsBody> {
    if !reads(method) {
        return method_not_allowed();
    }
    if passes() {
        text(StatusCode::OK, "ok\n")
    } else {
        text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

/// The answer to who has not shown a certificate and has to.
pub(super) fn no_certificate() -> Response<MetricsBody> {
    text(StatusCode::FORBIDDEN, "a client certificate is required\n")
}

fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

#[cfg(feature = "auth")]
fn refused(refusal: Refusal) -> Response<MetricsBody> {
    let status = refusal.status();
    let mut response = text(status, refusal.into_text());
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    }
    response
}

fn method_not_allowed() -> Response<MetricsBody> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    let allowed = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(ALLOW, allowed);
    response
}

fn exposition(format: Format, compressed: bool, body: MetricsBody) -> Response<MetricsBody> {
    let mut response = with_type(StatusCode::OK, format.content_type(), body);
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<MetricsBody> {
    with_type(
        status,
        "text/plain; charset=utf-8",
        MetricsBody::text(text.into()),
    )
}

fn with_type(
    status: StatusCode,
    content_type: &'static str,
    body: MetricsBody,
) -> Response<MetricsBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
