//! Feature client: requests to a simulated API server, counted as those of a `kube::Client` are.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use gotk_metrics::Recorder;
use gotk_metrics::client::ClientLayer;
use http::{Method, Request, Response, Uri};
use tower_layer::Layer as _;
use tower_service::Service;

const URL: &str = "https://10.96.0.1:443";

pub(crate) struct Client(ClientLayer);

/// Answers each request with `status`.
struct ApiServer {
    status: u16,
    takes: Duration,
}

impl Client {
    pub(crate) fn new(recorder: &Recorder) -> Self {
        Self(recorder.client_layer(&Uri::from_static(URL)))
    }

    /// Returns when it was answered, or after `takes` at the latest.
    pub(crate) async fn send(&self, method: &'static str, status: u16, takes: Duration) {
        let mut request = Request::new(());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap_or_default();
        let mut server = self.0.layer(ApiServer { status, takes });
        // It cannot fail.
        let _ = server.call(request).await;
    }
}

impl Service<Request<()>> for ApiServer {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<()>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let (takes, status) = (self.takes, self.status);
        Box::pin(async move {
            tokio::time::sleep(takes).await;
            let mut response = Response::new(());
            *response.status_mut() = status.try_into().unwrap_or_default();
            Ok(response)
        })
    }
}
