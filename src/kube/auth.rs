//! Feature `auth`: sends the reviews of the endpoint with a `kube::Client`.
//!
//! Not through `Client::request`: kube logs a response that it cannot read, and the response to a
//! `TokenReview` contains the token.

use super::deps::kube_client::client::Body;
use super::deps::kube_client::{self, Client};
use http::{Request, Response};
use metrics_endpoint::{KubernetesAuth, ReviewClient};

struct KubeClient(Client);

impl ReviewClient for KubeClient {
    type Body = Body;
    type Error = kube_client::Error;

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Body>, kube_client::Error> {
        self.0.send(request.map(Body::from)).await
    }
}

/// Restricts scrapes to clients that the cluster of `client` authorizes.
///
/// For `MetricsServer::authorize` and `MetricsService::authorize`. [`KubernetesAuth`] describes the
/// responses, the costs and the options. The controller's service account needs `create` on
/// `tokenreviews` and `subjectaccessreviews`, and the scraper's needs `get` on the non-resource URL;
/// `docs/security.md` has both.
///
/// # Examples
///
/// ```no_run
/// use gotk_metrics::{MetricsServer, Recorder, kube::kubernetes_auth};
/// use kube_client::Client; // kube::Client in a controller
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::try_default().await?;
/// let auth = kubernetes_auth(client).on_error(|error| eprintln!("metrics: {error}"));
/// let server = MetricsServer::bind(Recorder::new(), 8080).await?.authorize(auth);
/// tokio::spawn(server.serve());
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn kubernetes_auth(client: Client) -> KubernetesAuth {
    KubernetesAuth::new(KubeClient(client))
}
