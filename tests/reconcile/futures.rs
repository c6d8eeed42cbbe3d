//! A future as one attempt: when it starts, when it ends, and what its drop means.

use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use gotk_metrics::{Completion, ManualClock, Outcome, Recorder};
use tokio::time::{Instant, sleep, timeout};

use crate::common::{assert_counters, assert_objects};
use crate::unwinding::panic_holding;
use crate::{ONE_CANCEL, ONE_ERROR, ONE_PANIC, ONE_SUCCESS, SECOND, app, recorder};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A future that answers each poll by its closure.
struct PollFn<F>(F);

impl<T, F: FnMut() -> Poll<T> + Unpin> Future for PollFn<F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        (self.0)()
    }
}

/// A recorder on the clock of tokio, which a paused test moves.
fn recorder_on_tokio_time() -> Recorder {
    let start = Instant::now();
    let clock = move || start.elapsed();
    Recorder::builder().clock(clock).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_future_is_timed_from_the_call_to_its_end() {
    let recorder = recorder_on_tokio_time();
    let future = recorder.record(&app(), async {
        sleep(2 * SECOND).await;
        Ok::<_, ()>(())
    });
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
    sleep(SECOND).await;
    assert_eq!(future.await, Ok(()));
    sleep(SECOND).await;
    assert_objects(&recorder, &["App ns/a Ready=True durations=1 sum=3"]);
    assert_counters(&recorder, &ONE_SUCCESS);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_timed_as_well() {
    let recorder = recorder_on_tokio_time();
    let future = recorder.record(&app(), async {
        sleep(SECOND).await;
        Err::<(), _>("no source")
    });
    assert_eq!(future.await, Err("no source"));
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=1"]);
    assert_counters(&recorder, &ONE_ERROR);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_around_it_is_a_cancel() {
    let recorder = recorder_on_tokio_time();
    let endless = recorder.record(&app(), pending::<Result<(), ()>>());
    timeout(SECOND, endless).await.unwrap_err();
    assert_counters(&recorder, &ONE_CANCEL);
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_is_an_error() {
    let recorder = recorder_on_tokio_time();
    let bounded = async { timeout(SECOND, pending::<()>()).await };
    recorder.record(&app(), bounded).await.unwrap_err();
    assert_counters(&recorder, &ONE_ERROR);
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=1"]);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_task_and_a_lost_race_are_cancels() {
    let recorder = recorder_on_tokio_time();
    let task = tokio::spawn(recorder.record(&app(), pending::<Result<(), ()>>()));
    sleep(SECOND).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());

    tokio::select! {
        _ = recorder.record(&app(), pending::<Result<(), ()>>()) => unreachable!(),
        () = sleep(SECOND) => {}
    }
    assert_counters(&recorder, &["attempts_cancelled app 2"]);
}

#[tokio::test]
async fn a_panicking_task_is_a_panic() {
    let (recorder, _) = recorder();
    let panicking = async { resume_unwind(Box::new("reconcile")) };
    let future = recorder.record_with(&app(), panicking, |()| Outcome::Success);
    assert!(tokio::spawn(future).await.unwrap_err().is_panic());
    assert_counters(&recorder, &ONE_PANIC);
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=0"]);
}

/// What a reconcile function of a user returns.
enum Next {
    Wait,
    Now,
    After,
}

impl Completion for Next {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Wait => Outcome::Success,
            Self::Now => Outcome::Requeue,
            Self::After => Outcome::RequeueAfter,
        }
    }
}

#[tokio::test]
async fn a_requeue_is_not_called_success() {
    let (recorder, _) = recorder();
    for next in [Next::Wait, Next::Now, Next::Now, Next::After] {
        let result = recorder.record(&app(), async { Ok::<_, ()>(next) }).await;
        assert!(result.is_ok());
    }
    let failed = recorder.record(&app(), async { Err::<Next, _>(()) }).await;
    assert!(failed.is_err());
    assert_counters(
        &recorder,
        &[
            "reconcile_errors app 1",
            "reconcile app error 1",
            "reconcile app requeue 2",
            "reconcile app requeue_after 1",
            "reconcile app success 1",
        ],
    );
}

#[tokio::test]
async fn record_with_asks_its_closure_once() {
    let (recorder, _) = recorder();
    let mut asked = Vec::new();
    let outcome = |code: &i32| {
        asked.push(*code);
        Outcome::RequeueAfter
    };
    assert_eq!(recorder.record_with(&app(), ready(7), outcome).await, 7);
    assert_eq!(asked, [7]);
    assert_counters(&recorder, &["reconcile app requeue_after 1"]);
}

#[test]
fn one_that_is_never_polled_is_cancelled() {
    let (recorder, _) = recorder();
    drop(recorder.record(&app(), async { Ok::<_, ()>(()) }));
    assert_counters(&recorder, &ONE_CANCEL);
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
}

#[test]
fn one_that_is_dropped_half_way_is_cancelled_when_it_is_dropped() {
    let (recorder, _) = recorder();
    let mut future = Box::pin(recorder.record(&app(), pending::<Result<(), ()>>()));
    assert!(poll(future.as_mut()).is_pending());
    assert_counters(&recorder, &[]);
    drop(future);
    assert_counters(&recorder, &ONE_CANCEL);
}

#[test]
fn one_that_is_polled_after_it_was_ready_counts_once() {
    let (recorder, _) = recorder();
    let inner = PollFn(|| Poll::Ready(Ok::<_, ()>(())));
    let mut future = pin!(recorder.record(&app(), inner));
    assert!(poll(future.as_mut()).is_ready());
    assert!(poll(future.as_mut()).is_ready());
    assert_counters(&recorder, &ONE_SUCCESS);
}

#[test]
fn a_panic_of_one_that_is_polled_after_it_was_ready_counts_for_nothing() {
    let (recorder, _) = recorder();
    let mut polls = 0;
    let inner = PollFn(move || {
        polls += 1;
        match polls {
            1 => Poll::Ready(Ok::<_, ()>(())),
            _ => resume_unwind(Box::new("polled after it was ready")),
        }
    });
    let mut future = Box::pin(recorder.record(&app(), inner));
    assert!(poll(future.as_mut()).is_ready());
    let again = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
    assert!(again.is_err());
    drop(future);
    assert_counters(&recorder, &ONE_SUCCESS);
}

/// A recorded future after its first poll, which panicked and was caught.
fn caught<F: Future<Output = Result<(), ()>>>(
    recorder: &Recorder,
    clock: &ManualClock,
    future: F,
) -> Pin<Box<impl Future + use<F>>> {
    let mut future = Box::pin(recorder.record(&app(), future));
    clock.advance(SECOND);
    let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
    assert!(polled.is_err());
    future
}

#[test]
fn a_caught_panic_counts_at_once_and_only_once() {
    let (recorder, clock) = recorder();
    let panicking = async { resume_unwind(Box::new("reconcile")) };
    let future = caught(&recorder, &clock, panicking);
    assert_counters(&recorder, &ONE_PANIC);
    clock.advance(SECOND);
    drop(future);
    assert_counters(&recorder, &ONE_PANIC);
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=1"]);
}

#[test]
fn what_a_future_does_after_its_panic_counts_for_nothing() {
    let (recorder, clock) = recorder();
    let mut polls = 0;
    let inner = PollFn(move || {
        polls += 1;
        match polls {
            1 => resume_unwind(Box::new("reconcile")),
            _ => Poll::Ready(Ok(())),
        }
    });
    let mut future = caught(&recorder, &clock, inner);
    assert!(poll(future.as_mut()).is_ready());
    drop(future);
    assert_counters(&recorder, &ONE_PANIC);
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=1"]);
}

#[test]
fn one_that_goes_down_with_a_thread_that_unwinds_for_another_reason_is_cancelled() {
    let (recorder, _) = recorder();
    let never_polled = recorder.record(&app(), pending::<Result<(), ()>>());
    panic_holding(never_polled);
    assert_counters(&recorder, &ONE_CANCEL);

    let mut half_way = Box::pin(recorder.record(&app(), pending::<Result<(), ()>>()));
    assert!(poll(half_way.as_mut()).is_pending());
    panic_holding(half_way);
    assert_counters(&recorder, &["attempts_cancelled app 2"]);
}

#[test]
fn a_future_inside_a_panicking_one_is_cancelled() {
    let (recorder, _) = recorder();
    let inner = recorder.record(&app(), pending::<Result<(), ()>>());
    let outer_id = gotk_metrics::ObjectId::new("Outer", "o");
    let panicking = async move {
        let _inner = inner;
        resume_unwind(Box::new("outer"))
    };
    let outer = recorder.record_with(&outer_id, panicking, |()| Outcome::Success);
    let mut outer = Box::pin(outer);
    assert!(catch_unwind(AssertUnwindSafe(|| poll(outer.as_mut()))).is_err());
    assert_counters(
        &recorder,
        &[
            "reconcile_errors outer 1",
            "reconcile_panics outer 1",
            "reconcile outer error 1",
            "attempts_cancelled app 1",
        ],
    );
}

#[test]
fn a_panic_passes_through_all_recorded_futures_that_are_polled() {
    let (recorder, _) = recorder();
    let panicking = async { resume_unwind(Box::new("reconcile")) };
    let inner = recorder.record_with(&app(), panicking, |()| Outcome::Success);
    let outer = recorder.record_with(&app(), inner, |()| Outcome::Success);
    let mut outer = Box::pin(outer);
    assert!(catch_unwind(AssertUnwindSafe(|| poll(outer.as_mut()))).is_err());
    let twice = ONE_PANIC.map(|line| line.replace('1', "2"));
    assert_counters(&recorder, &twice.each_ref().map(String::as_str));
}

#[test]
fn a_panicking_outcome_is_a_panic() {
    let (recorder, _) = recorder();
    let panicking = |(): &()| resume_unwind(Box::new("outcome"));
    let mut future = Box::pin(recorder.record_with(&app(), ready(()), panicking));
    assert!(catch_unwind(AssertUnwindSafe(|| poll(future.as_mut()))).is_err());
    drop(future);
    assert_counters(&recorder, &ONE_PANIC);
}

#[test]
fn a_panic_in_the_drop_of_a_cancelled_future_is_no_result() {
    struct PanicsOnDrop;
    impl Drop for PanicsOnDrop {
        fn drop(&mut self) {
            resume_unwind(Box::new("drop"));
        }
    }
    let (recorder, _) = recorder();
    let bomb = PanicsOnDrop;
    let future = recorder.record(&app(), async move {
        let _bomb = bomb;
        pending::<Result<(), ()>>().await
    });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(future))).is_err());
    assert_counters(&recorder, &ONE_CANCEL);
}
