//! What must not depend on the machine: one kind of work against another, in alternating runs.
//!
//!     cargo bench -p micro --bench ratios
//!     cargo bench -p micro --bench ratios -- --quick
//!
//! Prints lines `ratio: <what> <objects> <number>`, the median of several runs, and fails if one is
//! beyond its limit. A plain main and not divan, which measures one function after the other: what
//! else the machine does meanwhile would be in the ratio.

mod fleet;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, slice, thread};

use gotk_metrics::{ConditionStatus, Format, Recorder};

use crate::fleet::{Fleet, Object, record};

/// Odd, for a median.
const ROUNDS: usize = 5;
const OBJECTS: usize = 100_000;
const SERIES_PER_OBJECT: usize = 18;
/// Enough to see that it runs.
const QUICK_OBJECTS: usize = 100;

/// A kind of work, and the most that it may take times what it is compared with.
///
/// Wide: the worst that two busy cores ever showed, and half of it again. What these are to find makes
/// a multiple: a lock that is held for a whole scrape, a look-up that got slower with the number of
/// objects, a list that is sorted anew at each scrape.
struct Check {
    what: &'static str,
    limit: f64,
    ratio: fn(&Fleet) -> f64,
}

const CHECKS: [Check; 4] = [
    // Half, where both have a core; as long as one thread, where they share one.
    Check {
        what: "two-threads",
        limit: 1.5,
        ratio: two_threads,
    },
    Check {
        what: "record-beside-scrapes",
        limit: 3.0,
        ratio: record_beside_scrapes,
    },
    Check {
        what: "create",
        limit: 6.0,
        ratio: create,
    },
    Check {
        what: "first-scrape",
        limit: 8.0,
        ratio: first_scrape,
    },
];

fn main() -> ExitCode {
    // Without `--bench` it is run by `cargo test --all-targets`.
    let is_full = env::args().any(|arg| arg == "--bench");
    let is_quick = env::args().any(|arg| arg == "--quick" || arg == "--test");
    let is_judged = is_full && !is_quick;
    let (objects, rounds) = if is_judged {
        (OBJECTS, ROUNDS)
    } else {
        (QUICK_OBJECTS, 1)
    };
    let fleet = Fleet::new(objects);
    assert_eq!(fleet.count_samples(""), objects * SERIES_PER_OBJECT);
    let mut failed = false;
    for check in CHECKS {
        let ratios = (0..rounds).map(|_| (check.ratio)(&fleet)).collect();
        let ratio = median(ratios, f64::total_cmp);
        println!("ratio: {} {objects} {ratio:.2}", check.what);
        if is_judged && ratio > check.limit {
            eprintln!("{}: {ratio:.2}, more than {}", check.what, check.limit);
            failed = true;
        }
    }
    ExitCode::from(u8::from(failed))
}

/// The records of two threads, each on its half of the objects, to those of one.
fn two_threads(fleet: &Fleet) -> f64 {
    let (first, second) = fleet.objects.split_at(fleet.objects.len() / 2);
    let one = time(|| record_all(&fleet.recorder, &fleet.objects));
    let two = time(|| {
        thread::scope(|scope| {
            for half in [first, second] {
                scope.spawn(|| record_all(&fleet.recorder, half));
            }
        });
    });
    two.as_secs_f64() / one.as_secs_f64()
}

/// The median record beside a thread that scrapes without pause, to that beside an idle one.
fn record_beside_scrapes(fleet: &Fleet) -> f64 {
    let idle = median_record(fleet);
    let done = AtomicBool::new(false);
    let beside = thread::scope(|scope| {
        scope.spawn(|| {
            let mut buffer = String::new();
            while !done.load(Ordering::Relaxed) {
                black_box(scrape(&fleet.recorder, &mut buffer));
            }
        });
        let beside = median_record(fleet);
        done.store(true, Ordering::Relaxed);
        beside
    });
    beside.as_secs_f64() / idle.as_secs_f64()
}

/// Creating each object, growth of the table included, to recording it.
fn create(fleet: &Fleet) -> f64 {
    let known = time(|| record_all(&fleet.recorder, &fleet.objects));
    let recorder = Recorder::new();
    let create = time(|| record_all(&recorder, &fleet.objects));
    create.as_secs_f64() / known.as_secs_f64()
}

/// The first scrape after all objects came back, to the next one.
fn first_scrape(fleet: &Fleet) -> f64 {
    fleet.recorder.clear();
    record_all(&fleet.recorder, &fleet.objects);
    let mut buffer = String::new();
    let first = time(|| scrape(&fleet.recorder, &mut buffer));
    let next = time(|| scrape(&fleet.recorder, &mut buffer));
    first.as_secs_f64() / next.as_secs_f64()
}

fn record_all(recorder: &Recorder, objects: &[Object]) {
    for object in objects {
        let duration = Duration::from_millis(1_500);
        record(recorder, object, ConditionStatus::True, duration);
    }
}

/// Of one object at a time, picked at random.
fn median_record(fleet: &Fleet) -> Duration {
    let record = |object| time(|| record_all(&fleet.recorder, slice::from_ref(object)));
    let picked = fleet.objects.iter().map(|_| fleet.pick());
    median(picked.map(record).collect(), Duration::cmp)
}

/// As a server does it: one buffer, used again and again. Returns how many bytes there were.
fn scrape(recorder: &Recorder, buffer: &mut String) -> usize {
    let mut bytes = 0;
    let mut chunks = recorder.encode_chunks(Format::Text);
    while chunks.fill(buffer) {
        bytes += black_box(&*buffer).len();
        buffer.clear();
    }
    bytes
}

#[expect(
    clippy::disallowed_methods,
    reason = "a bench reads the system's clock"
)]
fn time<R>(work: impl FnOnce() -> R) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

fn median<T: Copy>(mut values: Vec<T>, compare: impl Fn(&T, &T) -> std::cmp::Ordering) -> T {
    values.sort_unstable_by(compare);
    values[values.len() / 2]
}
