//! What recording adds to a reconcile: time and allocations, on one thread and on two.
//!
//!     cargo bench -p micro --bench record
//!
//! Random objects of a fleet, known to the recorder. `bare_…` is the same work without it.

mod fleet;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use divan::{AllocProfiler, Bencher, black_box};
use gotk_metrics::{ConditionStatus, RecordReconcile as _};

use crate::fleet::{Fleet, record};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const THREADS: [usize; 2] = [1, 2];
const OBJECTS: [usize; 2] = [1_000, 100_000];
const READY: &str = r#"status="True",type="Ready"} 1"#;

fn main() {
    divan::main();
}

#[divan::bench(args = OBJECTS, threads = THREADS, sample_size = 1_000)]
fn bare_id(bencher: Bencher, objects: usize) {
    let fleet = Fleet::new(objects);
    bencher.with_inputs(|| fleet.pick()).bench_refs(|object| {
        black_box(object.id());
    });
}

#[divan::bench(args = OBJECTS, threads = THREADS, sample_size = 1_000)]
fn condition_suspend_duration(bencher: Bencher, objects: usize) {
    let fleet = Fleet::new(objects);
    let duration = Duration::from_millis(1_500);
    bencher.with_inputs(|| fleet.pick()).bench_refs(|object| {
        let object = black_box(object);
        record(&fleet.recorder, object, ConditionStatus::True, duration);
    });
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
    let fleet = Fleet::new(objects);
    // Once a condition was recorded, attempts leave it alone; they are to decide it here.
    for object in &fleet.objects {
        fleet.recorder.forget(&object.id());
        drop(fleet.recorder.start(&object.id()));
    }
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
