//! Feature `server`: the recorder as an exposition of `metrics-endpoint`.
//!
//! The endpoint itself is that crate. It knows nothing of recorders, and its types appear here and
//! in the totals alone.

use metrics_endpoint::{Body, Endpoint, EndpointService, Exposition, MediaType};
use metrics_endpoint::{ResponseBody, Scrape, Totals};

use crate::exposition::{Chunks, Format, Selection};
use crate::recorder::Recorder;
use crate::sync::Arc;

/// Serves a recorder's exposition at `GET /metrics` over HTTP/1.1, with `/healthz` and `/readyz`.
///
/// This is [`Endpoint`] of the crate `metrics-endpoint`, which documents all methods. It serves text
/// 0.0.4 by default, as Go's promhttp does; see [`openmetrics`](Endpoint::openmetrics). The body is
/// streamed in chunks of about 64 KiB, so a scrape needs little memory however many objects there
/// are. By default the endpoint is plain HTTP without authentication; see `tls` and `authorize`,
/// which are features (the second is `auth`).
///
/// All servers of one recorder share its counters and limits. Metrics of your own join the
/// exposition through [`Recorder::append`].
///
/// # Examples
///
/// ```
/// use gotk_metrics::{MetricsServer, Recorder};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let recorder = Recorder::new();
/// # let port = 0;
/// let server = MetricsServer::bind(recorder.clone(), port).await?;
/// println!("metrics at http://{}/metrics", server.local_addr());
///
/// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
/// let serving = tokio::spawn(server.serve_until(async { drop(stopped.await) }));
/// // The controller runs here.
/// drop(stop);
/// serving.await?;
/// # Ok(())
/// # }
/// ```
///
/// An address that is in use is an error before the first reconcile:
///
/// ```
/// use gotk_metrics::{MetricsServer, Recorder};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let taken = listener.local_addr()?;
/// let error = MetricsServer::bind(Recorder::new(), taken).await.unwrap_err();
/// assert_eq!(error.to_string(), format!("cannot bind the metrics endpoint to {taken}"));
/// # Ok(())
/// # }
/// ```
pub type MetricsServer = Endpoint<Recorder>;

/// Answers requests for a recorder's exposition: the endpoint for a router of your own.
///
/// This is [`EndpointService`] of the crate `metrics-endpoint`, which documents all methods and lists
/// the responses. It is a tower service for routers such as axum's.
/// [`respond`](EndpointService::respond) and [`scrape`](EndpointService::scrape) are plain functions
/// from the head of a request to a response.
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
///
/// let error = service.path("metrics").unwrap_err();
/// assert_eq!(error.to_string(), "metrics path `metrics` does not begin with a slash");
/// # }
/// ```
pub type MetricsService = EndpointService<Recorder>;

/// The body of a response of [`MetricsService`].
pub type MetricsBody = ResponseBody;

/// The formats of [`Recorder`], the default first.
const MEDIA_TYPES: [MediaType; 2] = [
    MediaType::new(Format::Text.content_type()),
    MediaType::new(Format::OpenMetrics.content_type()),
];

impl Exposition for Recorder {
    type Body = Chunks;

    fn expose(&self, scrape: &Scrape) -> Chunks {
        let [_, openmetrics] = MEDIA_TYPES;
        let format = if scrape.media_type() == openmetrics {
            Format::OpenMetrics
        } else {
            Format::Text
        };
        let families = scrape.families().cloned();
        let selection = families.map_or_else(Selection::default, Selection::of);
        self.encode_selected(format, selection)
    }

    fn media_types(&self) -> &[MediaType] {
        &MEDIA_TYPES
    }

    fn totals(&self) -> &Arc<Totals> {
        &self.inner.totals
    }
}

impl Body for Chunks {
    fn fill(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(chunk) = self.next() else {
            return false;
        };
        if out.is_empty() {
            *out = chunk;
        } else {
            out.extend(chunk);
        }
        true
    }

    fn is_end(&self) -> bool {
        self.is_done()
    }
}
