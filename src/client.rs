//! Feature `client`: counts the requests of a `kube::Client`.
//!
//! Looks at the head of a request and of its answer; neither is changed, nothing is boxed, and no
//! body is read.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{Request, Response, Uri};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::inner::Inner;
use crate::recorder::Recorder;
use crate::requests::{Code, Host, Method};
use crate::sync::Arc;

impl Recorder {
    /// A tower layer that counts the requests of a client.
    ///
    /// In `rest_client_requests_total` and `rest_client_request_duration_seconds`, as
    /// [`ClientLayer`] says. For the `ClientBuilder` of kube, before the client is built:
    ///
    /// ```text
    /// let requests = recorder.client_layer(&config.cluster_url);
    /// let client = ClientBuilder::try_from(config)?.with_layer(&requests).build();
    /// ```
    ///
    /// `cluster_url` is where the label `host` comes from: a layer of `ClientBuilder` sees requests
    /// before kube gives them a host. At most 16 hosts have series.
    ///
    /// So placed, the layer sees what client-go counts: a request with all its retries is one, with
    /// the last answer and the time of all. kube's retries are inside of `with_layer`; to count
    /// each attempt they have to be outside, and `docs/metrics.md` shows how.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use std::future::{Ready, ready};
    /// use std::task::{Context, Poll};
    ///
    /// use gotk_metrics::{Format, Recorder};
    /// use http::{Request, Response, Uri};
    /// use tower_layer::Layer as _;
    /// use tower_service::Service;
    ///
    /// struct Server;
    ///
    /// impl Service<Request<()>> for Server {
    /// #   type Response = Response<()>;
    /// #   type Error = Infallible;
    /// #   type Future = Ready<Result<Response<()>, Infallible>>;
    /// #   fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> { Poll::Ready(Ok(())) }
    ///     // …
    ///     fn call(&mut self, _: Request<()>) -> Self::Future {
    ///         ready(Ok(Response::new(())))
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let recorder = Recorder::new();
    /// let url = Uri::from_static("https://10.96.0.1:443");
    /// let mut client = recorder.client_layer(&url).layer(Server);
    /// client.call(Request::get("/api/v1/pods").body(()).unwrap()).await.unwrap();
    ///
    /// let line = r#"rest_client_requests_total{code="200",host="10.96.0.1:443",method="GET"} 1"#;
    /// assert!(recorder.encode(Format::Text).contains(line));
    /// # }
    /// ```
    #[must_use = "a layer counts nothing until a client has it"]
    pub fn client_layer(&self, cluster_url: &Uri) -> ClientLayer {
        let inner = Arc::clone(&self.inner);
        let host = inner.requests.host(&host(cluster_url));
        ClientLayer {
            target: Arc::new(Target { inner, host }),
        }
    }
}

/// Counts the requests that pass; made by [`Recorder::client_layer`].
///
/// | the request | `code` |
/// |---|---|
/// | was answered | the status of the answer |
/// | was not: the service failed | `<error>`, as in client-go |
/// | was dropped before its answer, for one by a timeout | `<error>`, as client-go has it when a context ends |
///
/// It counts when the head of its answer is there, and its duration ends then; it begins with the
/// call of the service. Failed and dropped requests have one too, or a server that does not answer
/// would look fast. A watch counts like any request and has no duration: how long it stays is what
/// its caller wants. The same goes for a log that is followed.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct ClientLayer {
    target: Arc<Target>,
}

/// Where the requests of a client are counted.
struct Target {
    inner: Arc<Inner>,
    /// `None` if there are too many.
    host: Option<Arc<Host>>,
}

impl<S> Layer<S> for ClientLayer {
    type Service = ClientService<S>;

    fn layer(&self, service: S) -> ClientService<S> {
        ClientService {
            service,
            layer: self.clone(),
        }
    }
}

/// A service whose requests are counted; made by [`ClientLayer`].
///
/// `Clone` and `Send` if the service is.
#[derive(Clone)]
pub struct ClientService<S> {
    service: S,
    layer: ClientLayer,
}

impl<S, B, R> Service<Request<B>> for ClientService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ClientFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let pending = Pending::new(&self.layer.target, &request);
        ClientFuture {
            future: self.service.call(request),
            pending: Some(pending),
        }
    }
}

pin_project! {
    /// The answer to a request that is counted; made by [`ClientService`].
    ///
    /// Holds the future of the service in place, without a box, and is `Send` if that is.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the request counts as `<error>`.
    #[must_use = "futures do nothing unless polled; the request counts as an error if this is dropped"]
    pub struct ClientFuture<F> {
        #[pin]
        future: F,
        pending: Option<Pending>,
    }
}

impl<F, R, E> Future for ClientFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.future.poll(cx));
        if let Some(mut pending) = this.pending.take()
            && let Ok(response) = &answer
        {
            pending.code = Code::Status(response.status().as_u16());
        }
        Poll::Ready(answer)
    }
}

/// A request without an answer so far. Counted when it is dropped, however that comes about.
struct Pending {
    target: Arc<Target>,
    method: Option<Method>,
    /// `None` if how long it takes means nothing.
    start: Option<Duration>,
    code: Code,
}

impl Pending {
    fn new<B>(target: &Arc<Target>, request: &Request<B>) -> Self {
        let timed = !goes_on(request.uri());
        Self {
            target: Arc::clone(target),
            method: Method::named(request.method().as_str()),
            start: timed.then(|| target.inner.store.now()),
            code: Code::Error,
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let Target { inner, host } = &*self.target;
        let took = self
            .start
            .map(|start| inner.store.now().saturating_sub(start));
        inner
            .requests
            .ended(host.as_deref(), self.method, self.code, took);
    }
}

/// As it stands in the URL, with the port if there is one, and as client-go writes it.
fn host(url: &Uri) -> String {
    match (url.host(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        // What client-go writes where it knows of none.
        (None, _) => "none".to_owned(),
    }
}

/// Whether the answer goes on for as long as it likes: a watch, or a log that is followed.
///
/// The API server takes anything but `false` and `0` for true.
fn goes_on(uri: &Uri) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .any(|(key, value)| {
            let asked = !(value == "0" || value.eq_ignore_ascii_case("false"));
            asked && (key == "watch" || key == "follow")
        })
}

impl fmt::Debug for ClientLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.target.host.as_deref();
        f.debug_struct("ClientLayer")
            .field("host", &host.map(Host::name))
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug> fmt::Debug for ClientService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientService")
            .field("service", &self.service)
            .field("layer", &self.layer)
            .finish()
    }
}

impl<F: fmt::Debug> fmt::Debug for ClientFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientFuture")
            .field("future", &self.future)
            .finish_non_exhaustive()
    }
}
