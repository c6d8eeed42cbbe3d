//! What an appended registry does wrong after set-up is left out and counted; our families stay.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gotk_metrics::Format::{OpenMetrics, Text};
use gotk_metrics::{ObjectId, Recorder};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use crate::whole::assert_text;

/// How a collector behaves; shared with the test.
#[derive(Clone, Debug, Default)]
struct Mood(Arc<AtomicU32>);

const FAILING: u32 = 1;
const PANICKING: u32 = 2;

impl Mood {
    fn set(&self, mood: u32) {
        self.0.store(mood, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Moody(Mood);

impl Collector for Moody {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // It breaks half way: a part of its text is written already.
        let metric = encoder.encode_descriptor("moody", "Help", None, MetricType::Gauge)?;
        match self.0.0.load(Ordering::Relaxed) {
            // Not `panic!`, which would print.
            PANICKING => resume_unwind(Box::new("collector")),
            FAILING => Err(fmt::Error),
            _ => ConstGauge::new(1).encode(metric),
        }
    }
}

/// A recorder with one object, a registry with the moody collector, and a good registry after it.
fn moody() -> (Recorder, Mood) {
    let recorder = Recorder::new();
    recorder.record_suspend(&ObjectId::new("A", "b"), true);
    let mood = Mood::default();
    let mut registry = Registry::default();
    registry.register("beside", "Help", Gauge::<i64>::default());
    registry.register_collector(Box::new(Moody(mood.clone())));
    recorder.append(Arc::new(registry)).unwrap();
    append_gauge(&recorder, "good");
    (recorder, mood)
}

fn append_gauge(recorder: &Recorder, name: &str) {
    let mut registry = Registry::default();
    registry.register(name, "Help", Gauge::<i64>::default());
    recorder.append(Arc::new(registry)).unwrap();
}

/// Compares the families of an exposition, less ours but for the number of what was left out.
#[track_caller]
fn assert_appended(recorder: &Recorder, errors: u32, expected: &[&str]) {
    let text = recorder.encode(Text);
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let mut families = families.filter_map(|line| line.split(' ').next());
    assert_eq!(families.next(), Some("gotk_suspend_status"), "in\n{text}");
    assert_eq!(
        families.next(),
        Some("gotkmetrics_append_errors_total"),
        "in\n{text}"
    );
    assert_eq!(families.collect::<Vec<_>>(), expected, "in\n{text}");
    let suspended = "gotk_suspend_status{kind=\"A\",name=\"b\",namespace=\"\"} 1\n";
    assert!(text.contains(suspended), "in\n{text}");
    let counter = format!("\ngotkmetrics_append_errors_total {errors}\n");
    assert!(
        text.contains(&counter),
        "{errors} errors are not in\n{text}"
    );
}

#[test]
fn a_failing_collector_takes_its_registry_out_and_is_counted() {
    let (recorder, mood) = moody();
    assert_appended(&recorder, 0, &["beside", "moody", "good"]);
    mood.set(FAILING);
    assert_appended(&recorder, 1, &["good"]);
    assert_appended(&recorder, 2, &["good"]);
    mood.set(0);
    assert_appended(&recorder, 2, &["beside", "moody", "good"]);
}

#[test]
fn a_panicking_collector_takes_its_registry_out_and_is_counted() {
    let (recorder, mood) = moody();
    mood.set(PANICKING);
    assert_appended(&recorder, 1, &["good"]);
    assert!(recorder.encode(OpenMetrics).ends_with("\ngood 0\n# EOF\n"));
    mood.set(0);
    assert_appended(&recorder, 2, &["beside", "moody", "good"]);
}

#[test]
fn our_collector_is_heard_again_after_a_panic_beside_it() {
    let (recorder, mood) = moody();
    mood.set(PANICKING);
    assert_appended(&recorder, 1, &["good"]);
    let mut registry = Registry::default();
    recorder.register(&mut registry).unwrap();
    let mut out = String::new();
    prometheus_client::encoding::text::encode_registry(&mut out, &registry).unwrap();
    assert_text(&out, &without_header_of_errors(&recorder.encode(Text)));
}

/// The part of an exposition that stands before the count of errors.
fn without_header_of_errors(text: &str) -> String {
    let end = text.find("# HELP gotkmetrics").unwrap_or(text.len());
    text[..end].to_owned()
}

#[test]
fn a_family_that_becomes_ours_is_left_out_and_counted() {
    for name in [
        "gotk_suspend_status",
        "gotk_reconcile_condition",
        "gotk_reconcile_duration_seconds",
        "gotk_reconcile_duration_seconds_bucket",
        "gotkmetrics_refused_total",
        "controller_runtime_reconcile_total",
    ] {
        let recorder = Recorder::new();
        recorder.record_suspend(&ObjectId::new("A", "b"), true);
        // A family without series is not written, so set-up cannot see it.
        let late = Family::<Vec<(String, String)>, Gauge>::default();
        let mut registry = Registry::default();
        registry.register("before", "Help", Gauge::<i64>::default());
        registry.register(name, "Two\nlines", late.clone());
        registry.register("after", "Help", Gauge::<i64>::default());
        recorder.append(Arc::new(registry)).unwrap();
        assert_appended(&recorder, 0, &["before", "after"]);
        late.get_or_create(&Vec::new()).set(7);
        assert_appended(&recorder, 1, &["before", "after"]);
        assert!(!recorder.encode(Text).contains(" 7\n"));
        late.clear();
        assert_appended(&recorder, 2, &["before", "after"]);
    }
}

#[test]
fn a_counter_that_becomes_ours_is_left_out_and_counted() {
    let recorder = Recorder::new();
    recorder.record_suspend(&ObjectId::new("A", "b"), true);
    let late = Family::<Vec<(String, String)>, Counter>::default();
    let mut registry = Registry::default();
    registry.register("gotkmetrics_refused", "Help", late.clone());
    recorder.append(Arc::new(registry)).unwrap();
    late.get_or_create(&Vec::new()).inc();
    assert_appended(&recorder, 1, &[]);
}

#[test]
fn a_family_that_an_earlier_registry_has_by_now_is_left_out_and_counted() {
    let recorder = Recorder::new();
    recorder.record_suspend(&ObjectId::new("A", "b"), true);
    append_gauge(&recorder, "app");
    let late = Family::<Vec<(String, String)>, Gauge>::default();
    let mut registry = Registry::default();
    registry.register("app", "Help", late.clone());
    registry.register("other", "Help", Gauge::<i64>::default());
    recorder.append(Arc::new(registry)).unwrap();
    assert_appended(&recorder, 0, &["app", "other"]);
    late.get_or_create(&Vec::new()).set(7);
    assert_appended(&recorder, 1, &["app", "other"]);
}
