//! The text of an exposition is the text that Flux's Go recorder writes.
//!
//! `fixtures/go-exposition.txt` was written by Go's client library; each of its cases is here.

#[cfg(test)]
mod chunks;
#[cfg(test)]
mod order;
#[cfg(test)]
#[path = "../common/parse.rs"]
mod parse;
#[cfg(test)]
#[path = "../common/whole.rs"]
mod whole;

use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True, Unknown};
use gotk_metrics::Format::{OpenMetrics, Text};
use gotk_metrics::{ConditionType, ObjectId, Recorder};

use crate::whole::assert_exposition;

/// The bounds of Flux before 2.0.
#[expect(clippy::unreadable_literal, reason = "Go's own digits")]
const OLD_BOUNDS: [f64; 10] = [
    1e-08,
    1e-07,
    1e-06,
    9.999999999999999e-06,
    9.999999999999999e-05,
    0.001,
    0.01,
    0.1,
    1.0,
    10.0,
];
/// `ExponentialBucketsRange(0.01, 3600, 10)` as Go computes it.
#[expect(clippy::unreadable_literal, reason = "Go's own digits")]
const HOUR_BOUNDS: [f64; 10] = [
    0.01,
    0.04143496196577045,
    0.1716856073104844,
    0.7113786608980123,
    2.947594775756986,
    12.213347742399437,
    50.60595991810492,
    209.6856024447981,
    868.8314962069874,
    3599.9999999999955,
];

/// The cases of the fixture, in order: what stands in a title line, and the text below it.
fn go_cases() -> Vec<(&'static str, &'static str)> {
    let fixture = include_str!("../fixtures/go-exposition.txt");
    let blocks = fixture.split("===== ").skip(1);
    blocks
        .map(|block| block.split_once('\n').unwrap_or((block, "")))
        .collect()
}

#[track_caller]
fn go_case(name: &str) -> &'static str {
    let cases = go_cases();
    let case = cases.iter().find(|(title, _)| *title == name);
    assert!(case.is_some(), "{name} is not in the fixture");
    case.map_or("", |(_, text)| *text)
}

fn podinfo() -> ObjectId<'static> {
    ObjectId::new("Kustomization", "podinfo").within("default")
}

/// What the Go program did for the cases called `T1`.
fn t1() -> Recorder {
    let recorder = Recorder::new();
    recorder.record_condition(&podinfo(), &ConditionType::READY, True);
    recorder.record_duration(&podinfo(), Duration::from_millis(500));
    recorder.record_suspend(&podinfo(), false);
    recorder
}

#[test]
fn every_case_of_the_fixture_has_a_test() {
    let names: Vec<&str> = go_cases().into_iter().map(|(name, _)| name).collect();
    let tested = [
        "empty",
        "T1 new buckets",
        "OM T1",
        "T1 deleted",
        "old buckets",
        "OM old",
        "3600 buckets + cluster scoped",
        "escape & boundary",
        "OM escape",
        "million",
        "OM million",
        "order",
        "after delete all",
    ];
    assert_eq!(names, tested);
}

#[test]
fn an_empty_recorder_writes_nothing() {
    assert_eq!(go_case("empty"), "");
    let recorder = Recorder::new();
    assert_exposition(&recorder, Text, "");
    assert_exposition(&recorder, OpenMetrics, "# EOF\n");
}

#[test]
fn one_object_is_as_in_go() {
    assert_exposition(&t1(), Text, go_case("T1 new buckets"));
    assert_exposition(&t1(), OpenMetrics, go_case("OM T1"));
}

#[test]
fn one_deleted_object_is_as_in_go() {
    let recorder = t1();
    recorder.record_deleted(&podinfo());
    assert_exposition(&recorder, Text, go_case("T1 deleted"));
}

#[test]
fn old_bounds_have_gos_digits() {
    let recorder = Recorder::builder().bounds(OLD_BOUNDS).build().unwrap();
    recorder.record_duration(&podinfo(), Duration::from_millis(500));
    recorder.record_duration(&podinfo(), Duration::from_secs(11));
    assert_exposition(&recorder, Text, go_case("old buckets"));
    assert_exposition(&recorder, OpenMetrics, go_case("OM old"));
}

#[test]
fn bounds_up_to_an_hour_and_no_namespace_are_as_in_go() {
    let recorder = Recorder::builder().bounds(HOUR_BOUNDS).build().unwrap();
    recorder.record_duration(&ObjectId::new("A", "b"), Duration::from_millis(500));
    assert_exposition(&recorder, Text, go_case("3600 buckets + cluster scoped"));
}

#[test]
fn an_explicit_last_infinity_changes_nothing() {
    let bounds = HOUR_BOUNDS.into_iter().chain([f64::INFINITY]);
    let recorder = Recorder::builder().bounds(bounds).build().unwrap();
    recorder.record_duration(&ObjectId::new("A", "b"), Duration::from_millis(500));
    assert_exposition(&recorder, Text, go_case("3600 buckets + cluster scoped"));
}

#[test]
fn escapes_and_inclusive_bounds_are_as_in_go() {
    let recorder = Recorder::new();
    let id = ObjectId::new("A", "b\"\\\nc").within("ns");
    // The first lies on the first bound, the third just above the last one.
    for seconds in [0.01, 0.001, 1800.0, 1_234_567.5] {
        recorder.record_duration(&id, Duration::from_secs_f64(seconds));
    }
    assert_exposition(&recorder, Text, go_case("escape & boundary"));
    assert_exposition(&recorder, OpenMetrics, go_case("OM escape"));
}

#[test]
fn a_million_observations_are_as_in_go() {
    let recorder = Recorder::new();
    let id = ObjectId::new("A", "b").within("ns");
    for _ in 0..1_000_000 {
        recorder.record_duration(&id, Duration::from_secs(1));
    }
    assert_exposition(&recorder, Text, go_case("million"));
    assert_exposition(&recorder, OpenMetrics, go_case("OM million"));
}

#[test]
fn the_order_of_series_and_the_removal_of_objects_are_as_in_go() {
    let recorder = Recorder::new();
    let stalled = ConditionType::STALLED;
    let ids = [
        ("B", "z", "n1"),
        ("A", "z", "n1"),
        ("A", "a", "n2"),
        ("A", "a", "n1"),
    ]
    .map(|(kind, name, namespace)| ObjectId::new(kind, name).within(namespace));
    for (id, status) in ids.iter().zip([False, Unknown, True, True]) {
        recorder.record_condition(id, &ConditionType::READY, status);
    }
    recorder.record_condition(&ids[3], &stalled, True);

    // The last line is what Go's `Delete` returned for a series that existed, then for one that did
    // not. Ours returns nothing, and an object that does not exist is no error either.
    let written = go_case("order").strip_suffix("true false\n");
    assert_exposition(&recorder, Text, written.unwrap());
    recorder.forget(&ObjectId::new("A", "a").within("n3"));
    assert_exposition(&recorder, Text, written.unwrap());

    for id in &ids {
        recorder.forget(id);
    }
    assert_exposition(&recorder, Text, go_case("after delete all"));
}

#[test]
fn sums_are_floats_added_in_call_order() {
    for (tenths, sum) in [
        (&[1, 2][..], "0.30000000000000004"),
        (&[1, 2, 3], "0.6000000000000001"),
        (&[3, 2, 1], "0.6"),
    ] {
        let recorder = Recorder::new();
        for tenth in tenths {
            recorder.record_duration(&podinfo(), Duration::from_millis(tenth * 100));
        }
        let labels = r#"kind="Kustomization",name="podinfo",namespace="default""#;
        let line = format!("\ngotk_reconcile_duration_seconds_sum{{{labels}}} {sum}\n");
        for format in [Text, OpenMetrics] {
            let text = recorder.encode(format);
            assert!(text.contains(&line), "{line} is not in\n{text}");
        }
    }
}

#[test]
fn one_attempt_is_written_in_both_formats() {
    let recorder = Recorder::builder()
        .bounds([1.0])
        .clock(|| Duration::ZERO)
        .build()
        .unwrap();
    recorder
        .start(&ObjectId::new("App", "a").within("ns"))
        .fail();
    assert_exposition(&recorder, Text, ATTEMPT);

    // Counters: the family is named without `_total`. Gauges and counters are floats, counts are not.
    let mut expected = String::new();
    for line in ATTEMPT.lines() {
        let name = line.split(' ').nth(2).filter(|_| line.starts_with('#'));
        expected += &match name.and_then(|name| Some((name, name.strip_suffix("_total")?))) {
            Some((name, family)) => line.replace(name, family),
            None if line.starts_with('#') || line.contains("_bucket{") => line.to_owned(),
            None if line.contains("_count{") => line.to_owned(),
            None => line.to_owned() + ".0",
        };
        expected.push('\n');
    }
    // So are bounds.
    for bound in (1..=10).chain([15, 20, 25, 30, 40, 50, 60, 100, 1000]) {
        let [text, open] = [format!("le=\"{bound}\""), format!("le=\"{bound}.0\"")];
        expected = expected.replace(&text, &open);
    }
    expected += "# EOF\n";
    assert_exposition(&recorder, OpenMetrics, &expected);
}

const ATTEMPT: &str = include_str!("../fixtures/attempt.txt");
