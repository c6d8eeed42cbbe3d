//! Shows what 100 000 objects cost: bytes per object, and how long a record waits for a scrape.
//!
//!     cargo run --release --no-default-features --example footprint
//!
//! Fails if an object takes more than `LIMIT` bytes, of heap or of resident memory.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, hint, thread};

use allocation_counter::measure;
use gotk_metrics::{ConditionStatus, ConditionType, Format};
use gotk_metrics::{ObjectId, RecordReconcile as _, Recorder};

const OBJECTS: usize = 100_000;
const LIMIT: usize = 350;

fn main() -> ExitCode {
    let name = |number| ObjectId::new("Kustomization", format!("app-{number:06}"));
    let id = |number| name(number).within(format!("team-{:03}", number % 100));
    let mut ids: Vec<ObjectId> = (0..OBJECTS).map(id).collect();
    // In random order, as in a real process.
    fastrand::Rng::with_seed(42).shuffle(&mut ids);

    let resident_before = resident();
    let mut recorder = None;
    let used = measure(|| {
        let recorder = recorder.insert(Recorder::new());
        for id in &ids {
            record(recorder, id);
        }
        // Leaves the sorted snapshot behind, which counts too.
        assert!(scrape(recorder) > 1_000 * OBJECTS);
    });
    let resident = resident().saturating_sub(resident_before) / OBJECTS;
    let heap = usize::try_from(used.bytes_current).unwrap_or_default() / OBJECTS;
    println!("{OBJECTS} objects: {heap} bytes of heap each, {resident} bytes resident each");

    let cleared = measure(|| recorder.iter().for_each(Recorder::clear)).bytes_current;
    let left = used.bytes_current + cleared;
    println!("after clear: {left} bytes of heap in all");
    // A busy neighbour alone makes a thread wait now and then: that is what to compare with.
    print_waits(&ids, false);
    print_waits(&ids, true);
    let within = (1..=LIMIT).contains(&heap) && resident <= LIMIT;
    ExitCode::from(u8::from(!within))
}

fn record(recorder: &Recorder, id: &ObjectId) {
    recorder.record_condition(id, &ConditionType::READY, ConditionStatus::True);
    recorder.record_suspend(id, false);
    recorder.record_duration(id, Duration::from_millis(1_500));
}

/// How many bytes the exposition has; none of them stay.
fn scrape(recorder: &Recorder) -> usize {
    let chunks = recorder.encode_chunks(Format::Text);
    chunks.map(|chunk| chunk.len()).sum()
}

/// Times creates and records while another thread is busy, with scrapes or with nothing.
#[expect(clippy::disallowed_methods, reason = "times what the recorder does")]
fn print_waits(ids: &[ObjectId], scrapes: bool) {
    let (recorder, done) = (&Recorder::new(), &AtomicBool::new(false));
    let time = |id| {
        let start = Instant::now();
        record(recorder, id);
        start.elapsed()
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) && (!scrapes || scrape(recorder) < usize::MAX) {
                hint::spin_loop();
            }
        });
        let create: fn(&Recorder) = Recorder::clear;
        for (operation, prepare) in [("create", create), ("record", |_| ())] {
            let mut times = Vec::new();
            for _ in 0..1_000_000 / OBJECTS {
                prepare(recorder);
                times.extend(ids.iter().map(time));
            }
            let worst = times.iter().copied().max().unwrap_or_default();
            let long = times.iter().filter(|time| time.as_millis() > 0).count();
            let other = if scrapes { "scrapes" } else { "a busy loop" };
            println!("{operation} beside {other}: worst {worst:?}, {long} ppm over 1 ms");
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// The resident memory of this process, 0 where Linux does not tell it.
fn resident() -> usize {
    // Not `statm`, which counts in pages of a size that std does not know.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = size.and_then(|size| size.trim_end_matches("kB").trim().parse().ok());
    kib.unwrap_or(0) * 1024
}
