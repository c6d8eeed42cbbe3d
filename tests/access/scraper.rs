//! Who scrapes, and the service that is scraped.
//!
//! Each scrape is a request of its own; what comes back is read to its end.

use std::sync::{Arc, Mutex};

use gotk_metrics::ScrapeLimits;
use gotk_metrics::kube::kubernetes_auth;
use gotk_metrics::{ConditionStatus, ConditionType, Format, ObjectId};
use gotk_metrics::{KubernetesAuth, MetricsService, Recorder};
use http::Request;
use http_body_util::BodyExt as _;
use tokio::task::{JoinHandle, yield_now};

use crate::cluster::Cluster;

pub(crate) const GOOD: &str = "good-token";
pub(crate) const USER: &str = "system:serviceaccount:monitoring:prometheus";

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) cluster: Cluster,
    pub(crate) recorder: Recorder,
    pub(crate) service: MetricsService,
    errors: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) www_authenticate: Option<String>,
    pub(crate) body: String,
}

impl World {
    /// With a scraper who has the right.
    pub(crate) fn new() -> Self {
        Self::with(|auth| auth)
    }

    pub(crate) fn with(options: impl FnOnce(KubernetesAuth) -> KubernetesAuth) -> Self {
        let cluster = Cluster::default();
        cluster.add_user(GOOD, USER);
        cluster.permit(USER, "/metrics");
        let errors = Arc::<Mutex<Vec<String>>>::default();
        let told = Arc::clone(&errors);
        let auth = kubernetes_auth(cluster.client()).on_error(move |error| {
            let source = std::error::Error::source(error).map(ToString::to_string);
            let text = format!("{error}; {}; {error:?}", source.unwrap_or_default());
            told.lock().unwrap().push(text);
        });
        let recorder = recorder();
        let service = MetricsService::new(recorder.clone()).authorize(options(auth));
        Self {
            cluster,
            recorder,
            service,
            errors,
        }
    }

    /// What the callback was told.
    pub(crate) fn errors(&self) -> Vec<String> {
        self.errors.lock().unwrap().clone()
    }

    pub(crate) async fn scrape(&self, token: &str) -> Answer {
        self.ask("GET", "/metrics", &[&format!("Bearer {token}")])
            .await
    }

    pub(crate) async fn status(&self, token: &str) -> u16 {
        self.scrape(token).await.status
    }

    pub(crate) fn spawn(&self, token: &str) -> JoinHandle<u16> {
        let (world, token) = (self.clone(), token.to_owned());
        tokio::spawn(async move { world.status(&token).await })
    }

    /// A request with these headers `Authorization`.
    pub(crate) async fn ask(&self, method: &str, target: &str, tokens: &[&str]) -> Answer {
        let mut request = Request::builder().method(method).uri(target);
        for token in tokens {
            request = request.header("authorization", *token);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let response = self.service.respond(&parts).await;
        let header = response.headers().get("www-authenticate");
        let header = header.map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let answer = Answer {
            status,
            www_authenticate: header,
            body: String::from_utf8(body.to_vec()).unwrap(),
        };
        // Whatever happens: metrics for those who may, and for nobody else.
        let shows = answer.body.contains("gotk_");
        let is_exposition = status == 200 && method == "GET" && target.ends_with("/metrics");
        assert_eq!(shows, is_exposition, "{answer:?}");
        answer
    }

    /// Scrapes that were answered with a code.
    pub(crate) fn counted(&self, code: &str) -> Option<u64> {
        let text = self.recorder.encode(Format::Text);
        let name = format!("gotkmetrics_scrapes_total{{code=\"{code}\"}} ");
        let value = text.lines().find_map(|line| line.strip_prefix(&name))?;
        Some(value.parse().unwrap())
    }
}

/// With something to show, and room for many scrapes of one user.
pub(crate) fn recorder() -> Recorder {
    let limits = ScrapeLimits::default().queue(300).unwrap();
    let recorder = Recorder::builder().scrape_limits(limits).build().unwrap();
    let object = ObjectId::new("App", "web");
    recorder.record_condition(&object, &ConditionType::READY, ConditionStatus::True);
    recorder
}

/// Lets everybody do what they can without time passing.
pub(crate) async fn settle() {
    for _ in 0..1_000 {
        yield_now().await;
    }
}
