//! A registry that would break the exposition is not appended.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;

use gotk_metrics::{AppendError, Family, Format, Recorder};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

fn registry(name: &str, metric: impl Metric) -> Arc<Registry> {
    let mut registry = Registry::default();
    registry.register(name, "Help", metric);
    Arc::new(registry)
}

fn gauge(name: &str) -> Arc<Registry> {
    registry(name, Gauge::<i64>::default())
}

fn counter(name: &str) -> Arc<Registry> {
    registry(name, Counter::<u64>::default())
}

/// The error, after which the exposition is as it was.
#[track_caller]
fn append_error(recorder: &Recorder, registry: Arc<Registry>) -> AppendError {
    let before = recorder.encode(Format::Text);
    let error = recorder.append(registry).expect_err("it must be refused");
    assert_eq!(recorder.encode(Format::Text), before);
    error
}

#[track_caller]
fn assert_collides(registry: Arc<Registry>, name: &str, family: Family) {
    match append_error(&Recorder::new(), registry) {
        error @ AppendError::FamilyOfRecorder { .. } => {
            let ours = family.name();
            let message = format!(
                "registry has a family `{name}`, which collides with the recorder's `{ours}`"
            );
            assert_eq!(error.to_string(), message);
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_family_named_like_one_of_ours_is_refused() {
    // What a recorder was not asked for is free for others; `tests/process.rs` asks.
    let asked_for = |family: &Family| !family.name().starts_with("process_");
    for family in Family::all().filter(asked_for) {
        assert_collides(gauge(family.name()), family.name(), family);
        if let Some(name) = family.name().strip_suffix("_total") {
            // It writes our samples, or its TYPE line is ours in OpenMetrics.
            assert_collides(counter(name), name, family);
            assert_collides(gauge(name), name, family);
        }
    }
}

#[test]
fn a_family_named_like_our_samples_is_refused() {
    for suffix in ["_bucket", "_sum", "_count"] {
        let name = format!("gotk_reconcile_duration_seconds{suffix}");
        assert_collides(gauge(&name), &name, Family::ReconcileDuration);
    }
}

#[test]
fn a_family_in_a_sub_registry_is_refused_by_its_whole_name() {
    let mut registry = Registry::with_prefix("gotk");
    let sub = registry.sub_registry_with_prefix("suspend");
    sub.register("status", "Help", Gauge::<i64>::default());
    let name = "gotk_suspend_status";
    assert_collides(Arc::new(registry), name, Family::SuspendStatus);
}

#[test]
fn names_that_only_look_like_ours_are_taken() {
    let recorder = Recorder::new();
    for name in [
        "gotk_suspend",
        "gotk_suspend_status_reason",
        "gotk_reconcile_duration",
        "gotk_reconcile_duration_seconds_max",
        "controller_runtime_idle_workers",
        "gotkmetrics",
    ] {
        recorder.append(gauge(name)).unwrap();
    }
}

#[test]
fn a_registry_is_appended_once() {
    let recorder = Recorder::new();
    for registry in [gauge("app"), Arc::new(Registry::default())] {
        recorder.append(Arc::clone(&registry)).unwrap();
        let error = append_error(&recorder.clone(), registry);
        assert_eq!(error, AppendError::AlreadyAppended);
        assert_eq!(error.to_string(), "registry is already appended");
    }
}

#[test]
fn a_family_of_a_registry_appended_before_is_refused() {
    let recorder = Recorder::new();
    recorder.append(gauge("app")).unwrap();
    let error = append_error(&recorder, counter("app"));
    let message = "registry has a family `app`, which an appended registry has too";
    assert_eq!(error.to_string(), message);
    recorder.append(gauge("other")).unwrap();
    // Another recorder may have it.
    Recorder::new().append(gauge("app")).unwrap();
}

#[test]
fn a_family_whose_samples_a_registry_appended_before_has_is_refused() {
    let histogram = || registry("app", Histogram::new([1.0]));
    let info = || registry("app", Info::new(vec![("version", "1")]));
    for (first, second) in [
        (counter("app"), gauge("app_total")),
        (gauge("app_total"), counter("app")),
        (info(), gauge("app_info")),
        (gauge("app_info"), info()),
        (histogram(), gauge("app_count")),
        (gauge("app_bucket"), histogram()),
    ] {
        let recorder = Recorder::new();
        recorder.append(first).unwrap();
        let error = recorder.append(second);
        let text = recorder.encode(Format::Text);
        assert!(
            matches!(error, Err(AppendError::FamilyAppended { .. })),
            "{error:?} in\n{text}"
        );
    }
}

/// A counter of any name. In a debug build `register` panics for one that ends with `_total`.
#[derive(Debug)]
struct NamedCounter(&'static str);

impl Collector for NamedCounter {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let counter = Counter::<u64>::default();
        let metric = encoder.encode_descriptor(self.0, "Help", None, MetricType::Counter)?;
        counter.encode(metric)
    }
}

#[test]
fn two_families_of_one_name_in_a_registry_are_refused() {
    for (first, second) in [("app", "app"), ("app", "app_total"), ("app_total", "app")] {
        let mut registry = Registry::default();
        registry.register(first, "Help", Gauge::<i64>::default());
        registry.register_collector(Box::new(NamedCounter(second)));
        let registry = Arc::new(registry);
        if (first, second) == ("app", "app_total") {
            // A counter called `app_total` writes `app_total_total`: they do not meet.
            Recorder::new().append(registry).unwrap();
            continue;
        }
        let message =
            format!("registry has a family `{second}` twice, or its samples are another's");
        let error = append_error(&Recorder::new(), registry);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_family_that_the_recorder_does_not_expose_is_free() {
    for family in Family::all() {
        let recorder = Recorder::builder().without(family).build().unwrap();
        recorder.append(gauge(family.name())).unwrap();
        let line = format!("\n{} 0\n", family.name());
        assert!(recorder.encode(Format::Text).contains(&line));
    }
}

#[test]
fn another_recorders_collector_is_refused() {
    let mut registry = Registry::default();
    let sub = registry.sub_registry_with_prefix("p");
    Recorder::new().register(sub).unwrap();
    let error = append_error(&Recorder::new(), Arc::new(registry));
    assert_eq!(error, AppendError::OtherRecorder);
    assert_eq!(
        error.to_string(),
        "registry has another recorder as a collector"
    );
}

#[test]
fn our_own_collector_is_taken() {
    let recorder = Recorder::new();
    let mut registry = Registry::default();
    recorder.clone().register(&mut registry).unwrap();
    recorder.append(Arc::new(registry)).unwrap();
}

#[derive(Debug)]
struct Broken {
    panics: bool,
}

impl Collector for Broken {
    fn encode(&self, _: DescriptorEncoder<'_>) -> fmt::Result {
        if self.panics {
            // Not `panic!`, which would print.
            resume_unwind(Box::new("collector"));
        }
        Err(fmt::Error)
    }
}

#[test]
fn a_registry_that_cannot_be_encoded_is_refused() {
    for panics in [false, true] {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Broken { panics }));
        let error = append_error(&Recorder::new(), Arc::new(registry));
        assert_eq!(error, AppendError::Encode);
        assert_eq!(error.to_string(), "registry cannot be encoded");
    }
}
