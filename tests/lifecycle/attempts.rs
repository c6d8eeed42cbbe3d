//! What an attempt may still change when its object is no longer what it was at the start.

use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::Recorder;

use crate::common::{assert_counters, assert_objects, on_manual_clock};
use crate::{GRACE, READY, STALLED, app, recorder};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn ready_exists_from_the_start_and_the_histogram_from_the_end() {
    let (recorder, clock) = recorder();
    let attempt = recorder.start(&app());
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
    clock.advance(SECOND);
    attempt.succeed();
    assert_objects(&recorder, &["App ns/a Ready=True durations=1 sum=1"]);
}

#[test]
fn a_new_attempt_keeps_the_ready_of_the_last_one() {
    let (recorder, _) = recorder();
    recorder.start(&app()).fail();
    let attempt = recorder.start(&app());
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=0"]);
    attempt.succeed();
    assert_objects(&recorder, &["App ns/a Ready=True durations=2 sum=0"]);
}

#[test]
fn of_two_attempts_the_one_that_ends_last_decides() {
    let (recorder, _) = recorder();
    let (first, second) = (recorder.start(&app()), recorder.start(&app()));
    second.succeed();
    first.fail();
    assert_objects(&recorder, &["App ns/a Ready=False durations=2 sum=0"]);
}

#[test]
fn attempts_leave_an_explicit_ready_alone() {
    let (recorder, _) = recorder();
    recorder.start(&app()).succeed();
    recorder.record_condition(&app(), &READY, False);
    recorder.start(&app()).succeed();
    assert_objects(&recorder, &["App ns/a Ready=False durations=2 sum=0"]);
    // Also one that began before it was set.
    let attempt = recorder.start(&app());
    recorder.record_condition(&app(), &READY, True);
    attempt.fail();
    assert_objects(&recorder, &["App ns/a Ready=True durations=3 sum=0"]);
}

#[test]
fn attempts_decide_ready_beside_other_explicit_conditions() {
    let (recorder, _) = recorder();
    recorder.record_condition(&app(), &STALLED, True);
    recorder.start(&app()).fail();
    assert_objects(
        &recorder,
        &["App ns/a Ready=False Stalled=True durations=1 sum=0"],
    );
}

#[test]
fn an_end_during_the_grace_adds_its_duration_and_keeps_deleted() {
    let (recorder, clock) = recorder();
    let (first, second) = (recorder.start(&app()), recorder.start(&app()));
    recorder.record_deleted(&app());
    clock.advance(SECOND);
    first.succeed();
    assert_objects(&recorder, &["App ns/a Ready=Deleted durations=1 sum=1"]);
    clock.advance(Duration::from_nanos(298_999_999_999));
    second.fail();
    assert_objects(
        &recorder,
        &["App ns/a Ready=Deleted durations=2 sum=300.999999999"],
    );
    clock.advance(Duration::from_nanos(1));
    assert_objects(&recorder, &[]);
}

#[test]
fn an_end_during_the_grace_does_not_decide_the_ready_of_a_revived_object() {
    let (recorder, _) = recorder();
    let attempt = recorder.start(&app());
    recorder.record_deleted(&app());
    attempt.succeed();
    recorder.record_condition(&app(), &STALLED, False);
    assert_objects(
        &recorder,
        &["App ns/a Ready=Unknown Stalled=False durations=1 sum=0"],
    );
}

#[test]
fn an_attempt_from_before_a_revival_adds_its_duration_and_leaves_ready_alone() {
    let (recorder, clock) = recorder();
    let [succeeding, failing] = [(); 2].map(|()| recorder.start(&app()));
    recorder.record_deleted(&app());
    let current = recorder.start(&app());
    clock.advance(SECOND);
    succeeding.succeed();
    assert_objects(&recorder, &["App ns/a Ready=Unknown durations=1 sum=1"]);
    current.succeed();
    failing.fail();
    assert_objects(&recorder, &["App ns/a Ready=True durations=3 sum=3"]);
}

#[test]
fn an_attempt_from_two_lives_ago_leaves_ready_alone() {
    let (recorder, _) = recorder();
    let oldest = recorder.start(&app());
    recorder.record_deleted(&app());
    let older = recorder.start(&app());
    recorder.record_deleted(&app());
    recorder.record_condition(&app(), &STALLED, False);
    oldest.succeed();
    older.fail();
    assert_objects(
        &recorder,
        &["App ns/a Ready=Unknown Stalled=False durations=2 sum=0"],
    );
}

/// Ends an attempt that began before `lose`, once on what is left and once on what came after it,
/// each way an attempt can end.
#[track_caller]
fn assert_inert(grace: Duration, lose: impl Fn(&Recorder, &dyn Fn(Duration))) {
    for again in [false, true] {
        let (recorder, clock) = on_manual_clock(Recorder::builder().deleted_grace(grace));
        let attempts = [(); 4].map(|()| recorder.start(&app()));
        let advance = |step| clock.advance(step);
        lose(&recorder, &advance);
        let mut expected: &[&str] = &[];
        if again {
            recorder.record_condition(&app(), &STALLED, True);
            recorder.record_duration(&app(), SECOND);
            expected = &["App ns/a Stalled=True durations=1 sum=1"];
        }
        let [succeeding, failing, panicking, cancelled] = attempts;
        succeeding.succeed();
        failing.fail();
        let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _attempt = panicking;
            // Not `panic!`, which would print.
            std::panic::resume_unwind(Box::new("reconcile"));
        }));
        assert!(unwound.is_err());
        drop(cancelled);
        assert_objects(&recorder, expected);
        assert_counters(
            &recorder,
            &[
                "reconcile_errors app 2",
                "reconcile_panics app 1",
                "reconcile app error 2",
                "reconcile app success 1",
                "attempts_cancelled app 1",
            ],
        );
    }
}

#[test]
fn an_end_after_forget_changes_only_counters() {
    assert_inert(GRACE, |recorder, _| recorder.forget(&app()));
}

#[test]
fn an_end_after_clear_changes_only_counters() {
    assert_inert(GRACE, |recorder, _| recorder.clear());
}

#[test]
fn an_end_after_a_deletion_without_grace_changes_only_counters() {
    assert_inert(Duration::ZERO, |recorder, _| {
        recorder.record_deleted(&app());
    });
}

#[test]
fn an_end_after_the_grace_changes_only_counters() {
    assert_inert(GRACE, |recorder, advance| {
        recorder.record_deleted(&app());
        advance(GRACE);
    });
}

#[test]
fn an_end_after_a_scrape_removed_the_object_changes_only_counters() {
    assert_inert(GRACE, |recorder, advance| {
        recorder.record_deleted(&app());
        advance(GRACE);
        assert_objects(recorder, &[]);
    });
}

#[test]
fn an_end_after_a_deleted_object_was_forgotten_changes_only_counters() {
    assert_inert(GRACE, |recorder, _| {
        recorder.record_deleted(&app());
        recorder.forget(&app());
    });
}

#[test]
fn a_panic_from_before_a_revival_leaves_ready_alone() {
    let (recorder, _) = recorder();
    let attempt = recorder.start(&app());
    recorder.record_deleted(&app());
    recorder.start(&app()).succeed();
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _attempt = attempt;
        std::panic::resume_unwind(Box::new("reconcile"));
    }));
    assert!(unwound.is_err());
    assert_objects(&recorder, &["App ns/a Ready=True durations=2 sum=0"]);
}

#[test]
fn forgetting_twice_and_recording_between_leaves_old_attempts_inert() {
    let (recorder, _) = recorder();
    let first = recorder.start(&app());
    recorder.forget(&app());
    let second = recorder.start(&app());
    recorder.forget(&app());
    recorder.record_condition(&app(), &READY, True);
    first.fail();
    second.fail();
    assert_objects(&recorder, &["App ns/a Ready=True"]);
}
