//! Decides what is going to happen to one object, all of it from the seed.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;

use crate::bad_luck::BadLuck;
use crate::kind::Kind;
use crate::plan::{Ending, FOR_GOOD, PATIENCE, Plan};

const CATEGORIES: [&str; 4] = ["source", "build", "apply", "health"];
/// Mostly it is written; sometimes somebody else was faster, and now and then the server is ill.
const ANSWERS: [u16; 20] = {
    let mut answers = [200; 20];
    answers[0] = 409;
    answers[1] = 500;
    answers
};

#[derive(Debug)]
pub(crate) struct Fate {
    random: Rng,
    /// How many more attempts fail before the object recovers.
    failures: u32,
    /// What goes wrong meanwhile.
    category: &'static str,
    bad_luck: Option<BadLuck>,
}

impl Fate {
    pub(crate) fn new(random: Rng, bad_luck: Option<BadLuck>) -> Self {
        Self {
            random,
            failures: 0,
            category: "",
            bad_luck,
        }
    }

    pub(crate) fn plan(&mut self, kind: &Kind) -> Plan {
        if self.failures == 0 && self.chance(0.05) {
            self.failures = self.random.u32(2..12);
            self.category = self.random.choice(CATEGORIES).unwrap_or_default();
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
        let hangs = self.bad_luck == Some(BadLuck::Hangs);
        Plan {
            takes: kind.duration(&mut self.random),
            ending: if hangs { Ending::Cancelled } else { ending },
            stalled: self.failures > 4,
            category: self.category,
            written: *self.random.choice(&ANSWERS).unwrap_or(&200),
            changed: self.chance(0.1),
            patience: if hangs { FOR_GOOD } else { PATIENCE },
        }
    }

    /// Whether the object is deleted now, and how long a finalizer holds it then.
    pub(crate) fn deletion(&mut self, suspended: bool) -> Option<Duration> {
        if self.bad_luck == Some(BadLuck::CannotGo) {
            return Some(FOR_GOOD);
        }
        let deleted = self.chance(if suspended { 0.2 } else { 0.03 });
        let held = deleted && self.chance(0.4);
        deleted.then(|| self.seconds(if held { 20..600 } else { 0..1 }))
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
