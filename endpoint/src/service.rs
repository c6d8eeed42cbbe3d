//! From the head of a request to a response.
//!
//! Reads no request body and keeps no state of a connection.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::ACCEPT;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

use crate::admission::{Origin, Place};
#[cfg(feature = "auth")]
use crate::auth::KubernetesAuth;
use crate::body::{Guarded, ResponseBody, Streamed};
use crate::deadline::ConnectionDeadline;
use crate::exposition::{Exposition, Scrape};
use crate::negotiation::{self, MediaType};
use crate::path::{self, PathError};
use crate::query;
#[cfg(feature = "auth")]
use crate::response::denied;
use crate::response::{exposition, method_not_allowed, probe, reads, scrape_failed, text};
use crate::totals::{CountedScrape, Totals};

/// An endpoint without a listener, for a router of your own.
///
/// It is a [`tower_service::Service`] for routers such as axum's. [`respond`](Self::respond) and
/// [`scrape`](Self::scrape) are plain functions from the head of a request to a response. It needs a
/// tokio runtime with time enabled. [`Endpoint`](crate::Endpoint) is the same with a listener.
///
/// | request | response |
/// |---|---|
/// | `GET /metrics` | the exposition; for `HEAD`, its headers |
/// | `GET /metrics?name[]=family` | the selected families, by their name or that of a sample |
/// | `GET /healthz` | 200 |
/// | `GET /readyz` | 200, or 503 while [`ready`](Self::ready) returns `false` |
/// | more scrapes at once than [`ScrapeLimits`](crate::ScrapeLimits) allow | 503 |
/// | another method | 405 |
/// | another path | 404 |
///
/// With access control (`authorize`, feature `auth`) a scrape may also be answered with 401, 403 or
/// 500.
///
/// If a router strips a prefix, or mounts the service elsewhere, set [`path`](Self::path), or call
/// [`scrape`](Self::scrape), which ignores the path.
///
/// A response may hold a snapshot in memory until it is read or dropped. Only the server can detect a
/// client that reads nothing, so it should limit how long a write may take, as `Endpoint` does.
///
/// Cheap to clone.
pub struct EndpointService<X> {
    source: Arc<dyn Source>,
    path: Arc<str>,
    openmetrics: bool,
    gzip: bool,
    ready: Ready,
    #[cfg(feature = "auth")]
    auth: Option<KubernetesAuth>,
    exposition: PhantomData<fn() -> X>,
}

/// A service whose exposition does not matter any more: what serves it is compiled once.
pub(crate) type AnyService = EndpointService<Any>;

#[derive(Debug)]
pub(crate) enum Any {}

/// The connection of a request, if it is one of ours; an extension of the request.
#[derive(Clone, Debug)]
pub(crate) struct ClientConnection {
    pub(crate) address: SocketAddr,
    pub(crate) deadline: ConnectionDeadline,
}

/// An [`Exposition`] as an object.
trait Source: Send + Sync {
    fn expose(&self, scrape: &Scrape) -> Guarded;

    fn media_types(&self) -> &[MediaType];

    fn totals(&self) -> &Arc<Totals>;
}

impl<X: Exposition> Source for X {
    fn expose(&self, scrape: &Scrape) -> Guarded {
        Guarded::new(Box::new(Exposition::expose(self, scrape)))
    }

    fn media_types(&self) -> &[MediaType] {
        Exposition::media_types(self)
    }

    fn totals(&self) -> &Arc<Totals> {
        Exposition::totals(self)
    }
}

#[derive(Clone)]
struct Ready(Arc<dyn Fn() -> bool + Send + Sync>);

impl<X: Exposition> EndpointService<X> {
    /// Creates the endpoint of `exposition` at `/metrics`.
    #[must_use]
    pub fn new(exposition: X) -> Self {
        Self {
            source: Arc::new(exposition),
            path: path::METRICS.into(),
            openmetrics: false,
            gzip: true,
            ready: Ready(Arc::new(|| true)),
            #[cfg(feature = "auth")]
            auth: None,
            exposition: PhantomData,
        }
    }
}

impl<X> EndpointService<X> {
    pub(crate) fn erase(self) -> AnyService {
        EndpointService {
            source: self.source,
            path: self.path,
            openmetrics: self.openmetrics,
            gzip: self.gzip,
            ready: self.ready,
            #[cfg(feature = "auth")]
            auth: self.auth,
            exposition: PhantomData,
        }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn totals(&self) -> &Arc<Totals> {
        self.source.totals()
    }

    /// Sets the path of the exposition. Defaults to `/metrics`.
    ///
    /// # Errors
    ///
    /// Returns a [`PathError`] if no request can have this path, or if it is the path of a probe.
    pub fn path(mut self, path: impl Into<String>) -> Result<Self, PathError> {
        self.path = path::checked(path.into())?.into();
        Ok(self)
    }

    /// Enables OpenMetrics for clients that prefer it.
    ///
    /// Prometheus 2 prefers it, and stores its `le="1.0"` as another series than the `le="1"` of
    /// text 0.0.4, which is why Go's promhttp disables it by default. Without effect if the
    /// exposition cannot write anything else. Defaults to `false`.
    #[must_use]
    pub fn openmetrics(mut self, enabled: bool) -> Self {
        self.openmetrics = enabled;
        self
    }

    /// Enables gzip for clients that accept it.
    ///
    /// An exposition shrinks to less than a tenth. One that fits into a packet is never compressed.
    /// Defaults to `true`.
    #[must_use]
    pub fn gzip(mut self, enabled: bool) -> Self {
        self.gzip = enabled;
        self
    }

    /// Sets the callback that decides the response of `/readyz`.
    ///
    /// Called for each request on its thread, so it must not block. A panic counts as not ready. By
    /// default the endpoint is always ready.
    #[must_use]
    pub fn ready(mut self, ready: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.ready = Ready(Arc::new(ready));
        self
    }

    /// Restricts scrapes to clients that the cluster authorizes; see [`KubernetesAuth`].
    ///
    /// The right is checked for the [`path`](Self::path) of this service, even if a router passes
    /// another one. Probes stay open. By default all clients may scrape.
    #[cfg(feature = "auth")]
    #[must_use]
    pub fn authorize(mut self, auth: KubernetesAuth) -> Self {
        self.source.totals().enable_auth();
        self.auth = Some(auth);
        self
    }

    /// Responds by path and method.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the scrape, which counts as aborted.
    pub async fn respond(&self, request: &Parts) -> Response<ResponseBody> {
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

    /// Responds with the exposition whatever the path is, for a router that has matched it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the scrape, which counts as aborted.
    pub async fn scrape(&self, request: &Parts) -> Response<ResponseBody> {
        let mut counted = CountedScrape::begin(self.source.totals());
        if !reads(&request.method) {
            counted.method_not_allowed();
            return method_not_allowed();
        }
        let connection = request.extensions.get::<ClientConnection>();
        let origin = connection.map(|one| Origin::address(one.address.ip()));
        let origin = origin.unwrap_or_default();
        #[cfg(feature = "auth")]
        let origin = match &self.auth {
            Some(auth) => {
                let deadline = connection.map(|one| &one.deadline);
                let checked = auth.check(&request.headers, &self.path, origin, deadline);
                match checked.await {
                    Ok(identity) => Origin::Identity(identity),
                    Err(denial) => return denied(denial, &mut counted),
                }
            }
            None => origin,
        };
        let Some(media_type) = self.media_type(&request.headers) else {
            return scrape_failed();
        };
        if request.method == Method::HEAD {
            counted.respond();
            counted.complete();
            return exposition(media_type, false, ResponseBody::head());
        }
        let gzip = self.gzip && negotiation::accepts_gzip(&request.headers);
        let scrape = Scrape::new(media_type, query::families(request.uri.query()));
        let admission = self.source.totals().admission();
        let until = admission.wait_until(&request.headers);
        let deadline = connection.map(|one| &one.deadline);
        let admitted = async {
            let place = admission.admit(origin, deadline, until).await?;
            Some((place, admission.encoder(until).await?))
        };
        // Also if the client is gone before.
        counted.rejected();
        let Some(admitted) = admitted.await else {
            return text(StatusCode::SERVICE_UNAVAILABLE, "too many scrapes\n");
        };
        counted.admitted();
        self.expose(counted, scrape, gzip, admitted).await
    }

    async fn expose(
        &self,
        counted: CountedScrape,
        scrape: Scrape,
        gzip: bool,
        (place, encoder): (Place, OwnedSemaphorePermit),
    ) -> Response<ResponseBody> {
        let source = Arc::clone(&self.source);
        let media_type = scrape.media_type();
        // Starting an exposition may block.
        let start = move || {
            // The payload is leaked: dropping it runs foreign code, which could panic again.
            let body = catch_unwind(AssertUnwindSafe(|| source.expose(&scrape)));
            let body = body.map_err(mem::forget).ok()?;
            Streamed::start(body, gzip, counted, place).ok()
        };
        // On a task, so that the next scrape gets the thread, even if the client is gone before: a
        // permit that ends in the thread comes back before the thread does.
        let started = tokio::spawn(async move {
            let started = spawn_blocking(start).await;
            drop(encoder);
            started
        });
        match started.await {
            Ok(Ok(Some(started))) => {
                let compressed = started.is_compressed();
                exposition(media_type, compressed, ResponseBody::exposition(started))
            }
            _ => scrape_failed(),
        }
    }

    fn media_type(&self, headers: &HeaderMap) -> Option<MediaType> {
        let mut available = self.source.media_types().to_vec();
        if !self.openmetrics && available.iter().any(|one| !one.is_openmetrics()) {
            available.retain(|one| !one.is_openmetrics());
        }
        let accept = headers.get_all(ACCEPT).iter();
        let accept: Vec<&str> = accept.filter_map(|value| value.to_str().ok()).collect();
        MediaType::preferred(&available, &accept.join(","))
    }

    fn is_ready(&self) -> bool {
        // The payload is leaked: dropping it runs foreign code, which could panic again.
        catch_unwind(AssertUnwindSafe(|| (self.ready.0)()))
            .map_err(mem::forget)
            .unwrap_or(false)
    }
}

impl<X> Clone for EndpointService<X> {
    fn clone(&self) -> Self {
        Self {
            source: Arc::clone(&self.source),
            path: Arc::clone(&self.path),
            openmetrics: self.openmetrics,
            gzip: self.gzip,
            ready: self.ready.clone(),
            #[cfg(feature = "auth")]
            auth: self.auth.clone(),
            exposition: PhantomData,
        }
    }
}

impl<X> fmt::Debug for EndpointService<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("EndpointService");
        out.field("path", &self.path)
            .field("openmetrics", &self.openmetrics)
            .field("gzip", &self.gzip);
        #[cfg(feature = "auth")]
        out.field("auth", &self.auth);
        out.finish_non_exhaustive()
    }
}

impl<X: Exposition> From<X> for EndpointService<X> {
    fn from(exposition: X) -> Self {
        Self::new(exposition)
    }
}

impl<X: 'static, B> tower_service::Service<Request<B>> for EndpointService<X> {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        // The request's body is not read.
        let (parts, _) = request.into_parts();
        Box::pin(async move { Ok(service.respond(&parts).await) })
    }
}
