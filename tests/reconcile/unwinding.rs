//! Panics: an attempt on the stack counts as panicked, one that merely goes down with others does not.
//!
//! `resume_unwind` is a panic without the message.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use gotk_metrics::{Attempt, Recorder};

use crate::common::{assert_counters, assert_objects};
use crate::{ONE_CANCEL, ONE_ERROR, ONE_PANIC, ONE_SUCCESS, SECOND, app, recorder};

/// Panics with `held` on the stack.
pub(crate) fn panic_holding<T>(held: T) {
    let result = catch_unwind(AssertUnwindSafe(move || {
        let _held = held;
        resume_unwind(Box::new("reconcile"));
    }));
    assert!(result.is_err());
}

/// Runs its closure when it is dropped, so that it can run while the thread unwinds.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Runs `act` while the thread unwinds.
fn while_unwinding(act: impl FnMut()) {
    panic_holding(OnDrop(act));
}

#[test]
fn a_panic_is_an_error_with_a_duration() {
    let (recorder, clock) = recorder();
    let attempt = recorder.start(&app());
    clock.advance(SECOND);
    panic_holding(attempt);
    assert_counters(&recorder, &ONE_PANIC);
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=1"]);
}

#[test]
fn an_attempt_that_ended_before_a_panic_has_not_panicked() {
    let (recorder, _) = recorder();
    panic_holding(OnDrop(|| ()));
    let attempt = recorder.start(&app());
    let result = catch_unwind(AssertUnwindSafe(move || {
        attempt.succeed();
        resume_unwind(Box::new("after the reconcile"));
    }));
    assert!(result.is_err());
    assert_counters(&recorder, &ONE_SUCCESS);
}

#[test]
fn all_attempts_on_the_stack_have_panicked() {
    let (recorder, _) = recorder();
    panic_holding([recorder.start(&app()), recorder.start(&app())]);
    let twice = ONE_PANIC.map(|line| line.replace('1', "2"));
    assert_counters(&recorder, &twice.each_ref().map(String::as_str));
}

#[test]
fn an_attempt_started_and_dropped_while_unwinding_is_cancelled() {
    let (recorder, _) = recorder();
    while_unwinding(|| drop(recorder.start(&app())));
    assert_counters(&recorder, &ONE_CANCEL);
}

#[test]
fn an_attempt_started_while_unwinding_and_dropped_later_is_cancelled() {
    let (recorder, _) = recorder();
    let mut kept: Option<Attempt> = None;
    while_unwinding(|| kept = Some(recorder.start(&app())));
    drop(kept);
    assert_counters(&recorder, &ONE_CANCEL);
}

#[test]
fn an_attempt_started_while_unwinding_has_the_outcome_it_is_given() {
    let (recorder, _) = recorder();
    while_unwinding(|| recorder.start(&app()).succeed());
    assert_counters(&recorder, &ONE_SUCCESS);
}

#[test]
fn an_attempt_ended_while_unwinding_has_the_outcome_it_is_given() {
    let (recorder, _) = recorder();
    let mut attempt = Some(recorder.start(&app()));
    while_unwinding(|| attempt.take().unwrap().fail());
    assert_counters(&recorder, &ONE_ERROR);
}

#[test]
fn a_caught_panic_in_the_attempt_is_none() {
    let (recorder, _) = recorder();
    let attempt = recorder.start(&app());
    panic_holding(());
    attempt.succeed();
    assert_counters(&recorder, &ONE_SUCCESS);
}

#[test]
fn an_attempt_moved_to_another_thread_counts_by_that_thread() {
    let (recorder, _) = recorder();
    let attempt = recorder.start(&app());
    let unwound = std::thread::spawn(move || {
        let _attempt = attempt;
        resume_unwind(Box::new("reconcile"));
    });
    assert!(unwound.join().is_err());
    assert_counters(&recorder, &ONE_PANIC);
}

#[test]
fn a_panicking_clock_does_not_stop_a_panicking_attempt_from_being_counted() {
    let panicking = || resume_unwind(Box::new("clock"));
    let recorder = Recorder::builder().clock(panicking).build().unwrap();
    panic_holding(recorder.start(&app()));
    assert_counters(&recorder, &ONE_PANIC);
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=0"]);
}
