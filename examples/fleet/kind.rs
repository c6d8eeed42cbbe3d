//! The kinds, and what is typical of each.

use std::time::Duration;

use fastrand::Rng;

use crate::plan::Ending;

#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// From the end of an attempt that succeeded to the next one.
    pub(crate) interval: Duration,
    /// Half of the attempts take less.
    median: Duration,
    /// How far the slow ones are from that: the sigma of a log-normal distribution.
    spread: f64,
    /// How an attempt that succeeds ends.
    pub(crate) success: Ending,
    /// Whether its controller tells Reconciling and Stalled.
    pub(crate) conditions: bool,
}

const fn kind(name: &'static str, interval: u64, median: u64, spread: f64) -> Kind {
    Kind {
        name,
        interval: Duration::from_secs(interval),
        median: Duration::from_millis(median),
        spread,
        success: Ending::RequeueAfter,
        conditions: false,
    }
}

/// The kinds most used come first.
pub(crate) static KINDS: [Kind; 6] = [
    Kind {
        conditions: true,
        ..kind("Kustomization", 120, 2_500, 1.0)
    },
    Kind {
        conditions: true,
        ..kind("HelmRelease", 150, 6_000, 0.9)
    },
    kind("GitRepository", 60, 1_100, 0.7),
    kind("OCIRepository", 90, 700, 0.6),
    Kind {
        success: Ending::Success,
        ..kind("HelmRepository", 180, 1_800, 0.8)
    },
    Kind {
        success: Ending::Success,
        ..kind("Bucket", 90, 400, 1.1)
    },
];

impl Kind {
    pub(crate) fn duration(&self, random: &mut Rng) -> Duration {
        // Nearly normal: twelve uniform numbers add up to a mean of 6 and a variance of 1.
        let normal = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        self.median.mul_f64((self.spread * normal).exp())
    }
}
