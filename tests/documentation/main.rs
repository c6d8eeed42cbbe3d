//! `docs/metrics.md` agrees with the catalogue and with an exposition.
//!
//! Its table is generated. The other tests look for values that its text must name.

// With fewer features there are fewer series to count.
#[cfg(all(
    feature = "client",
    feature = "process",
    feature = "server",
    target_os = "linux"
))]
mod table;

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use gotk_metrics::{Format, ObjectId, Recorder};

const METRICS: &str = include_str!("../../docs/metrics.md");

/// The words of `text` that are set as code.
fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// What one object of one controller leaves in every family.
fn everything() -> Result<String, Box<dyn Error>> {
    let builder = Recorder::builder();
    #[cfg(feature = "process")]
    let builder = builder.process_metrics();
    let recorder = builder.build()?;
    recorder.append(Arc::default())?;
    let id = ObjectId::new("App", "a").within("ns");
    recorder.record_suspend(&id, false);
    recorder.start(&id).fail_as("quota");
    recorder.record_leader("app-controller", true);
    #[cfg(feature = "client")]
    request(&recorder);
    #[cfg(feature = "server")]
    scrape(&recorder)?;
    Ok(recorder.encode(Format::Text))
}

/// One that nobody answers.
#[cfg(feature = "client")]
fn request(recorder: &Recorder) {
    use std::future::{Pending, pending};
    use std::io;
    use std::task::{Context, Poll};

    use http::{Request, Response, Uri};
    use tower_layer::Layer as _;
    use tower_service::Service;

    struct Silent;
    impl Service<Request<()>> for Silent {
        type Response = Response<()>;
        type Error = io::Error;
        type Future = Pending<io::Result<Response<()>>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            pending()
        }
    }
    let layer = recorder.client_layer(&Uri::from_static("https://example.com"));
    drop(layer.layer(Silent).call(Request::new(())));
}

#[cfg(feature = "server")]
fn scrape(recorder: &Recorder) -> Result<(), Box<dyn Error>> {
    let service = gotk_metrics::MetricsService::new(recorder.clone());
    let (request, ()) = http::Request::new(()).into_parts();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let response = runtime.block_on(service.scrape(&request));
    assert_eq!(response.status(), 200);
    Ok(())
}

#[test]
fn bounds_are_the_recorders() {
    let heading = "## Durations: `gotk_reconcile_duration_seconds`";
    let (_, section) = METRICS.split_once(heading).unwrap();
    let block = section.split("```").nth(1).unwrap();
    let block = block.strip_prefix("text").unwrap();
    let documented: Vec<f64> = block
        .split_whitespace()
        .map(|b| b.parse().unwrap())
        .collect();
    assert_eq!(documented, Recorder::new().durations().bounds());
}

#[test]
fn every_fixed_label_value_is_documented() {
    let text = everything().unwrap();
    let documented: BTreeSet<_> = code(METRICS).into_iter().collect();
    let of_server = cfg!(feature = "server").then_some("code");
    for label in ["status", "result", "limit"].into_iter().chain(of_server) {
        let start = format!("{label}=\"");
        let values = text.split(&*start).skip(1);
        let values: BTreeSet<_> = values.filter_map(|rest| rest.split('"').next()).collect();
        assert!(values.len() > 2, "{label} has {values:?} in\n{text}");
        let missing: Vec<_> = values.difference(&documented).collect();
        assert!(
            missing.is_empty(),
            "values of {label} without a word: {missing:?}"
        );
    }
}
