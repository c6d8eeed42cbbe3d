//! How long this thread has been at work.
//!
//! The time on a processor where Linux tells it, so that what else the machine does is not in it; it
//! is exact to a few milliseconds, which whoever measures has to take long enough for.

use std::fs;
use std::time::{Duration, Instant};

pub(crate) struct Stopwatch {
    started: Instant,
    worked: Option<Duration>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
            worked: worked(),
        }
    }

    /// By the clock on the wall, which costs little to ask.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn stop(self) -> Duration {
        let by_wall = self.elapsed();
        match (self.worked, worked()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => by_wall,
        }
    }
}

/// Of this thread, since it began.
fn worked() -> Option<Duration> {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = schedule.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}
