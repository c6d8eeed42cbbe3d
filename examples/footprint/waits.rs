//! How long creates and records take while another thread is busy.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gotk_metrics::{ObjectId, Recorder};

use crate::{OBJECTS, record, scrape};

/// The other thread scrapes, or spins.
#[expect(clippy::disallowed_methods, reason = "times what the recorder does")]
pub(crate) fn print(ids: &[ObjectId], scrapes: bool) {
    let (recorder, done) = (&Recorder::new(), &AtomicBool::new(false));
    let time = |id| {
        let start = Instant::now();
        record(recorder, id);
        start.elapsed()
    };
    let all = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) && (!scrapes || scrape(recorder) < usize::MAX) {
                spin_loop();
            }
        });
        let create: fn(&Recorder) = Recorder::clear;
        let all = [("create", create), ("record", |_| ())].map(|(operation, prepare)| {
            let mut times = Vec::new();
            for _ in 0..1_000_000 / OBJECTS {
                prepare(recorder);
                times.extend(ids.iter().map(time));
            }
            (operation, times)
        });
        done.store(true, Ordering::Relaxed);
        all
    });
    // Behind the end of the other thread: who reads this may hang up, which is a panic here.
    let other = if scrapes { "scrapes" } else { "a busy loop" };
    for (operation, times) in all {
        print!("{operation} beside {other}: ");
        print_times(times);
    }
}

fn print_times(mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |permille| times.get(times.len() * permille / 1000).copied();
    let [median, p999] = [500, 999].map(|permille| at(permille).unwrap_or_default());
    let mean = times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap_or(u32::MAX);
    let worst = times.last().copied().unwrap_or_default();
    let long = times.iter().filter(|time| time.as_millis() > 0).count();
    println!(
        "mean {mean:?}, median {median:?}, p99.9 {p999:?}, worst {worst:?}, {long} ppm over 1 ms"
    );
}
