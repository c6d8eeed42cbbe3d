//! What a history says of its process: simulated as well, since the one that writes it does other things.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use gotk_metrics::{AppendError, Recorder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

type Number = Gauge<f64, AtomicU64>;

/// Of processor time, in seconds.
const OF_AN_ATTEMPT: f64 = 0.011;
const OF_A_SECOND: f64 = 0.004;

const MIB: f64 = 1_048_576.0;

#[derive(Debug, Default)]
pub(crate) struct Process {
    cpu: Counter<f64, AtomicU64>,
    memory: Number,
    descriptors: Number,
    /// The attempts seen at the last scrape.
    attempts: u64,
}

impl Process {
    /// One that starts now.
    pub(crate) fn start(recorder: &Recorder, now: Duration) -> Result<Self, AppendError> {
        let process = Self::default();
        let fixed = |value: f64| {
            let number = Number::default();
            number.set(value);
            number
        };
        let mut registry = Registry::default();
        registry.register("process_cpu_seconds", "Processor time", process.cpu.clone());
        let gauges = [
            ("process_resident_memory_bytes", process.memory.clone()),
            ("process_virtual_memory_bytes", fixed(1_150.0 * MIB)),
            ("process_open_fds", process.descriptors.clone()),
            ("process_max_fds", fixed(1_048_576.0)),
            ("process_threads", fixed(5.0)),
            ("process_start_time_seconds", fixed(now.as_secs_f64())),
        ];
        for (name, gauge) in gauges {
            registry.register(name, "As Linux would say it", gauge);
        }
        recorder.append(Arc::new(registry))?;
        Ok(process)
    }

    /// What it has done since the last time.
    pub(crate) fn goes_on(&mut self, elapsed: Duration, objects: usize, attempts: u64) {
        let new = f64::from(u32::try_from(attempts - self.attempts).unwrap_or(u32::MAX));
        let objects = f64::from(u32::try_from(objects).unwrap_or(u32::MAX));
        self.attempts = attempts;
        self.cpu
            .inc_by(OF_A_SECOND * elapsed.as_secs_f64() + OF_AN_ATTEMPT * new);
        // Some of what busy times take is given back later.
        let busy = 0.1 * new * MIB;
        let before = self.memory.get().max(18.0 * MIB + 0.02 * objects * MIB);
        self.memory
            .set(0.97 * before + 0.03 * 20.0 * MIB + 0.3 * busy);
        self.descriptors.set(14.0 + (new / 8.0).floor());
    }
}
