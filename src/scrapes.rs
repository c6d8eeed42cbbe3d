//! What an endpoint counts about its own scrapes.
//!
//! Counters only: the server writes them, the exposition reads them.

use crate::metric::{Buckets, Counter, Histogram};
use crate::sync::{AtomicBool, AtomicU64, Ordering};

/// Upper bounds of `gotkmetrics_scrape_duration_seconds`, in seconds: from a scrape of a few
/// objects to the longest that the server lets one take unless it is told otherwise.
const SCRAPE_BOUNDS: [f64; 6] = [0.001, 0.01, 0.1, 1.0, 10.0, 60.0];
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
#[derive(Debug)]
pub(crate) struct Scrapes {
    begun: Counter,
    in_flight: AtomicU64,
    guarded: AtomicBool,
    codes: [Counter; CODES.len()],
    aborted: Counter,
    bytes: Counter,
    durations: Histogram<{ SCRAPE_BOUNDS.len() }>,
}

impl Default for Scrapes {
    fn default() -> Self {
        Self {
            begun: Counter::default(),
            in_flight: AtomicU64::new(0),
            guarded: AtomicBool::new(false),
            codes: Default::default(),
            aborted: Counter::default(),
            bytes: Counter::default(),
            durations: Histogram::new(&SCRAPE_BOUNDS),
        }
    }
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
        (self.begun.get() > 0).then_some(self)
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn codes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let guarded = self.guarded.load(Ordering::Relaxed);
        let counts = self.codes.iter().map(Counter::get);
        let codes = CODES.into_iter().zip(counts);
        codes.filter_map(move |((code, denies), count)| {
            (guarded || !denies).then_some((code, count))
        })
    }

    pub(crate) fn aborted(&self) -> u64 {
        self.aborted.get()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    pub(crate) fn durations(&self) -> Buckets {
        self.durations.read()
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
        self.begun.inc();
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.bytes.add(bytes as u64);
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
        code.inc();
        if matches!(end, ScrapeEnd::Aborted) {
            self.aborted.inc();
        }
        self.durations.observe(took.as_secs_f64());
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
