//! Every attempt is accounted for exactly once, however it ends.

#[cfg(test)]
mod accounting;
#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod current;
#[cfg(test)]
mod futures;
#[cfg(test)]
mod implementors;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod unwinding;

use std::time::Duration;

use gotk_metrics::{Attempt, ManualClock, ObjectId, Outcome, Recorder};

use crate::common::{assert_counters, assert_objects, on_manual_clock};

const SECOND: Duration = Duration::from_secs(1);

/// What the counters say of one attempt that failed.
const ONE_ERROR: [&str; 2] = ["reconcile_errors app 1", "reconcile app error 1"];
/// What the counters say of one attempt that panicked.
const ONE_PANIC: [&str; 3] = [
    "reconcile_errors app 1",
    "reconcile_panics app 1",
    "reconcile app error 1",
];
const ONE_SUCCESS: [&str; 1] = ["reconcile app success 1"];
const ONE_CANCEL: [&str; 1] = ["attempts_cancelled app 1"];

fn app() -> ObjectId<'static> {
    ObjectId::new("App", "a").within("ns")
}

fn recorder() -> (Recorder, ManualClock) {
    on_manual_clock(Recorder::builder())
}

/// One attempt of a second, ended by `end`.
fn attempt(end: impl FnOnce(Attempt)) -> Recorder {
    let (recorder, clock) = recorder();
    let attempt = recorder.start(&app());
    clock.advance(SECOND);
    end(attempt);
    recorder
}

#[test]
fn a_success_is_a_result_with_a_duration() {
    let recorder = attempt(Attempt::succeed);
    assert_counters(&recorder, &ONE_SUCCESS);
    assert_objects(&recorder, &["App ns/a Ready=True durations=1 sum=1"]);
}

#[test]
fn a_failure_is_an_error_with_a_duration() {
    let recorder = attempt(Attempt::fail);
    assert_counters(&recorder, &ONE_ERROR);
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=1"]);
}

#[test]
fn each_outcome_has_its_result() {
    for (outcome, counters, ready) in [
        (Outcome::Success, &ONE_SUCCESS[..], "True"),
        (Outcome::Requeue, &["reconcile app requeue 1"], "True"),
        (
            Outcome::RequeueAfter,
            &["reconcile app requeue_after 1"],
            "True",
        ),
        (Outcome::Error, &ONE_ERROR, "False"),
    ] {
        let recorder = attempt(|attempt| attempt.finish(outcome));
        assert_counters(&recorder, counters);
        assert_objects(
            &recorder,
            &[&format!("App ns/a Ready={ready} durations=1 sum=1")],
        );
    }
}

#[test]
fn a_cancel_is_no_result_and_leaves_ready_as_it_was() {
    let recorder = attempt(drop);
    assert_counters(&recorder, &ONE_CANCEL);
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);

    recorder.start(&app()).fail();
    drop(recorder.start(&app()));
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=0"]);
}

#[test]
fn attempts_of_one_kind_share_their_controller() {
    let (recorder, _) = recorder();
    for name in ["a", "b"] {
        recorder
            .start(&ObjectId::new("HelmRelease", name))
            .succeed();
    }
    recorder.start(&ObjectId::new("HELMRELEASE", "c")).fail();
    recorder.start(&ObjectId::new("App", "a")).succeed();
    assert_counters(
        &recorder,
        &[
            "reconcile_errors helmrelease 1",
            "reconcile app success 1",
            "reconcile helmrelease error 1",
            "reconcile helmrelease success 2",
        ],
    );
}

#[test]
fn explicit_calls_make_no_controller() {
    let (recorder, _) = recorder();
    recorder.record_duration(&app(), SECOND);
    recorder.record_suspend(&app(), true);
    let text = recorder.encode(gotk_metrics::Format::Text);
    assert!(!text.contains("controller"), "in\n{text}");
}

#[test]
fn a_clock_that_steps_back_makes_no_negative_duration() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let ticks = AtomicU64::new(100);
    let backwards = move || Duration::from_secs(ticks.fetch_sub(1, Ordering::Relaxed));
    let recorder = Recorder::builder().clock(backwards).build().unwrap();
    recorder.start(&app()).succeed();
    assert_objects(&recorder, &["App ns/a Ready=True durations=1 sum=0"]);
}

#[test]
fn an_attempt_outlives_the_recorder_it_came_from() {
    let (recorder, _) = recorder();
    let clone = recorder.clone();
    let attempt = recorder.start(&app());
    drop(recorder);
    attempt.succeed();
    assert_counters(&clone, &ONE_SUCCESS);

    let last = clone.start(&app());
    drop(clone);
    last.succeed();
}
