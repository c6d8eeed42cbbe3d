//! Labels that come from outside are bounded in number: controllers, condition types.

use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::{ConditionType, ObjectId, Recorder};

use crate::common::{assert_counters, assert_objects, on_manual_clock, parse};
use crate::{READY, app};

/// How many condition types a recorder has room for, its three built-in ones included.
const TYPES: usize = 16;
const BUILT_IN: usize = 3;
const CONTROLLERS: usize = 64;

fn custom(number: usize) -> ConditionType {
    ConditionType::new(format!("Type{number:02}"))
}

/// A recorder that has no place for another condition type.
fn full_of_types() -> Recorder {
    let recorder = Recorder::new();
    for number in 0..TYPES - BUILT_IN {
        recorder.record_condition(&ObjectId::new("Full", "f"), &custom(number), True);
    }
    assert_counters(&recorder, &[]);
    recorder
}

#[test]
fn sixteen_condition_types_have_room_and_no_more() {
    let recorder = full_of_types();
    let full = ObjectId::new("Full", "f");
    for built_in in [READY, ConditionType::STALLED, ConditionType::RECONCILING] {
        recorder.record_condition(&full, &built_in, True);
    }
    assert_counters(&recorder, &[]);
    for _ in 0..3 {
        recorder.record_condition(&full, &custom(99), True);
    }
    recorder.record_condition(&full, &custom(98), True);
    assert_counters(&recorder, &["refused condition_types 4"]);

    // All sixteen go on.
    recorder.record_condition(&full, &custom(0), False);
    recorder.record_deleted(&full);
    let text = recorder.encode(gotk_metrics::Format::Text);
    let samples = parse::samples(&text);
    let deleted = samples
        .iter()
        .filter(|s| s.label("status") == "Deleted" && s.value == "1");
    assert_eq!(deleted.count(), TYPES, "in\n{text}");
}

#[test]
fn a_refused_condition_type_creates_no_object() {
    let recorder = full_of_types();
    recorder.forget(&ObjectId::new("Full", "f"));
    recorder.record_condition(&app(), &custom(99), True);
    assert_objects(&recorder, &[]);
    recorder.conditions().set(&app(), &custom(99), True);
    assert_objects(&recorder, &[]);
    assert_counters(&recorder, &["refused condition_types 2"]);
}

#[test]
fn a_refused_condition_type_revives_no_object() {
    let recorder = full_of_types();
    recorder.forget(&ObjectId::new("Full", "f"));
    recorder.record_condition(&app(), &READY, True);
    recorder.record_deleted(&app());
    recorder.record_condition(&app(), &custom(99), True);
    assert_objects(&recorder, &["App ns/a Ready=Deleted"]);
}

#[test]
fn condition_types_of_other_recorders_take_no_room() {
    full_of_types();
    let recorder = Recorder::new();
    recorder.record_condition(&app(), &custom(99), True);
    assert_objects(&recorder, &["App ns/a Type99=True"]);
}

#[test]
fn sixty_four_controllers_have_room_and_no_more() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    let mut expected = Vec::new();
    for number in 0..CONTROLLERS {
        recorder
            .start(&ObjectId::new(format!("Kind{number:02}"), "k"))
            .succeed();
        expected.push(format!("reconcile kind{number:02} success 2"));
    }
    recorder.start(&ObjectId::new("More", "m")).fail();
    drop(recorder.start(&ObjectId::new("More", "m")));
    recorder.start(&app()).succeed();
    // The known ones go on.
    for number in 0..CONTROLLERS {
        recorder
            .start(&ObjectId::new(format!("Kind{number:02}"), "k"))
            .succeed();
    }
    expected.push("refused controllers 3".into());
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    assert_counters(&recorder, &expected);

    // What is refused is the controller, not the object.
    for number in 0..CONTROLLERS {
        recorder.forget(&ObjectId::new(format!("Kind{number:02}"), "k"));
    }
    let objects = [
        "App ns/a Ready=True durations=1 sum=0",
        "More /m Ready=False durations=1 sum=0",
    ];
    assert_objects(&recorder, &objects);
}

#[test]
fn forgotten_objects_leave_their_controllers_behind() {
    let recorder = Recorder::new();
    for number in 0..CONTROLLERS {
        recorder
            .start(&ObjectId::new(format!("Kind{number:02}"), "k"))
            .succeed();
    }
    recorder.clear();
    recorder.start(&ObjectId::new("More", "m")).succeed();
    let text = recorder.encode(gotk_metrics::Format::Text);
    assert!(
        text.contains("\ngotkmetrics_refused_total{limit=\"controllers\"} 1\n"),
        "in\n{text}"
    );
}

#[test]
fn the_name_of_a_controller_is_escaped_and_capped() {
    let recorder = Recorder::new();
    recorder.start(&ObjectId::new("A\"\\\n", "a")).succeed();
    recorder
        .start(&ObjectId::new("X".repeat(100), "x"))
        .succeed();
    let capped = format!("reconcile {} success 1", "x".repeat(63));
    assert_counters(&recorder, &["reconcile a\"\\\n success 1", &capped]);
}

#[test]
fn the_longest_durations_have_a_finite_sum() {
    let recorder = Recorder::new();
    for _ in 0..1000 {
        recorder.record_duration(&app(), Duration::MAX);
    }
    let expected = "App ns/a durations=1000 sum=1.8446744073709552e+22";
    let found = recorder.encode(gotk_metrics::Format::Text);
    assert!(
        !found.contains(" +Inf\n") && !found.contains("NaN"),
        "in\n{found}"
    );
    assert_objects(&recorder, &[expected]);
}
