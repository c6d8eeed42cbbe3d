//! What is going to happen, all of it from the seed.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;

use crate::kind::Kind;

/// What is to happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) takes: Duration,
    pub(crate) ending: Ending,
    /// Whether the object is going to fail for long.
    pub(crate) stalled: bool,
}

/// How an attempt ends; the truth calls it by the name of the variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    Success,
    Requeue,
    RequeueAfter,
    Failed,
    Panicked,
    /// It hung until somebody lost patience.
    Cancelled,
}

/// Decides for one object.
#[derive(Debug)]
pub(crate) struct Fate {
    random: Rng,
    /// How many more attempts fail before the object recovers.
    failures: u32,
}

impl Fate {
    pub(crate) fn new(random: Rng) -> Self {
        Self {
            random,
            failures: 0,
        }
    }

    pub(crate) fn plan(&mut self, kind: &Kind) -> Plan {
        if self.failures == 0 && self.chance(0.05) {
            self.failures = self.random.u32(2..12);
        }
        let ending = if self.failures > 0 {
            self.failures -= 1;
            Ending::Failed
        } else {
            match self.random.u32(0..100) {
                0 => Ending::Panicked,
                1 => Ending::Cancelled,
                2..6 => Ending::Requeue,
                _ => kind.success,
            }
        };
        let takes = kind.duration(&mut self.random);
        let stalled = self.failures > 4;
        Plan {
            takes,
            ending,
            stalled,
        }
    }

    /// How long after an attempt the next one starts.
    pub(crate) fn pause(&mut self, kind: &Kind, ending: Ending) -> Duration {
        match ending {
            Ending::Requeue => Duration::from_secs(1),
            Ending::Failed => self.seconds(10..45),
            // Spread out, as Flux does, so that not all of them meet again and again.
            _ => kind.interval.mul_f64(0.9 + 0.2 * self.random.f64()),
        }
    }

    pub(crate) fn seconds(&mut self, range: Range<u64>) -> Duration {
        Duration::from_secs(self.random.u64(range))
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.random.f64() < probability
    }
}
