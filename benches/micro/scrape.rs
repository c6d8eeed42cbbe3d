//! What a scrape costs: time, throughput and allocations of one exposition.
//!
//!     cargo bench -p micro --bench scrape
//!
//! `bare_copy` moves the same bytes in chunks of the same size and is what `encode` can at best reach.

mod fleet;

use std::time::Duration;

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher, black_box};
use gotk_metrics::{ConditionStatus, Format, Recorder};

use crate::fleet::{Fleet, record};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const OBJECTS: [usize; 3] = [1_000, 10_000, 100_000];
const SERIES_PER_OBJECT: usize = 18;
/// That of the crate's own chunks, and a few kilobytes more.
const BUFFER: usize = 72 * 1024;

fn main() {
    divan::main();
}

#[divan::bench(args = OBJECTS, sample_size = 1, sample_count = 31)]
fn bare_copy(bencher: Bencher, objects: usize) {
    let text = Fleet::new(objects).recorder.encode(Format::Text);
    let mut buffer = Vec::with_capacity(BUFFER);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        for chunk in text.as_bytes().chunks(64 * 1024) {
            buffer.clear();
            buffer.extend_from_slice(black_box(chunk));
        }
    });
}

/// Nothing came or went since the scrape before.
#[divan::bench(args = OBJECTS, sample_size = 1, sample_count = 31)]
fn encode(bencher: Bencher, objects: usize) {
    let fleet = Fleet::new(objects);
    assert_eq!(fleet.count_samples(""), objects * SERIES_PER_OBJECT);
    let mut buffer = String::with_capacity(BUFFER);
    let bytes = scrape(&fleet.recorder, &mut buffer);
    bencher
        .counter(BytesCount::new(bytes))
        .bench_local(|| assert_eq!(scrape(&fleet.recorder, &mut buffer), bytes));
}

/// One object went and came back, so the objects are sorted again.
#[divan::bench(args = OBJECTS, sample_size = 1, sample_count = 31)]
fn encode_after_change(bencher: Bencher, objects: usize) {
    let fleet = Fleet::new(objects);
    let mut buffer = String::with_capacity(BUFFER);
    let bytes = scrape(&fleet.recorder, &mut buffer);
    let duration = Duration::from_millis(1_500);
    bencher
        .counter(BytesCount::new(bytes))
        .with_inputs(|| {
            let object = fleet.pick();
            fleet.recorder.forget(&object.id());
            record(&fleet.recorder, object, ConditionStatus::True, duration);
        })
        .bench_local_refs(|()| scrape(&fleet.recorder, &mut buffer));
    assert_eq!(fleet.count_samples(""), objects * SERIES_PER_OBJECT);
}

/// The first scrape after all objects appeared.
#[divan::bench(args = OBJECTS, sample_size = 1, sample_count = 11)]
fn encode_first(bencher: Bencher, objects: usize) {
    let mut buffer = String::with_capacity(BUFFER);
    bencher
        .with_inputs(|| Fleet::new(objects))
        .bench_local_refs(|fleet| scrape(&fleet.recorder, &mut buffer));
}

/// As a server does it: one buffer, used again and again. Returns how many bytes there were.
fn scrape(recorder: &Recorder, buffer: &mut String) -> usize {
    let mut bytes = 0;
    buffer.clear();
    let mut chunks = recorder.encode_chunks(Format::Text);
    while chunks.fill(buffer) {
        bytes += black_box(&*buffer).len();
        buffer.clear();
    }
    bytes
}
