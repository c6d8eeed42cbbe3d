//! Beside prometheus-client: our families in its exposition, its families in ours.

#[cfg(test)]
mod appended;
#[cfg(test)]
mod broken;
#[cfg(test)]
#[path = "../common/whole.rs"]
mod whole;

use std::sync::Arc;
use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::{ConditionType, Family, Format, ObjectId, Recorder};
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

use crate::whole::assert_text;

/// What prometheus-client writes of a registry that holds `recorder`.
fn encode(recorder: &Recorder) -> String {
    let mut registry = Registry::default();
    assert_eq!(recorder.register(&mut registry), Ok(()));
    let mut out = String::new();
    assert_eq!(text::encode(&mut out, &registry), Ok(()));
    out
}

fn podinfo() -> ObjectId<'static> {
    ObjectId::new("Kustomization", "podinfo").within("default")
}

#[test]
fn an_empty_collector_writes_nothing() {
    assert_text(&encode(&Recorder::new()), "# EOF\n");
}

#[test]
fn the_collector_writes_all_families() {
    // Without the long ones, which have a test of their own.
    let builder = Recorder::builder().bounds([0.5, 1.0]);
    let builder = builder.without(Family::ReconcileTime);
    let recorder = builder.without(Family::WorkDuration).build().unwrap();
    recorder.start(&podinfo()).succeed();
    recorder.forget(&podinfo());
    recorder.record_condition(&podinfo(), &ConditionType::READY, True);
    recorder.record_condition(&podinfo(), &ConditionType::STALLED, False);
    recorder.record_duration(&podinfo(), Duration::from_millis(500));
    recorder.record_duration(&podinfo(), Duration::from_secs(2));
    recorder.record_suspend(&podinfo(), false);
    recorder.record_suspend(&ObjectId::new("A", "b"), true);
    assert_text(&encode(&recorder), COLLECTED);
}

#[test]
fn the_collector_writes_the_histograms_of_controllers() {
    let recorder = Recorder::builder()
        .clock(|| Duration::ZERO)
        .build()
        .unwrap();
    recorder.start(&podinfo()).succeed();
    let text = encode(&recorder);
    for line in [
        "controller_runtime_reconcile_time_seconds_bucket{le=\"0.005\",controller=\"kustomization\"} 1",
        "controller_runtime_reconcile_time_seconds_count{controller=\"kustomization\"} 1",
        "workqueue_work_duration_seconds_sum{controller=\"kustomization\",name=\"kustomization\"} 0.0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
}

const COLLECTED: &str = include_str!("../fixtures/collected.txt");

#[test]
fn four_of_ten_bounds_have_other_digits_than_in_go() {
    let recorder = Recorder::new();
    recorder.record_duration(&podinfo(), Duration::ZERO);
    let bounds = |text: &str| -> Vec<String> {
        let mut bounds = Vec::new();
        for line in text.lines() {
            let after = line.split_once("le=\"").map(|(_, after)| after);
            bounds.extend(after.and_then(|after| Some(after.split_once('"')?.0.to_owned())));
        }
        bounds
    };
    let ours = bounds(&recorder.encode(Format::OpenMetrics));
    let theirs = bounds(&encode(&recorder));
    assert_eq!(ours.len(), 11);
    assert_eq!(theirs.len(), 11);
    let differing: Vec<_> = ours.iter().zip(&theirs).filter(|(a, b)| a != b).collect();
    let differing: Vec<_> = differing.iter().map(|(a, b)| [a.as_str(), b]).collect();
    let expected: [[&str; 2]; 4] = [
        ["0.038363583488692544", "0.038363583488692547"],
        ["31.879757075478317", "31.879757075478318"],
        ["469.19495946736544", "469.19495946736546"],
        ["1799.9999999999986", "1799.9999999999987"],
    ];
    assert_eq!(differing, expected);
}

#[test]
fn the_collector_escapes_labels() {
    let recorder = Recorder::new();
    let hostile = "a\"b\\c\nd} 1";
    recorder.record_suspend(&ObjectId::new(hostile, hostile).within(hostile), true);
    recorder.record_condition(&podinfo(), &ConditionType::new(hostile), True);
    let escaped = r#"a\"b\\c\nd} 1"#;
    let text = encode(&recorder);
    let suspend = format!(
        "\ngotk_suspend_status{{kind=\"{escaped}\",name=\"{escaped}\",namespace=\"{escaped}\"}} 1\n"
    );
    assert!(text.contains(&suspend), "{suspend} is not in\n{text}");
    let condition = format!("status=\"True\",type=\"{escaped}\"}} 1\n");
    assert!(text.contains(&condition), "{condition} is not in\n{text}");
    assert_eq!(text.lines().count(), 2 + 4 + 2 + 1 + 1, "in\n{text}");
}

#[test]
fn the_collector_leaves_out_what_the_recorder_does() {
    let builder = Recorder::builder().without(Family::ReconcileCondition);
    let recorder = builder.without(Family::ReconcileDuration).build().unwrap();
    recorder.start(&podinfo()).succeed();
    recorder.record_suspend(&podinfo(), true);
    let text = encode(&recorder);
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("gotk_"))
            .count(),
        1,
        "in\n{text}"
    );
    assert!(
        text.contains("# TYPE gotk_suspend_status gauge\n"),
        "in\n{text}"
    );
}

#[test]
fn the_collector_drops_objects_whose_grace_has_ended() {
    let builder = Recorder::builder().deleted_grace(Duration::from_secs(60));
    let clock = gotk_metrics::ManualClock::new();
    let time = clock.clone();
    let recorder = builder.clock(move || time.now()).build().unwrap();
    let mut registry = Registry::default();
    recorder.register(&mut registry).unwrap();
    recorder.record_condition(&podinfo(), &ConditionType::READY, True);
    recorder.record_deleted(&podinfo());
    let encode = || {
        let mut out = String::new();
        text::encode(&mut out, &registry).unwrap();
        out
    };
    assert!(encode().contains("status=\"Deleted\",type=\"Ready\"} 1"));
    clock.advance(Duration::from_secs(60));
    assert_text(&encode(), "# EOF\n");
}

#[test]
fn a_recorder_and_a_registry_do_not_keep_each_other() {
    let recorder = Recorder::new();
    let mut registry = Registry::default();
    recorder.register(&mut registry).unwrap();
    let registry = Arc::new(registry);
    let kept = Arc::downgrade(&registry);
    recorder.append(registry).unwrap();
    drop(recorder);
    assert!(kept.upgrade().is_none());
}

#[test]
fn without_its_recorder_a_collector_has_nothing_to_say() {
    let recorder = Recorder::new();
    let mut registry = Registry::default();
    recorder.register(&mut registry).unwrap();
    recorder.record_suspend(&ObjectId::new("A", "b"), true);
    drop(recorder);
    let mut out = String::new();
    assert_eq!(text::encode(&mut out, &registry), Ok(()));
    assert_text(&out, "# EOF\n");
}
