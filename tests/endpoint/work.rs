//! A controller at work: what it records and how long each recording takes.
//!
//! In bursts, as reconciles come; between them the processor is somebody else's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gotk_metrics::{ConditionStatus, ConditionType, ObjectId, Recorder};
use serde_json::{Value, json};

const BURST: usize = 50;
const PAUSE: Duration = Duration::from_millis(1);

pub(super) struct Work {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Took>,
}

/// Nanoseconds of each.
#[derive(Default)]
struct Took {
    records: Vec<u64>,
    creates: Vec<u64>,
    deletes: Vec<u64>,
}

pub(super) fn start(recorder: Recorder, ids: Vec<ObjectId<'static>>) -> Work {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thread = thread::spawn(move || work(&recorder, &ids, &stopped));
    Work { stop, thread }
}

impl Work {
    pub(super) fn stop(self) -> Value {
        // Relaxed: guards no other memory.
        self.stop.store(true, Ordering::Relaxed);
        match self.thread.join() {
            Ok(mut took) => json!({
                "record": summary(&mut took.records),
                "create": summary(&mut took.creates),
                "delete": summary(&mut took.deletes),
            }),
            Err(_) => json!({ "error": "the recording thread panicked" }),
        }
    }
}

fn work(recorder: &Recorder, ids: &[ObjectId<'static>], stop: &AtomicBool) -> Took {
    let mut random = fastrand::Rng::with_seed(1);
    let mut took = Took::default();
    let mut number = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..BURST {
            let Some(id) = random.choice(ids) else { break };
            let status = if random.bool() {
                ConditionStatus::True
            } else {
                ConditionStatus::False
            };
            let start = Instant::now();
            recorder.record_condition(id, &ConditionType::READY, status);
            recorder.start(id).succeed();
            took.records.push(nanos(start));
        }
        // One that comes and goes, so that each scrape has a list to build.
        number += 1;
        let id = ObjectId::new("Job", format!("job-{number}")).within("jobs");
        let start = Instant::now();
        recorder.record_condition(&id, &ConditionType::READY, ConditionStatus::True);
        took.creates.push(nanos(start));
        if number > 100 {
            let id = ObjectId::new("Job", format!("job-{}", number - 100)).within("jobs");
            let start = Instant::now();
            recorder.forget(&id);
            took.deletes.push(nanos(start));
        }
        thread::sleep(PAUSE);
    }
    took
}

fn nanos(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Microseconds.
fn summary(took: &mut [u64]) -> Value {
    took.sort_unstable();
    let at = |thousandths: usize| {
        let place = took.len().saturating_sub(1) * thousandths / 1000;
        #[expect(clippy::cast_precision_loss, reason = "far below the limit")]
        let micros = took.get(place).map_or(0.0, |nanos| *nanos as f64 / 1e3);
        micros
    };
    json!({ "count": took.len(), "p50": at(500), "p99": at(990), "p999": at(999), "max": at(1000) })
}
