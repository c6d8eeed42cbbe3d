//! How much a client may cost.
//!
//! Every moment of a connection is under one of these limits. A limit of zero is an error at set-up.

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
/// A third of the time that a pod has by default.
const SHUTDOWN: Duration = Duration::from_secs(10);
const HEADER_BYTES: usize = 16 * 1024;
/// What hyper buffers of a response, and the smallest value that it accepts.
const BUFFER: usize = 64 * 1024;

/// Why a limit cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limit `{name}` must not be zero")]
#[non_exhaustive]
pub struct LimitError {
    /// The name of the method that sets the limit.
    pub name: &'static str,
}

/// The limits of the connections of one endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) header: Duration,
    pub(crate) idle: Duration,
    pub(crate) stall: Duration,
    pub(crate) response: Duration,
    pub(crate) shutdown: Duration,
    pub(crate) header_bytes: usize,
    /// `None` depends on the system.
    pub(crate) connections: Option<usize>,
}

/// The limits on the scrapes of an exposition, shared by all of its endpoints.
///
/// # Examples
///
/// ```
/// use metrics_endpoint::{ScrapeLimits, Totals};
///
/// let totals = Totals::with_limits(ScrapeLimits::default().responses(4)?);
/// assert!(ScrapeLimits::default().queue(0).is_err());
/// # drop(totals);
/// # Ok::<(), metrics_endpoint::LimitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrapeLimits {
    pub(crate) responses: usize,
    pub(crate) queue: usize,
    pub(crate) wait: Duration,
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
            shutdown: SHUTDOWN,
            header_bytes: HEADER_BYTES,
            connections: None,
        }
    }
}

impl ScrapeLimits {
    /// Sets how many responses may be encoded, or have unsent bytes, at once.
    ///
    /// One address, or one authorized user, gets at most half of them. If more scrapes come, they
    /// wait, and the response whose client reads most slowly is aborted. Defaults to 8.
    ///
    /// # Errors
    ///
    /// Returns a [`LimitError`] for 0.
    pub fn responses(self, responses: usize) -> Result<Self, LimitError> {
        let responses = nonzero("responses", responses)?;
        Ok(Self { responses, ..self })
    }

    /// Sets how many scrapes may wait at once. Others are answered with 503.
    ///
    /// One address, or one authorized user, gets at most half of them. Addresses are served in turns.
    /// Defaults to 64.
    ///
    /// # Errors
    ///
    /// Returns a [`LimitError`] for 0.
    pub fn queue(self, queue: usize) -> Result<Self, LimitError> {
        let queue = nonzero("queue", queue)?;
        Ok(Self { queue, ..self })
    }

    /// Sets how long a scrape may wait before it is answered with 503.
    ///
    /// Only for clients that do not send their own timeout. For Prometheus and vmagent, which do, the
    /// limit is 0.8 times that timeout. Defaults to 10 seconds.
    ///
    /// # Errors
    ///
    /// Returns a [`LimitError`] for zero.
    pub fn wait(self, wait: Duration) -> Result<Self, LimitError> {
        let wait = nonzero("wait", wait)?;
        Ok(Self { wait, ..self })
    }
}

impl Default for ScrapeLimits {
    fn default() -> Self {
        Self {
            responses: 8,
            queue: 64,
            wait: Duration::from_secs(10),
        }
    }
}

/// Returns the limit, unless it is zero.
pub(crate) fn nonzero<T: Default + PartialEq>(
    name: &'static str,
    limit: T,
) -> Result<T, LimitError> {
    if limit == T::default() {
        return Err(LimitError { name });
    }
    Ok(limit)
}

/// Returns `since + limit`, or a time in the far future if that is too far.
pub(crate) fn after(since: Instant, limit: Duration) -> Instant {
    const DECADES: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    since + limit.min(DECADES)
}
