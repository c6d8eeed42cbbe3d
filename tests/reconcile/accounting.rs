//! 30 000 attempts, a third of which panic and a third of which are cancelled: all accounted for.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;

use gotk_metrics::{Format, ObjectId, Outcome, Recorder};
use tokio::sync::Barrier;

use crate::common::{assert_counters, parse};
use crate::unwinding::panic_holding;

const ATTEMPTS: usize = 30_000;
const COUNTERS: [&str; 5] = [
    "reconcile_errors app 10000",
    "reconcile_panics app 10000",
    "reconcile app error 10000",
    "reconcile app success 10000",
    "attempts_cancelled app 10000",
];

fn app(number: usize) -> ObjectId<'static> {
    ObjectId::new("App", (number % 1000).to_string())
}

/// Every attempt that had a result has its duration in some histogram.
#[track_caller]
fn assert_durations(recorder: &Recorder) {
    let text = recorder.encode(Format::Text);
    let samples = parse::samples(&text).into_iter();
    let counts = samples.filter(|sample| sample.name == "gotk_reconcile_duration_seconds_count");
    let total: usize = counts
        .map(|count| count.value.parse::<usize>().unwrap())
        .sum();
    assert_eq!(total, 20_000, "in\n{text}");
}

#[test]
fn guards_on_four_threads_are_all_accounted_for() {
    let recorder = Recorder::new();
    std::thread::scope(|scope| {
        for first in 0..4 {
            let recorder = &recorder;
            scope.spawn(move || {
                for number in (first..ATTEMPTS).step_by(4) {
                    let attempt = recorder.start(&app(number));
                    match number % 3 {
                        0 => attempt.succeed(),
                        1 => panic_holding(attempt),
                        _ => drop(attempt),
                    }
                }
            });
        }
    });
    assert_counters(&recorder, &COUNTERS);
    assert_durations(&recorder);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn futures_in_tasks_are_all_accounted_for() {
    let recorder = Recorder::new();
    let started = Arc::new(Barrier::new(ATTEMPTS / 3 + 1));
    let mut tasks = Vec::new();
    for number in 0..ATTEMPTS {
        let started = Arc::clone(&started);
        let reconcile = async move {
            match number % 3 {
                0 => {}
                1 => resume_unwind(Box::new("reconcile")),
                _ => {
                    started.wait().await;
                    pending::<()>().await;
                }
            }
        };
        let future = recorder.record_with(&app(number), reconcile, |()| Outcome::Success);
        tasks.push(tokio::spawn(future));
    }
    // Now all that are to be cancelled are half way.
    started.wait().await;
    for task in tasks.iter().skip(2).step_by(3) {
        task.abort();
    }
    for (number, task) in tasks.into_iter().enumerate() {
        let result = task.await;
        match number % 3 {
            0 => result.unwrap(),
            1 => assert!(result.unwrap_err().is_panic()),
            _ => assert!(result.unwrap_err().is_cancelled()),
        }
    }
    assert_counters(&recorder, &COUNTERS);
    assert_durations(&recorder);
}
