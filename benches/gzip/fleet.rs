//! Objects as a controller has them after some days: each was reconciled a few hundred times.
//!
//! The same at each run: how small a text can be made depends on every digit of it.

use std::time::Duration;

use fastrand::Rng;
use gotk_metrics::{ConditionStatus, ConditionType, ObjectId, Recorder};

/// Four states of Ready, suspension, and a histogram of ten bounds.
pub(crate) const SERIES_PER_OBJECT: usize = 18;
/// Reconciles of an object, at most.
const RECONCILES: u64 = 500;

pub(crate) fn recorder(objects: usize) -> Recorder {
    let mut random = Rng::with_seed(42);
    let mut numbers: Vec<usize> = (0..objects).collect();
    // Records are made in random order, as in a real process.
    random.shuffle(&mut numbers);
    let recorder = Recorder::builder().max_objects(objects.max(1)).build();
    let recorder = recorder.expect("a recorder with one option");
    for number in numbers {
        let name = format!("app-{number:06}");
        let namespace = format!("team-{:03}", number % 100);
        record(&recorder, &mut random, &name, &namespace);
    }
    recorder
}

fn record(recorder: &Recorder, random: &mut Rng, name: &str, namespace: &str) {
    let id = ObjectId::new("Kustomization", name).within(namespace);
    let ready = if random.u8(..20) == 0 {
        ConditionStatus::False
    } else {
        ConditionStatus::True
    };
    recorder.record_condition(&id, &ConditionType::READY, ready);
    recorder.record_suspend(&id, random.u8(..50) == 0);
    let reconciles = random.u64(1..=RECONCILES);
    // Each object has its own usual duration, from a hundredth of a second to some minutes.
    let usual = 10_u64 << random.u64(..14);
    for _ in 0..reconciles {
        let millis = random.u64(usual / 2..usual * 2);
        recorder.record_duration(&id, Duration::from_millis(millis));
    }
}
