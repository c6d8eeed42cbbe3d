//! A registry behind our families: kept in OpenMetrics, converted for text 0.0.4.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use gotk_metrics::Format::{OpenMetrics, Text};
use gotk_metrics::{ObjectId, Recorder};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::{CounterWithExemplar, HistogramWithExemplars};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::whole::{assert_exposition, assert_text};

type Labels = Vec<(&'static str, &'static str)>;

/// The last family of ours: once something is appended it is there.
const OURS: &str = "\
# HELP gotkmetrics_append_errors_total Total number of times a part of an appended registry was left out of an exposition.
# TYPE gotkmetrics_append_errors_total counter
gotkmetrics_append_errors_total 0
";
const OURS_OPEN_METRICS: &str = "\
# HELP gotkmetrics_append_errors Total number of times a part of an appended registry was left out of an exposition.
# TYPE gotkmetrics_append_errors counter
gotkmetrics_append_errors_total 0.0
";

/// Compares both formats of an exposition that has nothing but `registry`; in OpenMetrics it is
/// what prometheus-client writes.
#[track_caller]
fn assert_appended(registry: Registry, expected: &str) {
    let mut kept = String::new();
    text::encode(&mut kept, &registry).unwrap();
    let recorder = Recorder::new();
    recorder.append(Arc::new(registry)).unwrap();
    assert_exposition(&recorder, Text, &[OURS, expected].concat());
    assert_exposition(&recorder, OpenMetrics, &[OURS_OPEN_METRICS, &kept].concat());
}

#[test]
fn an_empty_registry_adds_nothing() {
    assert_appended(Registry::default(), "");
}

#[test]
fn counters_gain_their_suffix() {
    let mut registry = Registry::default();
    let renders = Family::<Labels, Counter>::default();
    renders.get_or_create(&vec![("template", "a")]).inc_by(3);
    registry.register("app_renders", "Templates rendered", renders);
    registry.register(
        "app_bytes",
        "Bytes",
        Counter::<f64, std::sync::atomic::AtomicU64>::default(),
    );
    assert_appended(
        registry,
        "\
# HELP app_renders_total Templates rendered.
# TYPE app_renders_total counter
app_renders_total{template=\"a\"} 3
# HELP app_bytes_total Bytes.
# TYPE app_bytes_total counter
app_bytes_total 0.0
",
    );
}

#[test]
fn gauges_stay() {
    let mut registry = Registry::default();
    let gauge: Gauge = Gauge::default();
    gauge.set(-7);
    registry.register("app_temperature", "How warm it is", gauge);
    assert_appended(
        registry,
        "\
# HELP app_temperature How warm it is.
# TYPE app_temperature gauge
app_temperature -7
",
    );
}

#[test]
fn units_are_dropped() {
    let mut registry = Registry::default();
    registry.register_with_unit("app_age", "Age", Unit::Seconds, Gauge::<i64>::default());
    registry.register_with_unit("app_sent", "Sent", Unit::Bytes, Counter::<u64>::default());
    assert_appended(
        registry,
        "\
# HELP app_age_seconds Age.
# TYPE app_age_seconds gauge
app_age_seconds 0
# HELP app_sent_bytes_total Sent.
# TYPE app_sent_bytes_total counter
app_sent_bytes_total 0
",
    );
}

#[test]
fn exemplars_of_counters_are_dropped() {
    let mut registry = Registry::default();
    let counters = Family::<Labels, CounterWithExemplar<Labels>>::default();
    for hash in ["a # b", "quoted \" # {}", "\\", " # {x=\"1\"} 1"] {
        let trace: Labels = vec![("trace_id", "7 # \"")];
        let counter = counters.get_or_create_owned(&vec![("hash", hash)]);
        counter.inc_by(1, Some(trace), None);
    }
    registry.register("app_hits", "Hits", counters);

    let recorder = Recorder::new();
    let mut kept = String::new();
    text::encode(&mut kept, &registry).unwrap();
    recorder.append(Arc::new(registry)).unwrap();
    assert_exposition(&recorder, OpenMetrics, &[OURS_OPEN_METRICS, &kept].concat());

    let text = recorder.encode(Text);
    let mut lines: Vec<&str> = text.lines().filter(|l| l.starts_with("app_hits")).collect();
    // A prometheus-client family has no order.
    lines.sort_unstable();
    let expected = [
        r#"app_hits_total{hash=" # {x=\"1\"} 1"} 1"#,
        r#"app_hits_total{hash="\\"} 1"#,
        r#"app_hits_total{hash="a # b"} 1"#,
        r#"app_hits_total{hash="quoted \" # {}"} 1"#,
    ];
    assert_eq!(lines, expected, "in\n{text}");
}

#[test]
fn histograms_stay_without_their_exemplars() {
    let mut registry = Registry::default();
    let plain = Histogram::new([0.5, 1.0]);
    plain.observe(0.7);
    registry.register("app_wait", "Wait", plain);
    let with_exemplars = HistogramWithExemplars::new([1.0].into_iter());
    let trace: Labels = vec![("trace_id", "# \"7\" #")];
    with_exemplars.observe(0.5, Some(trace), None);
    registry.register_with_unit("app_run", "Run", Unit::Seconds, with_exemplars);
    assert_appended(
        registry,
        "\
# HELP app_wait Wait.
# TYPE app_wait histogram
app_wait_sum 0.7
app_wait_count 1
app_wait_bucket{le=\"0.5\"} 0
app_wait_bucket{le=\"1.0\"} 1
app_wait_bucket{le=\"+Inf\"} 1
# HELP app_run_seconds Run.
# TYPE app_run_seconds histogram
app_run_seconds_sum 0.5
app_run_seconds_count 1
app_run_seconds_bucket{le=\"1.0\"} 1
app_run_seconds_bucket{le=\"+Inf\"} 1
",
    );
}

#[test]
fn an_info_becomes_a_gauge() {
    let mut registry = Registry::default();
    registry.register("app_build", "Build", Info::new(vec![("version", "1 # 2")]));
    assert_appended(
        registry,
        "\
# HELP app_build_info Build.
# TYPE app_build_info gauge
app_build_info{version=\"1 # 2\"} 1
",
    );
}

/// A family of any type, with a help of any text, which prometheus-client leaves as it is.
#[derive(Debug)]
struct Raw {
    name: &'static str,
    help: &'static str,
    metric_type: MetricType,
}

impl Collector for Raw {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let metric_type = self.metric_type;
        let metric = encoder.encode_descriptor(self.name, self.help, None, metric_type)?;
        ConstGauge::new(1).encode(metric)
    }
}

#[test]
fn an_unknown_becomes_untyped() {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Raw {
        name: "app_thing",
        help: "Some thing",
        metric_type: MetricType::Unknown,
    }));
    assert_appended(
        registry,
        "\
# HELP app_thing Some thing
# TYPE app_thing untyped
app_thing 1
",
    );
}

#[test]
fn help_is_one_escaped_line() {
    for (help, text, open_metrics) in [
        ("two\nlines", r"two\nlines", r"two\nlines"),
        ("a\n\nb\n", r"a\n\nb\n", r"a\n\nb\n"),
        ("\nb", r"\nb", r"\nb"),
        (
            "app_thing is a\nthing 1",
            r"app_thing is a\nthing 1",
            r"app_thing is a\nthing 1",
        ),
        (r#"a "quote""#, r#"a "quote""#, r#"a \"quote\""#),
        (r"C:\dir", r"C:\\dir", r"C:\\dir"),
        ("ends in \\", r"ends in \\", r"ends in \\"),
        ("", "", ""),
    ] {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Raw {
            name: "app_thing",
            help,
            metric_type: MetricType::Gauge,
        }));
        let recorder = Recorder::new();
        recorder.append(Arc::new(registry)).unwrap();
        for (format, ours, help, eof) in [
            (Text, OURS, text, ""),
            (OpenMetrics, OURS_OPEN_METRICS, open_metrics, "# EOF\n"),
        ] {
            let thing = format!("# HELP app_thing {help}\n# TYPE app_thing gauge\napp_thing 1\n");
            assert_exposition(&recorder, format, &[ours, &thing, eof].concat());
        }
    }
}

#[test]
fn prefixes_and_labels_of_sub_registries_stay() {
    let mut registry = Registry::with_prefix_and_labels(
        "app",
        [(Cow::Borrowed("cluster"), Cow::Borrowed("a # \"b\""))].into_iter(),
    );
    registry.register("renders", "Templates rendered", Counter::<u64>::default());
    let cache = registry.sub_registry_with_prefix("cache");
    cache.register("build", "Build", Info::new(vec![("v", "1")]));
    let shard = cache.sub_registry_with_label(("shard".into(), "7".into()));
    shard.register_with_unit("age", "Age", Unit::Seconds, Gauge::<i64>::default());
    assert_appended(
        registry,
        "\
# HELP app_renders_total Templates rendered.
# TYPE app_renders_total counter
app_renders_total{cluster=\"a # \\\"b\\\"\"} 0
# HELP app_cache_build_info Build.
# TYPE app_cache_build_info gauge
app_cache_build_info{cluster=\"a # \\\"b\\\"\",v=\"1\"} 1
# HELP app_cache_age_seconds Age.
# TYPE app_cache_age_seconds gauge
app_cache_age_seconds{cluster=\"a # \\\"b\\\"\",shard=\"7\"} 0
",
    );
}

#[test]
fn values_are_read_at_each_exposition() {
    let counter = Counter::<u64>::default();
    let mut registry = Registry::default();
    registry.register("app_renders", "Templates rendered", counter.clone());
    let recorder = Recorder::new();
    recorder.append(Arc::new(registry)).unwrap();
    assert!(recorder.encode(Text).ends_with("app_renders_total 0\n"));
    counter.inc();
    assert!(recorder.encode(Text).ends_with("app_renders_total 1\n"));
}

#[test]
fn registries_follow_our_families_in_the_order_of_appending() {
    let recorder = Recorder::new();
    for name in ["zoo", "app"] {
        let mut registry = Registry::default();
        registry.register(name, "Help", Gauge::<i64>::default());
        recorder.append(Arc::new(registry)).unwrap();
    }
    recorder.record_suspend(&ObjectId::new("A", "b"), true);
    let text = recorder.encode(OpenMetrics);
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let families: Vec<&str> = families.collect();
    let expected = [
        "gotk_suspend_status gauge",
        "gotkmetrics_append_errors counter",
        "zoo gauge",
        "app gauge",
    ];
    assert_eq!(families, expected, "in\n{text}");
    assert_eq!(text.matches("# EOF").count(), 1, "in\n{text}");
    assert!(text.ends_with("\n# EOF\n"), "in\n{text}");
}

#[test]
fn our_own_collector_in_an_appended_registry_writes_nothing() {
    let recorder = Recorder::new();
    recorder.record_suspend(&ObjectId::new("A", "b"), true);
    let ours = recorder.encode(Text) + OURS;

    let mut registry = Registry::default();
    recorder.register(&mut registry).unwrap();
    registry.register("app", "Help", Gauge::<i64>::default());
    let registry = Arc::new(registry);
    recorder.append(Arc::clone(&registry)).unwrap();
    let app = "# HELP app Help.\n# TYPE app gauge\napp 0\n";
    assert_exposition(&recorder, Text, &[&ours, app].concat());

    // Elsewhere it writes as ever, also after it was silent.
    let mut out = String::new();
    text::encode(&mut out, &registry).unwrap();
    let collected = "\
# HELP gotk_suspend_status The current suspend status of a GitOps Toolkit resource.
# TYPE gotk_suspend_status gauge
gotk_suspend_status{kind=\"A\",name=\"b\",namespace=\"\"} 1
";
    assert_text(&out, &[app, collected, "# EOF\n"].concat());
}
