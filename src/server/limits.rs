//! How long a peer may take.
//!
//! Every moment of a connection is under one of these; none of them depends on other connections.

use std::time::Duration;

use tokio::time::Instant;

/// Longer than a scraper waits for a whole scrape by default.
const HEADER: Duration = Duration::from_secs(10);
/// As controller-runtime: longer than the usual scrape intervals, so that a scraper need not
/// connect anew each time.
const IDLE: Duration = Duration::from_secs(90);
/// A scrape in progress keeps all records of its start in memory, so one that never ends must not
/// stay.
const STALL: Duration = Duration::from_secs(10);
/// Against who reads just enough to not be stalled; a scraper waits less.
const RESPONSE: Duration = Duration::from_secs(60);
const HEADER_BYTES: usize = 16 * 1024;
/// What hyper buffers of a response, and the least that it can.
const BUFFER: usize = 64 * 1024;

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) header: Duration,
    pub(super) idle: Duration,
    pub(super) stall: Duration,
    pub(super) response: Duration,
    pub(super) header_bytes: usize,
}

impl Limits {
    /// What hyper may buffer, which has to hold the longest head of a request.
    pub(super) fn buffer(self) -> usize {
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

/// `since` and `limit`, or a time that no process lives to see.
pub(super) fn after(since: Instant, limit: Duration) -> Instant {
    const DECADES: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    since + limit.min(DECADES)
}
