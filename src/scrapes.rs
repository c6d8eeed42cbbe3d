//! What an endpoint counts about its own scrapes.
//!
//! Counters only: the server writes them, the exposition reads them.

use crate::sync::{AtomicU64, Mutex, Ordering};

/// Upper bounds of `gotkmetrics_scrape_duration_seconds`, in seconds: from a scrape of a few
/// objects to the longest that the server lets one take unless it is told otherwise.
pub(crate) const SCRAPE_BOUNDS: [f64; 6] = [0.001, 0.01, 0.1, 1.0, 10.0, 60.0];
/// The label `code`, in the order of the exposition.
const CODES: [&str; 3] = ["200", "405", "500"];

/// The scrapes of one recorder, by whatever server. Relaxed throughout: the counters guard no other
/// memory.
#[derive(Debug, Default)]
pub(crate) struct Scrapes {
    begun: AtomicU64,
    in_flight: AtomicU64,
    codes: [AtomicU64; CODES.len()],
    aborted: AtomicU64,
    bytes: AtomicU64,
    durations: Mutex<ScrapeDurations>,
}

/// A histogram over [`SCRAPE_BOUNDS`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ScrapeDurations {
    /// Of each bucket, not cumulative; the last one is that of `+Inf`.
    pub(crate) counts: [u64; SCRAPE_BOUNDS.len() + 1],
    pub(crate) sum: f64,
}

/// How a scrape was answered.
#[cfg(feature = "server")]
#[derive(Clone, Copy, Debug)]
pub(crate) enum ScrapeEnd {
    /// With an exposition, whose last byte was handed over.
    Complete,
    /// With an exposition that nobody waited for to its end.
    Aborted,
    MethodNotAllowed,
    Failed,
}

impl Scrapes {
    /// `None` before the first one: who does not use our server does not see it counted.
    pub(crate) fn seen(&self) -> Option<&Self> {
        (self.begun.load(Ordering::Relaxed) > 0).then_some(self)
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn codes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.codes.iter().map(|n| n.load(Ordering::Relaxed));
        CODES.into_iter().zip(counts)
    }

    pub(crate) fn aborted(&self) -> u64 {
        self.aborted.load(Ordering::Relaxed)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn durations(&self) -> ScrapeDurations {
        *self.durations.lock()
    }
}

#[cfg(feature = "server")]
impl Scrapes {
    pub(crate) fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// To be called once for each [`begin`](Self::begin).
    pub(crate) fn end(&self, end: ScrapeEnd, took: std::time::Duration) {
        let [ok, not_allowed, failed] = &self.codes;
        let code = match end {
            ScrapeEnd::Complete | ScrapeEnd::Aborted => ok,
            ScrapeEnd::MethodNotAllowed => not_allowed,
            ScrapeEnd::Failed => failed,
        };
        code.fetch_add(1, Ordering::Relaxed);
        if matches!(end, ScrapeEnd::Aborted) {
            self.aborted.fetch_add(1, Ordering::Relaxed);
        }
        let seconds = took.as_secs_f64();
        let bucket = SCRAPE_BOUNDS.partition_point(|bound| *bound < seconds);
        {
            let mut durations = self.durations.lock();
            durations.sum += seconds;
            if let Some(count) = durations.counts.get_mut(bucket) {
                *count += 1;
            }
        }
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
