//! How long the attempts of a controller take, those under way included.
//!
//! Nothing is allocated for an attempt once as many were under way before.

use std::time::Duration;

use crate::catalog::ATTEMPT_BOUNDS;
use crate::metric::Histogram;
use crate::sync::Mutex;

/// The attempts of one controller.
pub(crate) struct Work {
    /// Of the attempts that ended with a result. The controller and its workqueue show it with
    /// bounds of their own; one histogram of all bounds halves the work at the end of an attempt.
    pub(crate) durations: Histogram<{ ATTEMPT_BOUNDS.len() }>,
    under_way: Mutex<UnderWay>,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            durations: Histogram::new(&ATTEMPT_BOUNDS),
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

    /// Counts an attempt that ended with a result.
    pub(crate) fn observe(&self, took: Duration) {
        self.durations.observe(took.as_secs_f64());
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
