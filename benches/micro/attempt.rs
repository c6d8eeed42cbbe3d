//! What a whole attempt costs: its start, its end, two readings of the clock, the controller's own
//! families.
//!
//!     cargo bench -p micro --bench attempt
//!
//! `bare_…` is the same work without it. `end` is what is left on a record that was looked up.

mod fleet;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use divan::{AllocProfiler, Bencher, black_box};

use crate::fleet::Fleet;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const OBJECTS: [usize; 3] = [1_000, 10_000, 100_000];
const THREADS: [usize; 2] = [1, 2];
const READY: &str = r#"status="True",type="Ready"} 1"#;

fn main() {
    divan::main();
}

/// Once a condition was recorded, attempts leave it alone; they are to decide it here.
fn fleet_of_attempts(objects: usize) -> Fleet {
    let fleet = Fleet::new(objects);
    for object in &fleet.objects {
        fleet.recorder.forget(&object.id());
        drop(fleet.recorder.start(&object.id()));
    }
    fleet
}

#[divan::bench(args = OBJECTS, threads = THREADS, sample_size = 1_000)]
fn start_and_end(bencher: Bencher, objects: usize) {
    let fleet = fleet_of_attempts(objects);
    bencher.with_inputs(|| fleet.pick()).bench_refs(|object| {
        fleet.recorder.start(&black_box(object).id()).succeed();
    });
    assert_ne!(fleet.count_samples(READY), 0);
}

#[divan::bench(args = OBJECTS, threads = THREADS, sample_size = 100)]
fn end(bencher: Bencher, objects: usize) {
    let fleet = fleet_of_attempts(objects);
    bencher
        .with_inputs(|| fleet.recorder.start(&fleet.pick().id()))
        .bench_values(|attempt| black_box(attempt).succeed());
    assert_ne!(fleet.count_samples(READY), 0);
}

#[divan::bench(args = OBJECTS, threads = THREADS, sample_size = 1_000)]
fn bare_reconcile(bencher: Bencher, objects: usize) {
    let fleet = Fleet::new(objects);
    bencher.with_inputs(|| fleet.pick()).bench_refs(|object| {
        black_box(object.id());
        poll_once(async { Ok::<(), ()>(()) });
    });
}

#[divan::bench(args = OBJECTS, threads = THREADS, sample_size = 1_000)]
fn recorded_reconcile(bencher: Bencher, objects: usize) {
    let fleet = fleet_of_attempts(objects);
    bencher.with_inputs(|| fleet.pick()).bench_refs(|object| {
        let reconcile = async { Ok::<(), ()>(()) };
        poll_once(fleet.recorder.record(&black_box(object).id(), reconcile));
    });
    assert_ne!(fleet.count_samples(READY), 0);
}

/// Runs a future that is ready at once, without a runtime that would be measured too.
fn poll_once<F: Future>(future: F) {
    let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(black_box(polled).is_ready());
}
