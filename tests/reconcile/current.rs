//! The attempt that a thread is polling.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::{Attempt, ConditionType, ObjectId, Recorder};

use crate::common::{assert_counters, assert_objects, on_manual_clock};

const READY: ConditionType = ConditionType::READY;
const STALLED: ConditionType = ConditionType::STALLED;

fn recorder() -> Recorder {
    on_manual_clock(Recorder::builder()).0
}

fn id(name: &'static str) -> ObjectId<'static> {
    ObjectId::new("App", name).within("ns")
}

/// Polls once.
fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn set_stalled() -> bool {
    Attempt::current(|attempt| attempt.set_condition(&STALLED, True)).is_some()
}

#[test]
fn there_is_one_inside_of_record_and_nowhere_else() {
    let recorder = recorder();
    assert!(!set_stalled());
    let attempt = recorder.start(&id("by-hand"));
    // No thread polls an attempt that was started by hand.
    assert!(!set_stalled());
    attempt.succeed();
    let done = poll(recorder.record(&id("a"), async {
        assert!(set_stalled());
        Ok::<_, ()>(())
    }));
    assert_eq!(done, Poll::Ready(Ok(())));
    assert!(!set_stalled());
    let lines = [
        "App ns/a Ready=True Stalled=True durations=1 sum=0",
        "App ns/by-hand Ready=True durations=1 sum=0",
    ];
    assert_objects(&recorder, &lines);
}

#[test]
fn in_nested_futures_it_is_the_innermost_one_and_the_outer_one_afterwards() {
    let recorder = recorder();
    let inner = recorder.record(&id("inner"), async {
        Attempt::current(|attempt| attempt.set_suspended(true));
        Ok::<_, ()>(())
    });
    let outer = recorder.record(&id("outer"), async {
        let result = inner.await;
        Attempt::current(|attempt| attempt.set_condition(&STALLED, False));
        result
    });
    assert_eq!(poll(outer), Poll::Ready(Ok(())));
    let lines = [
        "App ns/inner Ready=True durations=1 sum=0 suspended=1",
        "App ns/outer Ready=True Stalled=False durations=1 sum=0",
    ];
    assert_objects(&recorder, &lines);
    assert_counters(&recorder, &["reconcile app success 2"]);
}

#[test]
fn it_follows_its_future_to_another_thread() {
    let recorder = recorder();
    let mut polls = 0;
    let reconcile = poll_fn(move |_| {
        polls += 1;
        let found = Attempt::current(|attempt| attempt.set_suspended(polls == 1));
        assert_eq!(found, Some(()));
        if polls == 1 {
            Poll::Pending
        } else {
            Poll::Ready(Ok::<_, ()>(()))
        }
    });
    let mut future = Box::pin(recorder.record(&id("a"), reconcile));
    assert_eq!(poll(&mut future), Poll::Pending);
    assert_objects(&recorder, &["App ns/a Ready=Unknown suspended=1"]);
    assert!(!set_stalled());
    let on_other = thread::spawn(move || {
        assert!(!set_stalled());
        let polled = poll(&mut future);
        assert!(!set_stalled());
        polled
    });
    assert_eq!(on_other.join().unwrap(), Poll::Ready(Ok(())));
    assert_objects(
        &recorder,
        &["App ns/a Ready=True durations=1 sum=0 suspended=0"],
    );
}

#[test]
fn a_future_that_the_closure_polls_is_part_of_the_outer_attempt() {
    let recorder = recorder();
    let inner = recorder.record(&id("inner"), async {
        // The closure holds the place of the outer attempt.
        Attempt::current(|attempt| attempt.set_suspended(true));
        recorder.record_condition(&id("inner"), &STALLED, False);
        Ok::<_, ()>(())
    });
    let outer = recorder.record(&id("outer"), async {
        let polled = Attempt::current(|attempt| {
            let polled = poll(inner);
            attempt.set_condition(&STALLED, False);
            polled
        });
        assert_eq!(polled, Some(Poll::Ready(Ok(()))));
        assert!(set_stalled());
        Err::<(), _>("failed")
    });
    assert_eq!(poll(outer), Poll::Ready(Err("failed")));
    assert!(!set_stalled());
    let lines = [
        "App ns/inner Ready=True Stalled=False durations=1 sum=0",
        "App ns/outer Ready=False Stalled=True durations=1 sum=0 suspended=1",
    ];
    assert_objects(&recorder, &lines);
}

#[test]
fn a_panic_in_a_future_gives_the_place_back() {
    let recorder = recorder();
    let panicking = recorder.record(&id("a"), async {
        std::panic::resume_unwind(Box::new("as the test says"));
        #[expect(unreachable_code, reason = "the type of the future")]
        Ok::<(), ()>(())
    });
    let outer = recorder.record(&id("outer"), async {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(panicking)));
        assert!(caught.is_err());
        assert!(set_stalled());
        Ok::<_, ()>(())
    });
    assert_eq!(poll(outer), Poll::Ready(Ok(())));
    assert!(!set_stalled());
    let lines = [
        "App ns/a Ready=False durations=1 sum=0",
        "App ns/outer Ready=True Stalled=True durations=1 sum=0",
    ];
    assert_objects(&recorder, &lines);
}

#[test]
fn a_dropped_future_gives_the_place_back() {
    let recorder = recorder();
    assert!(poll(recorder.record(&id("a"), pending::<Result<(), ()>>())).is_pending());
    assert!(!set_stalled());
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
    assert_counters(&recorder, &["attempts_cancelled app 1"]);
}

#[test]
fn a_call_inside_writes_to_the_attempt_or_nowhere() {
    let recorder = recorder();
    let done = poll(recorder.record(&id("a"), async {
        recorder.record_condition(&id("a"), &STALLED, True);
        recorder.record_condition(&id("other"), &READY, True);
        recorder.forget(&id("a"));
        // Nothing brings it back: it would stay forever.
        recorder.record_condition(&id("a"), &READY, True);
        recorder.record_suspend(&id("a"), true);
        recorder.start(&id("a")).succeed();
        Ok::<_, ()>(())
    }));
    assert_eq!(done, Poll::Ready(Ok(())));
    assert_objects(&recorder, &["App ns/other Ready=True"]);
}

#[test]
fn another_recorder_is_outside() {
    let [one, two] = [recorder(), recorder()];
    let done = poll(one.record(&id("a"), async {
        two.record_condition(&id("a"), &READY, False);
        one.forget(&id("a"));
        Ok::<_, ()>(())
    }));
    assert_eq!(done, Poll::Ready(Ok(())));
    assert_objects(&one, &[]);
    assert_objects(&two, &["App ns/a Ready=False"]);
}
