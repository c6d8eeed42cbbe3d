//! Shows what 100 000 objects cost: bytes per object, and how long a record waits for a scrape.
//!
//!     cargo run --release --no-default-features --example footprint
//!
//! Fails if memory goes beyond the limits below. Times are only printed: others use the machine too.

mod waits;

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use allocation_counter::measure;
use gotk_metrics::{ConditionStatus, ConditionType, Format};
use gotk_metrics::{ObjectId, Recorder};

const OBJECTS: usize = 100_000;
/// Bytes of heap for each object, what a scrape leaves behind included.
const HEAP_LIMIT: usize = 250;
/// Resident bytes for each object; the allocator keeps some for itself.
const RESIDENT_LIMIT: usize = 300;
/// Bytes above idle while one scrape is under way.
const SCRAPE_LIMIT: usize = 1024 * 1024;
/// Percent of the peak that may be left once all objects are gone.
const LEFT_LIMIT: usize = 10;

fn main() -> ExitCode {
    let name = |number| ObjectId::new("Kustomization", format!("app-{number:06}"));
    let id = |number| name(number).within(format!("team-{:03}", number % 100));
    let mut ids: Vec<ObjectId> = (0..OBJECTS).map(id).collect();
    // In random order, as in a real process.
    fastrand::Rng::with_seed(42).shuffle(&mut ids);

    let resident_before = resident();
    let mut recorder = None;
    let all = measure(|| {
        let recorder = recorder.insert(Recorder::new());
        for id in &ids {
            record(recorder, id);
        }
        // Leaves the sorted snapshot behind, which counts too.
        assert!(scrape(recorder) > 1_000 * OBJECTS);
    });
    let resident = resident().saturating_sub(resident_before) / OBJECTS;
    let heap = bytes(all.bytes_current) / OBJECTS;
    println!("{OBJECTS} objects: {heap} bytes of heap each, {resident} bytes resident each");
    let during = measure(|| recorder.iter().for_each(|it| assert!(scrape(it) > 0)));
    let scrape = bytes(during.bytes_max);
    println!("a scrape: {scrape} bytes of heap above idle");
    let gone = measure(|| recorder.iter().for_each(|it| forget(it, &ids)));
    let left = bytes(all.bytes_current + during.bytes_current + gone.bytes_current);
    let percent = left * 100 / bytes(all.bytes_max);
    println!("all forgotten: {left} bytes of heap left, {percent} % of the peak");
    drop(recorder);

    // A busy neighbour alone makes a thread wait now and then: that is what to compare with.
    for scrapes in [false, true] {
        waits::print(&ids, scrapes);
    }
    let within = (1..=HEAP_LIMIT).contains(&heap) && resident <= RESIDENT_LIMIT;
    let within = within && scrape <= SCRAPE_LIMIT && percent <= LEFT_LIMIT;
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

/// One after the other, as in a cluster that is cleared; then a scrape.
fn forget(recorder: &Recorder, ids: &[ObjectId]) {
    for id in ids {
        recorder.forget(id);
    }
    assert_eq!(scrape(recorder), 0);
}

fn bytes(count: impl TryInto<usize>) -> usize {
    count.try_into().unwrap_or_default()
}

/// The resident memory of this process, 0 where Linux does not tell it.
fn resident() -> usize {
    // Not `statm`, which counts in pages of a size that std does not know.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = size.and_then(|size| size.trim_end_matches("kB").trim().parse().ok());
    kib.unwrap_or(0) * 1024
}
