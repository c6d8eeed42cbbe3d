//! R5, R6: what scrapes cost whoever records.
//!
//! A stall is a call that took long; on a machine that others use too, it may be theirs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gotk_metrics::{ConditionStatus, ConditionType, Recorder};

use crate::{Effort, Row, app, encode};

const READY: ConditionType = ConditionType::READY;

/// Every time that `act` took, in order.
fn timed(numbers: impl Iterator<Item = usize>, mut act: impl FnMut(usize)) -> Vec<Duration> {
    let mut times: Vec<Duration> = numbers
        .map(|number| {
            let start = Instant::now();
            act(number);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times
}

fn p99(times: &[Duration]) -> Duration {
    times
        .get(times.len() * 99 / 100)
        .copied()
        .unwrap_or_default()
}

pub(crate) fn recording(effort: Effort) -> Row {
    let objects = effort.of(100_000, 10_000);
    let recorder = Recorder::builder()
        .max_objects(2 * objects)
        .build()
        .expect("these options are valid");
    for number in 0..objects {
        recorder.record_condition(&app(number), &READY, ConditionStatus::True);
        recorder.record_duration(&app(number), Duration::from_secs(1));
    }
    let (done, scrapes) = (AtomicBool::new(false), AtomicU64::new(0));
    let [known, created, deleted] = thread::scope(|scope| {
        scope.spawn(|| {
            let mut text = String::new();
            while !done.load(Ordering::Relaxed) {
                encode(&recorder, &mut text);
                scrapes.fetch_add(1, Ordering::Relaxed);
            }
        });
        let known = timed(
            (0..20 * objects).map(|number| number * 7919 % objects),
            |number| {
                recorder.record_duration(&app(number), Duration::from_millis(20));
            },
        );
        let created = timed(objects..2 * objects, |number| {
            recorder.record_condition(&app(number), &READY, ConditionStatus::True);
        });
        let deleted = timed(objects..2 * objects, |number| {
            recorder.record_deleted(&app(number));
        });
        done.store(true, Ordering::Relaxed);
        [known, created, deleted].map(|times| p99(&times))
    });
    let scrapes = scrapes.into_inner();
    let micros = |micros| Duration::from_micros(micros);
    let in_time = known < micros(10) && created < micros(100) && deleted < micros(100);
    let figure = format!(
        "p99 record {known:.1?}, create {created:.1?}, delete {deleted:.1?}, {scrapes} scrapes of {objects} objects"
    );
    (scrapes > 0 && (in_time || !effort.times), figure)
}

pub(crate) fn stalls(effort: Effort) -> Row {
    let recorder = Recorder::builder().deleted_grace(Duration::from_millis(50));
    let recorder = recorder.build().expect("these options are valid");
    let length = Duration::from_secs(effort.of(60, 5) as u64);
    let start = Instant::now();
    let (calls, scrapes, longest) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let noted = |act: &dyn Fn()| {
        let start = Instant::now();
        act();
        let took = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        longest.fetch_max(took, Ordering::Relaxed);
    };
    thread::scope(|scope| {
        for seed in 0..4 {
            let (recorder, calls, noted) = (&recorder, &calls, &noted);
            scope.spawn(move || {
                let mut rng = fastrand::Rng::with_seed(seed);
                while start.elapsed() < length {
                    let id = app(rng.usize(..2000));
                    noted(&|| match rng.clone().u8(..8) {
                        0 => recorder.record_deleted(&id),
                        1 => recorder.forget(&id),
                        2 => recorder.record_condition(&id, &READY, ConditionStatus::False),
                        3 => recorder.record_suspend(&id, true),
                        4 => recorder.start(&id).fail(),
                        _ => recorder.start(&id).succeed(),
                    });
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..2 {
            let (recorder, scrapes) = (&recorder, &scrapes);
            scope.spawn(move || {
                let mut text = String::new();
                while start.elapsed() < length {
                    encode(recorder, &mut text);
                    scrapes.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let (calls, scrapes, longest) = (
        calls.into_inner(),
        scrapes.into_inner(),
        longest.into_inner(),
    );
    let pass = calls > 0 && scrapes > 0 && (longest < 1000 || !effort.times);
    (
        pass,
        format!(
            "longest call {longest} ms of {calls}, {scrapes} scrapes, {} s",
            length.as_secs()
        ),
    )
}
