//! How long a client may take.
//!
//! Every moment of a connection is under one of these limits.

use std::time::Duration;

use tokio::time::Instant;

/// Longer than a scraper waits for a whole scrape by default.
const HEADER: Duration = Duration::from_secs(10);
/// As controller-runtime: longer than the usual scrape intervals, so that a scraper can keep its
/// connection.
const IDLE: Duration = Duration::from_secs(90);
/// A response may hold a snapshot of all objects in memory.
const STALL: Duration = Duration::from_secs(10);
/// For a client that reads just enough to never stall. A scraper does not wait this long.
const RESPONSE: Duration = Duration::from_secs(60);
const HEADER_BYTES: usize = 16 * 1024;
/// What hyper buffers of a response, and the smallest value that it accepts.
const BUFFER: usize = 64 * 1024;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) header: Duration,
    pub(crate) idle: Duration,
    pub(crate) stall: Duration,
    pub(crate) response: Duration,
    pub(crate) header_bytes: usize,
}

impl Limits {
    /// Returns the size of hyper's buffers, which must hold the longest head of a request.
    pub(crate) fn buffer(self) -> usize {
        self.header_bytes.max(BUFFER)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header: HEADER,
            idle: IDLE,
            stall: STALL,
            response: RESPONSE,
            header_bytes: HEADER_BYTES,
        }
    }
}

/// Returns `since + limit`, or a time in the far future if that is too far.
pub(crate) fn after(since: Instant, limit: Duration) -> Instant {
    const DECADES: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    since + limit.min(DECADES)
}
