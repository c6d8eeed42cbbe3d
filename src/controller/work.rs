//! How long the attempts of a controller take, those under way included.
//!
//! Nothing is allocated for an attempt once as many were under way before.

use std::array;
use std::time::Duration;

use crate::catalog::{RECONCILE_TIME_BOUNDS, WORK_BOUNDS};
use crate::sync::{AtomicU64, Mutex, Ordering};

/// The attempts of one controller.
pub(crate) struct Work {
    reconciles: [AtomicU64; RECONCILE_TIME_BOUNDS.len() + 1],
    in_queue: [AtomicU64; WORK_BOUNDS.len() + 1],
    /// The bits of an f64, of both histograms: they see the same durations.
    sum: AtomicU64,
    under_way: Mutex<UnderWay>,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            reconciles: array::from_fn(|_| AtomicU64::new(0)),
            in_queue: array::from_fn(|_| AtomicU64::new(0)),
            sum: AtomicU64::new(0.0_f64.to_bits()),
            under_way: Mutex::default(),
        }
    }
}

#[derive(Default)]
struct UnderWay {
    /// When the attempt in each seat started.
    seats: Vec<Option<Duration>>,
    free: Vec<usize>,
}

/// The place of an attempt among those under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat(usize);

/// The attempts that ended, by how long they took.
#[derive(Debug)]
pub(crate) struct WorkDurations {
    /// Of each bucket, not cumulative; the last one is that of `+Inf`.
    pub(crate) reconciles: Vec<u64>,
    pub(crate) in_queue: Vec<u64>,
    pub(crate) sum: f64,
}

/// The attempts under way at a moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unfinished {
    pub(crate) attempts: u64,
    /// How long they have been under way, together.
    pub(crate) total: Duration,
    pub(crate) longest: Duration,
}

impl Work {
    pub(crate) fn begin(&self, now: Duration) -> Seat {
        let mut under_way = self.under_way.lock();
        let UnderWay { seats, free } = &mut *under_way;
        if let Some(at) = free.pop()
            && let Some(seat) = seats.get_mut(at)
        {
            *seat = Some(now);
            return Seat(at);
        }
        seats.push(Some(now));
        // So that giving the seat back, which a drop does, allocates nothing.
        free.reserve(seats.len());
        Seat(seats.len() - 1)
    }

    pub(crate) fn end(&self, Seat(at): Seat) {
        let mut under_way = self.under_way.lock();
        let UnderWay { seats, free } = &mut *under_way;
        if let Some(seat) = seats.get_mut(at)
            && seat.take().is_some()
        {
            free.push(at);
        }
    }

    /// An attempt ended with a result.
    pub(crate) fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        // Relaxed: counts of their own; what a scrape shows as the count is the sum of the buckets
        // it saw.
        count(&self.reconciles, &RECONCILE_TIME_BOUNDS, seconds);
        count(&self.in_queue, &WORK_BOUNDS, seconds);
        let add = |sum| Some((f64::from_bits(sum) + seconds).to_bits());
        // The closure never answers None, so this cannot fail.
        let _ = self
            .sum
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub(crate) fn durations(&self) -> WorkDurations {
        let load = |counts: &[AtomicU64]| -> Vec<u64> {
            let counts = counts.iter().map(|count| count.load(Ordering::Relaxed));
            counts.collect()
        };
        WorkDurations {
            reconciles: load(&self.reconciles),
            in_queue: load(&self.in_queue),
            sum: f64::from_bits(self.sum.load(Ordering::Relaxed)),
        }
    }

    pub(crate) fn unfinished(&self, now: Duration) -> Unfinished {
        let under_way = self.under_way.lock();
        let starts = under_way.seats.iter().flatten();
        starts.fold(Unfinished::default(), |sum, start| {
            let since = now.saturating_sub(*start);
            Unfinished {
                attempts: sum.attempts + 1,
                total: sum.total.saturating_add(since),
                longest: sum.longest.max(since),
            }
        })
    }
}

/// Bounds are inclusive.
fn count(counts: &[AtomicU64], bounds: &[f64], seconds: f64) {
    let bucket = bounds.partition_point(|bound| *bound < seconds);
    if let Some(count) = counts.get(bucket) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}
