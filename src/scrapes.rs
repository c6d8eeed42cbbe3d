//! What an endpoint counts about its own scrapes.
//!
//! Counters only: the server writes them, the exposition reads them.

use crate::sync::{AtomicBool, AtomicU64, Mutex, Ordering};

/// Upper bounds of `gotkmetrics_scrape_duration_seconds`, in seconds: from a scrape of a few
/// objects to the longest that the server lets one take unless it is told otherwise.
pub(crate) const SCRAPE_BOUNDS: [f64; 6] = [0.001, 0.01, 0.1, 1.0, 10.0, 60.0];
/// The label `code`, in the order of the exposition, and whether it takes access control to have
/// it.
const CODES: [(&str, bool); 5] = [
    ("200", false),
    ("401", true),
    ("403", true),
    ("405", false),
    ("500", false),
];

/// The scrapes of one recorder, by whatever server. Relaxed throughout: the counters guard no other
/// memory.
#[derive(Debug, Default)]
pub(crate) struct Scrapes {
    begun: AtomicU64,
    in_flight: AtomicU64,
    guarded: AtomicBool,
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
#[cfg_attr(
    not(feature = "auth"),
    expect(dead_code, reason = "nobody is denied without access control")
)]
#[derive(Clone, Copy, Debug)]
pub(crate) enum ScrapeEnd {
    /// With an exposition, whose last byte was handed over.
    Complete,
    /// With an exposition that nobody waited for to its end.
    Aborted,
    Unauthorized,
    Forbidden,
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
        let guarded = self.guarded.load(Ordering::Relaxed);
        let counts = self.codes.iter().map(|n| n.load(Ordering::Relaxed));
        let codes = CODES.into_iter().zip(counts);
        codes.filter_map(move |((code, denies), count)| {
            (guarded || !denies).then_some((code, count))
        })
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

#[cfg(feature = "auth")]
impl Scrapes {
    /// From now on, the codes of those who are denied show, before anybody was.
    pub(crate) fn guard(&self) {
        self.guarded.store(true, Ordering::Relaxed);
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
        let [ok, unauthorized, forbidden, not_allowed, failed] = &self.codes;
        let code = match end {
            ScrapeEnd::Complete | ScrapeEnd::Aborted => ok,
            ScrapeEnd::Unauthorized => unauthorized,
            ScrapeEnd::Forbidden => forbidden,
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
