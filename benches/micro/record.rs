//! What recording costs: time and allocations, on one thread and on two.
//!
//!     cargo bench -p micro --bench record
//!
//! Random objects of a fleet, known to the recorder. `bare_id` is the same work without it.

mod fleet;

use std::time::Duration;

use divan::{AllocProfiler, Bencher, black_box};
use gotk_metrics::{ConditionStatus, ConditionType};

use crate::fleet::{Fleet, record};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const OBJECTS: [usize; 3] = [1_000, 10_000, 100_000];
const THREADS: [usize; 2] = [1, 2];
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

/// A hundred full records inside an attempt: a hundredth of it is what one costs on a record that
/// is at hand.
#[divan::bench(sample_size = 100)]
fn a_hundred_inside_an_attempt(bencher: Bencher) {
    let fleet = Fleet::new(1);
    let attempt = fleet.recorder.start(&fleet.pick().id());
    bencher.bench_local(|| {
        for _ in 0..100 {
            let attempt = black_box(&attempt);
            attempt.set_condition(&ConditionType::READY, ConditionStatus::True);
            attempt.set_suspended(false);
        }
    });
    assert_ne!(fleet.count_samples(READY), 0);
}
