//! What the endpoints of one exposition count, and the limits that they share.
//!
//! The endpoint writes, the exposition reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::admission::Admission;
use crate::limits::ScrapeLimits;

/// The label `code` in the order of [`ScrapeTotals::codes`], and whether it takes access control.
const CODES: [(&str, bool); 6] = [
    ("200", false),
    ("401", true),
    ("403", true),
    ("405", false),
    ("500", false),
    ("503", false),
];

/// The counters and limits of an [`Exposition`](crate::Exposition).
///
/// Create one for each exposition, and share it between all endpoints of that exposition.
// Relaxed throughout: the counters guard no other memory.
#[derive(Debug)]
pub struct Totals {
    admission: Arc<Admission>,
    begun: AtomicU64,
    in_flight: AtomicU64,
    has_auth: AtomicBool,
    codes: [AtomicU64; CODES.len()],
    aborted: AtomicU64,
    bytes: AtomicU64,
    durations: Mutex<ScrapeDurations>,
    certificate_reads: AtomicU64,
    certificate_errors: AtomicU64,
}

/// The scrapes of an exposition, counted by all of its endpoints.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScrapeTotals {
    /// Scrapes that are being answered.
    pub in_flight: u64,
    /// Answered scrapes by status code. 401 and 403 are listed if there is access control.
    pub codes: Vec<(&'static str, u64)>,
    /// Scrapes that ended before their response was complete.
    pub aborted: u64,
    /// Bytes of expositions that were sent, compressed or not.
    pub bytes: u64,
    /// How long scrapes took.
    pub durations: ScrapeDurations,
}

/// A histogram of the durations of scrapes, in seconds.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ScrapeDurations {
    /// The count of each bucket of [`BOUNDS`](Self::BOUNDS), not cumulative, and that of `+Inf`.
    pub counts: [u64; ScrapeDurations::BOUNDS.len() + 1],
    /// The sum of all durations.
    pub sum: f64,
}

/// The reads of the certificate files by all endpoints of an exposition.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CertificateTotals {
    /// All reads.
    pub reads: u64,
    /// Reads that failed, or found files that cannot be used.
    pub errors: u64,
}

/// How a scrape ended.
#[derive(Clone, Copy, Debug)]
enum ScrapeEnd {
    /// The whole exposition was handed to the connection.
    Complete,
    /// The exposition was not sent to its end.
    Aborted,
    #[cfg(feature = "auth")]
    Unauthorized,
    #[cfg(feature = "auth")]
    Forbidden,
    MethodNotAllowed,
    Failed,
    Rejected,
}

/// One scrape, counted exactly once, when this is dropped.
#[derive(Debug)]
pub(crate) struct CountedScrape {
    totals: Arc<Totals>,
    start: Instant,
    end: ScrapeEnd,
}

impl ScrapeDurations {
    /// The upper bounds of the buckets: from a scrape of a few objects to the default time limit of
    /// a response.
    pub const BOUNDS: [f64; 6] = [0.001, 0.01, 0.1, 1.0, 10.0, 60.0];
}

impl Totals {
    /// Counters at zero, with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(ScrapeLimits::default())
    }

    /// Counters at zero, with these limits.
    #[must_use]
    pub fn with_limits(limits: ScrapeLimits) -> Self {
        Self {
            admission: Arc::new(Admission::new(limits)),
            begun: AtomicU64::default(),
            in_flight: AtomicU64::default(),
            has_auth: AtomicBool::default(),
            codes: Default::default(),
            aborted: AtomicU64::default(),
            bytes: AtomicU64::default(),
            durations: Mutex::default(),
            certificate_reads: AtomicU64::default(),
            certificate_errors: AtomicU64::default(),
        }
    }

    pub(crate) fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Returns what was counted about scrapes, or `None` before the first one.
    #[must_use]
    pub fn scrapes(&self) -> Option<ScrapeTotals> {
        if self.begun.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let has_auth = self.has_auth.load(Ordering::Relaxed);
        let counts = self.codes.iter().map(|n| n.load(Ordering::Relaxed));
        let codes = CODES.into_iter().zip(counts);
        let codes = codes.filter(|((_, denies), _)| has_auth || !denies);
        Some(ScrapeTotals {
            in_flight: self.in_flight.load(Ordering::Relaxed),
            codes: codes.map(|((code, _), count)| (code, count)).collect(),
            aborted: self.aborted.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            durations: *self.durations.lock(),
        })
    }

    /// Returns what was counted about certificate files, or `None` before the first read.
    #[must_use]
    pub fn certificates(&self) -> Option<CertificateTotals> {
        let reads = self.certificate_reads.load(Ordering::Relaxed);
        (reads > 0).then(|| CertificateTotals {
            reads,
            errors: self.certificate_errors.load(Ordering::Relaxed),
        })
    }

    /// Lists the codes of access control from now on, so that they start at 0.
    #[cfg(feature = "auth")]
    pub(crate) fn enable_auth(&self) {
        self.has_auth.store(true, Ordering::Relaxed);
    }

    fn end(&self, end: ScrapeEnd, took: Duration) {
        #[cfg_attr(
            not(feature = "auth"),
            expect(unused_variables, reason = "nothing is denied without access control")
        )]
        let [ok, unauthorized, forbidden, not_allowed, failed, rejected] = &self.codes;
        let code = match end {
            ScrapeEnd::Complete | ScrapeEnd::Aborted => ok,
            #[cfg(feature = "auth")]
            ScrapeEnd::Unauthorized => unauthorized,
            #[cfg(feature = "auth")]
            ScrapeEnd::Forbidden => forbidden,
            ScrapeEnd::MethodNotAllowed => not_allowed,
            ScrapeEnd::Failed => failed,
            ScrapeEnd::Rejected => rejected,
        };
        code.fetch_add(1, Ordering::Relaxed);
        if matches!(end, ScrapeEnd::Aborted) {
            self.aborted.fetch_add(1, Ordering::Relaxed);
        }
        self.durations.lock().observe(took.as_secs_f64());
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Totals {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(feature = "tls")]
impl Totals {
    pub(crate) fn count_certificate_read(&self) {
        self.certificate_reads.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_certificate_error(&self) {
        self.certificate_errors.fetch_add(1, Ordering::Relaxed);
    }
}

impl ScrapeDurations {
    fn observe(&mut self, seconds: f64) {
        let bucket = Self::BOUNDS.partition_point(|bound| *bound < seconds);
        self.sum += seconds;
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
    }
}

impl CountedScrape {
    /// A scrape that counts as failed unless one of the methods below is called.
    pub(crate) fn begin(totals: &Arc<Totals>) -> Self {
        totals.begun.fetch_add(1, Ordering::Relaxed);
        totals.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            totals: Arc::clone(totals),
            start: Instant::now(),
            end: ScrapeEnd::Failed,
        }
    }

    /// There is an exposition. It counts as aborted until it is complete.
    pub(crate) fn respond(&mut self) {
        self.end = ScrapeEnd::Aborted;
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.totals.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn complete(&mut self) {
        self.end = ScrapeEnd::Complete;
    }

    #[cfg(feature = "auth")]
    pub(crate) fn unauthorized(&mut self) {
        self.end = ScrapeEnd::Unauthorized;
    }

    #[cfg(feature = "auth")]
    pub(crate) fn forbidden(&mut self) {
        self.end = ScrapeEnd::Forbidden;
    }

    /// It has a place, and fails unless there is an exposition.
    pub(crate) fn admitted(&mut self) {
        self.end = ScrapeEnd::Failed;
    }

    /// There was no place for it.
    pub(crate) fn rejected(&mut self) {
        self.end = ScrapeEnd::Rejected;
    }

    pub(crate) fn method_not_allowed(&mut self) {
        self.end = ScrapeEnd::MethodNotAllowed;
    }
}

impl Drop for CountedScrape {
    fn drop(&mut self) {
        self.totals.end(self.end, self.start.elapsed());
    }
}
