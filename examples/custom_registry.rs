//! Shows metrics of one's own beside the recorder's, in both directions.
//!
//!     cargo run --no-default-features --example custom_registry
//!
//! First the user's registry is appended to the recorder's exposition, which is what to do where
//! there is a choice. Then another recorder becomes a collector in a registry that exists already.

use std::sync::Arc;
use std::time::Duration;

use gotk_metrics::{Format, ObjectId, Recorder};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::{counter::Counter, family::Family};
use prometheus_client::registry::{Registry, Unit};

type Error = Box<dyn std::error::Error>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Template {
    engine: &'static str,
}

fn main() -> Result<(), Error> {
    println!("--- the user's registry appended to ours: Prometheus text");
    print!("{}", appended()?);
    println!("--- our recorder as a collector in the user's registry: OpenMetrics");
    print!("{}", registered()?);
    Ok(())
}

/// Numbers, order and format are Go's for our families; the user's follow.
fn appended() -> Result<String, Error> {
    let renders = Family::<Template, Counter>::default();
    let downloads = Counter::<u64>::default();
    let mut registry = Registry::with_prefix("app");
    registry.register("renders", "Templates rendered", renders.clone());
    registry.register_with_unit(
        "downloads",
        "Bytes of sources read",
        Unit::Bytes,
        downloads.clone(),
    );

    let recorder = Recorder::new();
    // An error here, before the first reconcile, if a family's name is taken.
    recorder.append(Arc::new(registry))?;

    reconcile(&recorder);
    renders
        .get_or_create(&Template { engine: "jinja" })
        .inc_by(3);
    downloads.inc_by(4_096);
    Ok(recorder.encode(Format::Text))
}

/// For a process whose `/metrics` is prometheus-client's already and stays so.
fn registered() -> Result<String, Error> {
    let mut registry = Registry::default();
    let recorder = Recorder::new();
    recorder.register(&mut registry)?;

    reconcile(&recorder);
    let mut out = String::new();
    // prometheus-client writes bounds with its own digits, le="0.038363583488692547" where Go and
    // `append` write le="0.038363583488692544", and puts `le` first. Prometheus 2 takes the two for
    // different buckets, so that a sum over Go and Rust controllers breaks.
    text::encode(&mut out, &registry)?;
    Ok(out)
}

fn reconcile(recorder: &Recorder) {
    let cart = ObjectId::new("App", "cart").within("shop");
    recorder.record_suspend(&cart, false);
    recorder.record_duration(&cart, Duration::from_millis(20));
}
