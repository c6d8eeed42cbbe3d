//! What attempts change, to the digit.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use gotk_metrics::{Attempt, Format, ObjectId, Outcome, Recorder};

use crate::common::parse::samples;
use crate::exposed::exposed;
use crate::fixture::{Expected, expected, expected_called};
use crate::{SECOND, app, assert_counted, recorder};

/// Every family of a controller is there with all its series at 0, or is not there.
#[track_caller]
pub(crate) fn assert_beginning(recorder: &Recorder, controller: &str) {
    let text = recorder.encode(Format::Text);
    let found = exposed(&text);
    for Expected {
        name,
        values,
        bounds,
        begins,
        ..
    } in expected()
    {
        let family = found.iter().find(|family| family.name == name);
        let samples = family.map_or(&[][..], |family| &family.samples);
        let of_controller = samples
            .iter()
            .filter(|s| s.label("controller") == controller);
        let of_controller: Vec<_> = of_controller.collect();
        let series = match begins {
            // Buckets, +Inf among them, sum and count.
            Some(true) if !bounds.is_empty() => bounds.len() + 3,
            Some(true) => values.map_or(1, |(_, values)| values.len()),
            Some(false) | None => 0,
        };
        assert_eq!(of_controller.len(), series, "series of {name} in\n{text}");
        for sample in of_controller {
            assert_eq!(sample.value, "0", "{sample:?} in\n{text}");
            let queue = sample.label("name");
            assert!(queue.is_empty() || queue == controller, "{sample:?}");
        }
    }
}

#[test]
fn a_controller_begins_with_zeros() {
    let (recorder, _) = recorder();
    // Which has no result.
    drop(recorder.start(&app()));
    assert_beginning(&recorder, "app");
}

#[test]
fn what_only_records_is_no_controller() {
    let (recorder, _) = recorder();
    recorder.record_duration(&app(), SECOND);
    recorder.record_suspend(&app(), true);
    let text = recorder.encode(Format::Text);
    assert!(exposed(&text).is_empty(), "in\n{text}");
}

/// One attempt of a second that ends by `end`, whose `counts` come on top of the time that it took.
#[track_caller]
fn assert_end(end: impl FnOnce(Attempt), counts: &[&str]) {
    let (recorder, clock) = recorder();
    let attempt = recorder.start(&app());
    clock.advance(SECOND);
    end(attempt);
    let mut expected = vec![
        "controller_runtime_reconcile_time_seconds_count app 1",
        "controller_runtime_reconcile_time_seconds_sum app 1",
        "workqueue_work_duration_seconds_count app app 1",
        "workqueue_work_duration_seconds_sum app app 1",
    ];
    expected.extend(counts);
    assert_counted(&recorder, &expected);
}

#[test]
fn a_success_counts_as_one() {
    let counts = ["controller_runtime_reconcile_total app success 1"];
    assert_end(Attempt::succeed, &counts);
    assert_end(|attempt| attempt.finish(Outcome::Success), &counts);
}

#[test]
fn a_requeue_counts_as_one() {
    let counts = ["controller_runtime_reconcile_total app requeue 1"];
    assert_end(|attempt| attempt.finish(Outcome::Requeue), &counts);
}

#[test]
fn a_requeue_after_some_time_is_a_retry() {
    let counts = [
        "controller_runtime_reconcile_total app requeue_after 1",
        "workqueue_retries_total app app 1",
    ];
    assert_end(|attempt| attempt.finish(Outcome::RequeueAfter), &counts);
}

#[test]
fn an_error_counts_twice() {
    let counts = [
        "controller_runtime_reconcile_errors_total app 1",
        "controller_runtime_reconcile_total app error 1",
    ];
    assert_end(Attempt::fail, &counts);
    assert_end(|attempt| attempt.finish(Outcome::Error), &counts);
}

#[test]
fn a_panic_is_an_error_too() {
    let panic = |attempt: Attempt| {
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _attempt = attempt;
            // Not `panic!`, which would print.
            resume_unwind(Box::new("reconcile"));
        }));
        assert!(unwound.is_err());
    };
    let counts = [
        "controller_runtime_reconcile_errors_total app 1",
        "controller_runtime_reconcile_panics_total app 1",
        "controller_runtime_reconcile_total app error 1",
    ];
    assert_end(panic, &counts);
}

#[test]
fn a_cancelled_attempt_changes_nothing() {
    let (recorder, clock) = recorder();
    let attempt = recorder.start(&app());
    clock.advance(SECOND);
    drop(attempt);
    clock.advance(SECOND);
    assert_counted(&recorder, &[]);
}

#[test]
fn attempts_under_way_are_told_with_their_time() {
    let (recorder, clock) = recorder();
    let web = ObjectId::new("App", "web").within("ns");
    let first = recorder.start(&app());
    assert_counted(&recorder, &["controller_runtime_active_workers app 1"]);
    clock.advance(2 * SECOND);
    let second = recorder.start(&web);
    clock.advance(SECOND / 2);
    // Of one object too.
    let third = recorder.start(&web);
    clock.advance(SECOND);
    let under_way = [
        "controller_runtime_active_workers app 3",
        "workqueue_longest_running_processor_seconds app app 3.5",
        "workqueue_unfinished_work_seconds app app 6",
    ];
    assert_counted(&recorder, &under_way);
    drop(first);
    let under_way = [
        "controller_runtime_active_workers app 2",
        "workqueue_longest_running_processor_seconds app app 1.5",
        "workqueue_unfinished_work_seconds app app 2.5",
    ];
    assert_counted(&recorder, &under_way);
    second.succeed();
    clock.advance(SECOND);
    let expected = [
        "controller_runtime_active_workers app 1",
        "controller_runtime_reconcile_time_seconds_sum app 1.5",
        "controller_runtime_reconcile_time_seconds_count app 1",
        "controller_runtime_reconcile_total app success 1",
        "workqueue_longest_running_processor_seconds app app 2",
        "workqueue_unfinished_work_seconds app app 2",
        "workqueue_work_duration_seconds_sum app app 1.5",
        "workqueue_work_duration_seconds_count app app 1",
    ];
    assert_counted(&recorder, &expected);
    third.succeed();
    let expected = [
        "controller_runtime_reconcile_time_seconds_sum app 3.5",
        "controller_runtime_reconcile_time_seconds_count app 2",
        "controller_runtime_reconcile_total app success 2",
        "workqueue_work_duration_seconds_sum app app 3.5",
        "workqueue_work_duration_seconds_count app app 2",
    ];
    assert_counted(&recorder, &expected);
}

#[test]
fn an_attempt_of_a_forgotten_object_is_under_way_still() {
    let (recorder, clock) = recorder();
    let attempt = recorder.start(&app());
    recorder.forget(&app());
    clock.advance(SECOND);
    let under_way = [
        "controller_runtime_active_workers app 1",
        "workqueue_longest_running_processor_seconds app app 1",
        "workqueue_unfinished_work_seconds app app 1",
    ];
    assert_counted(&recorder, &under_way);
    attempt.succeed();
    recorder.clear();
    let expected = [
        "controller_runtime_reconcile_time_seconds_sum app 1",
        "controller_runtime_reconcile_time_seconds_count app 1",
        "controller_runtime_reconcile_total app success 1",
        "workqueue_work_duration_seconds_sum app app 1",
        "workqueue_work_duration_seconds_count app app 1",
    ];
    assert_counted(&recorder, &expected);
}

/// In nanoseconds: within buckets, on bounds, one beside them, beyond the last.
const DURATIONS: [u64; 14] = [
    0,
    1,
    10,
    11,
    10_000,
    100_000,
    1_000_000,
    5_000_000,
    5_000_001,
    300_000_000,
    1_000_000_000,
    60_000_000_000,
    60_000_000_001,
    1_000_000_000_001,
];

#[test]
fn every_bucket_has_what_is_not_above_its_bound() {
    let (recorder, clock) = recorder();
    let durations = DURATIONS.map(Duration::from_nanos);
    for duration in durations {
        let attempt = recorder.start(&app());
        clock.advance(duration);
        attempt.succeed();
    }
    let text = recorder.encode(Format::Text);
    for name in [
        "controller_runtime_reconcile_time_seconds",
        "workqueue_work_duration_seconds",
    ] {
        let bounds = expected_called(name).bounds;
        let bucket = format!("{name}_bucket");
        let buckets = samples(&text).into_iter().filter(|s| s.name == bucket);
        let found = buckets.map(|bucket| format!("{} {}", bucket.label("le"), bucket.value));
        let expected = bounds.into_iter().chain(["+Inf"]).map(|bound| {
            let at_most: f64 = bound.parse().unwrap();
            let within = durations.iter().filter(|d| d.as_secs_f64() <= at_most);
            format!("{bound} {}", within.count())
        });
        let (found, expected): (Vec<_>, Vec<_>) = (found.collect(), expected.collect());
        assert_eq!(found, expected, "{name} in\n{text}");
    }
}

#[test]
fn a_sum_adds_in_the_order_of_the_ends() {
    let (recorder, clock) = recorder();
    for tenths in [1, 2] {
        let attempt = recorder.start(&app());
        clock.advance(SECOND / 10 * tenths);
        attempt.succeed();
    }
    let expected = [
        // As in Go.
        "controller_runtime_reconcile_time_seconds_sum app 0.30000000000000004",
        "controller_runtime_reconcile_time_seconds_count app 2",
        "controller_runtime_reconcile_total app success 2",
        "workqueue_work_duration_seconds_sum app app 0.30000000000000004",
        "workqueue_work_duration_seconds_count app app 2",
    ];
    assert_counted(&recorder, &expected);
}
