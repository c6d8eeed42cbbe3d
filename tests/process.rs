//! Feature `process`: `process_*` where it was asked for, and nowhere else.
//!
//! Whether the values are true is the only test of `process_values`, since other tests would change them.
#![cfg(all(feature = "process", target_os = "linux"))]

#[cfg(test)]
#[path = "common/parse.rs"]
#[expect(dead_code, reason = "nothing here has labels")]
mod parse;

use std::sync::Arc;

use gotk_metrics::Format::{OpenMetrics, Text};
use gotk_metrics::{AppendError, Family, Recorder};
use prometheus_client::encoding::text;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

const ALL: [&str; 8] = [
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_threads",
    "process_virtual_memory_bytes",
    "process_virtual_memory_max_bytes",
];

#[cfg(test)]
fn recorder() -> Recorder {
    let builder = Recorder::builder().process_metrics();
    builder.build().unwrap()
}

/// With one series each, without labels, and a value above zero.
#[cfg(test)]
#[track_caller]
fn assert_families(text: &str, expected: &[&str]) {
    let samples = parse::samples(text);
    let names: Vec<_> = samples.iter().map(|sample| sample.name.as_str()).collect();
    assert_eq!(names, expected, "in\n{text}");
    for sample in &samples {
        assert_eq!(sample.labels, [], "in\n{text}");
        let value: f64 = sample.value.parse().unwrap();
        // A process that has just begun may not have used a tick of processor time yet.
        let least = if sample.name == ALL[0] { 0.0 } else { 1.0 };
        assert!(value >= least, "{sample:?} in\n{text}");
    }
}

/// With a metric of a user's own.
fn registry(name: &str) -> Arc<Registry> {
    let mut registry = Registry::default();
    registry.register(name, "Help", Gauge::<i64>::default());
    Arc::new(registry)
}

#[test]
fn families_are_there_in_both_formats_where_they_were_asked_for() {
    assert_families(&recorder().encode(Text), &ALL);
    assert_families(&recorder().encode(OpenMetrics), &ALL);
}

#[test]
fn families_are_absent_where_they_were_not_asked_for() {
    let recorder = Recorder::new();
    assert_eq!(recorder.encode(Text), "");
    for name in ALL {
        recorder.append(registry(name)).unwrap();
        assert!(recorder.encode(Text).contains(&format!("\n{name} 0\n")));
    }
}

#[test]
fn one_that_is_switched_off_is_absent() {
    for off_first in [true, false] {
        let builder = Recorder::builder();
        let off = Family::ProcessOpenFds;
        let builder = if off_first {
            builder.without(off).process_metrics()
        } else {
            builder.process_metrics().without(off)
        };
        let recorder = builder.build().unwrap();
        let rest: Vec<_> = ALL.into_iter().filter(|name| *name != off.name()).collect();
        assert_families(&recorder.encode(Text), &rest);
        recorder.append(registry(off.name())).unwrap();
    }
}

#[test]
fn a_registry_with_one_of_the_names_is_refused() {
    let recorder = recorder();
    for name in ALL {
        match recorder.append(registry(name)).unwrap_err() {
            AppendError::FamilyOfRecorder { family, .. } => assert_eq!(family.name(), name),
            other => panic!("{name}: {other}"),
        }
    }
}

#[test]
fn a_registry_of_prometheus_client_collects_them() {
    let mut registry = Registry::default();
    let recorder = recorder();
    recorder.register(&mut registry).unwrap();
    let mut out = String::new();
    text::encode(&mut out, &registry).unwrap();
    // It writes braces also where there is no label.
    assert_families(&out.replace("{}", ""), &ALL);
}

#[test]
fn a_start_time_never_moves() {
    let start = || {
        let samples = parse::samples(&recorder().encode(Text));
        let mut starts = samples.into_iter().filter(|sample| sample.name == ALL[4]);
        starts.next().unwrap().value
    };
    let first = start();
    // On other threads too.
    std::thread::scope(|scope| {
        let others = [(); 4].map(|()| scope.spawn(start));
        for other in others {
            assert_eq!(other.join().unwrap(), first);
        }
    });
}
