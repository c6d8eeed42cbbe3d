//! The phase of a connection, and the deadline of that phase.
//!
//! Written by the socket, the service and the body of one connection, read by its timer and by
//! whoever must choose a connection to close.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::limits::{Limits, after};

/// A connection that is younger than this, or has waited for less, is closed last.
const FRESH: Duration = Duration::from_secs(1);
/// How long a connection may wait for a request after a shutdown.
///
/// A client that has connected before the shutdown may still be sending its request.
const GRACE: Duration = Duration::from_secs(1);

/// Shared by the parts of one connection.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionDeadline {
    state: Arc<Mutex<State>>,
    limits: Limits,
}

#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that do not depend on each other"
)]
struct State {
    phase: Phase,
    since: Instant,
    /// Since when the client reads nothing of the response.
    stalled: Option<Instant>,
    /// How long the client has stalled this response, without the current stall.
    stalled_for: Duration,
    /// Whether the request waits for a place or a review.
    waits: bool,
    /// Whether the client has closed its side of the connection.
    closed_by_client: bool,
    /// Whether a part of the next request has been read already.
    read_ahead: bool,
    /// Whether the connection was ended by its deadline.
    cut: bool,
    evicted: bool,
    draining: bool,
    /// Wakes the connection if its deadline comes nearer.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The TLS handshake is in progress.
    Handshake,
    /// The head of a request is being read, or that of the first is awaited.
    Header,
    /// A request is being answered.
    Response,
    /// The response is complete, but possibly not written yet.
    Flush,
    /// The next request is awaited.
    Idle,
}

/// How little progress a connection makes; the smallest one is closed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Progress {
    /// The client has closed its side.
    Closed,
    /// The connection waits for a request.
    AwaitsRequest,
    /// The request waits for a place or a review.
    AwaitsAdmission,
    /// The client reads nothing of the response.
    Stalled,
    /// The connection waits, but not for long.
    Fresh,
    /// The response is being made, or the client reads it.
    Active,
}

impl ConnectionDeadline {
    pub(crate) fn new(limits: Limits) -> Self {
        let state = State {
            phase: Phase::Header,
            since: Instant::now(),
            stalled: None,
            stalled_for: Duration::ZERO,
            waits: false,
            closed_by_client: false,
            read_ahead: false,
            cut: false,
            evicted: false,
            draining: false,
            waker: None,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            limits,
        }
    }

    /// A TLS handshake precedes the first request.
    pub(crate) fn begin_handshake(&self) {
        self.state.lock().phase = Phase::Handshake;
    }

    /// The TLS handshake is done.
    #[cfg(feature = "tls")]
    pub(crate) fn end_handshake(&self) {
        // The time for the first head includes the handshake.
        self.state.lock().phase = Phase::Header;
    }

    /// The client sent something.
    pub(crate) fn read(&self) {
        let mut state = self.state.lock();
        match state.phase {
            Phase::Idle => state.enter(Phase::Header),
            Phase::Response | Phase::Flush => state.read_ahead = true,
            Phase::Handshake | Phase::Header => {}
        }
    }

    /// The client has closed its side; returns whether that ends the connection now.
    ///
    /// It does not if a response is being sent: a client that half-closes its connection after its
    /// request, as `nc -N` does, still reads. Nothing is worth waiting for such a client, though.
    pub(crate) fn close_by_client(&self) -> bool {
        let mut state = self.state.lock();
        state.closed_by_client = true;
        state.phase != Phase::Response || state.waits
    }

    pub(crate) fn is_closed_by_client(&self) -> bool {
        self.state.lock().closed_by_client
    }

    /// The head of a request is complete.
    pub(crate) fn request(&self) {
        let mut state = self.state.lock();
        state.enter(Phase::Response);
        state.read_ahead = false;
    }

    /// The request waits for a place or a review.
    pub(crate) fn begin_wait(&self) {
        self.state.lock().waits = true;
    }

    pub(crate) fn end_wait(&self) {
        self.state.lock().waits = false;
    }

    /// The body of the response is complete, or dropped.
    pub(crate) fn response_made(&self) {
        let mut state = self.state.lock();
        // The time limit of the response includes writing it.
        state.phase = Phase::Flush;
        state.waits = false;
    }

    /// The client accepted some bytes, or none.
    pub(crate) fn wrote(&self, accepted: bool) {
        let mut state = self.state.lock();
        if !accepted {
            state.stalled.get_or_insert_with(Instant::now);
        } else if let Some(since) = state.stalled.take() {
            state.stalled_for += since.elapsed();
        }
    }

    /// Everything that was made is written.
    pub(crate) fn flushed(&self) {
        let mut state = self.state.lock();
        if state.phase == Phase::Flush {
            let next = if state.read_ahead {
                Phase::Header
            } else {
                Phase::Idle
            };
            state.enter(next);
        }
    }

    /// Returns when the connection ends unless something happens first.
    pub(crate) fn deadline(&self) -> Instant {
        let state = self.state.lock();
        if state.evicted {
            return state.since;
        }
        let limit = match state.phase {
            Phase::Handshake | Phase::Header => self.limits.header,
            Phase::Response | Phase::Flush => self.limits.response,
            Phase::Idle => self.limits.idle,
        };
        let limit = match state.phase {
            Phase::Response | Phase::Flush => limit,
            _ if state.draining => limit.min(GRACE),
            _ => limit,
        };
        let deadline = after(state.since, limit);
        match state.stalled {
            Some(since) => deadline.min(after(since, self.limits.stall)),
            None => deadline,
        }
    }

    /// Registers the task to wake if the deadline comes nearer.
    pub(crate) fn register(&self, waker: &Waker) {
        let mut state = self.state.lock();
        if !state.waker.as_ref().is_some_and(|one| one.will_wake(waker)) {
            state.waker = Some(waker.clone());
        }
    }

    /// Ends the connection now.
    pub(crate) fn evict(&self) {
        let mut state = self.state.lock();
        state.evicted = true;
        state.wake();
    }

    /// Ends the connection after its next response, or soon if there is no request.
    pub(crate) fn drain(&self) {
        let mut state = self.state.lock();
        state.draining = true;
        state.wake();
    }

    /// Returns whether the endpoint shuts down, and the client has not sent a request in time.
    pub(crate) fn is_drained(&self) -> bool {
        let state = self.state.lock();
        let waits = !matches!(state.phase, Phase::Response | Phase::Flush);
        state.draining && waits && state.since.elapsed() >= GRACE
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.state.lock().draining
    }

    /// Returns how long the client has stalled the current response.
    pub(crate) fn stalled_for(&self) -> Duration {
        let state = self.state.lock();
        let current = state.stalled.map(|since| since.elapsed());
        state.stalled_for + current.unwrap_or_default()
    }

    /// Returns how little progress the connection makes, and since when.
    pub(crate) fn progress(&self) -> (Progress, Instant) {
        let state = self.state.lock();
        let is_fresh = state.since.elapsed() < FRESH;
        let progress = match state.phase {
            _ if state.closed_by_client => Progress::Closed,
            Phase::Handshake | Phase::Header | Phase::Idle if is_fresh => Progress::Fresh,
            Phase::Handshake | Phase::Header | Phase::Idle => Progress::AwaitsRequest,
            Phase::Response if state.waits && is_fresh => Progress::Fresh,
            Phase::Response if state.waits => Progress::AwaitsAdmission,
            Phase::Response | Phase::Flush => match state.stalled {
                Some(since) if !is_fresh => return (Progress::Stalled, since),
                _ => Progress::Active,
            },
        };
        (progress, state.since)
    }

    pub(crate) fn expire(&self) {
        self.state.lock().cut = true;
    }

    /// Returns whether the connection was ended by its deadline with unread bytes.
    pub(crate) fn is_cut_short(&self) -> bool {
        let state = self.state.lock();
        state.cut && matches!(state.phase, Phase::Response | Phase::Flush)
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = Instant::now();
        self.stalled = None;
        self.stalled_for = Duration::ZERO;
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_handshake_has_the_deadline_of_a_header() {
        let limits = Limits::default();
        let deadline = ConnectionDeadline::new(limits);
        let start = Instant::now();
        deadline.begin_handshake();
        assert_eq!(deadline.deadline(), after(start, limits.header));
        tokio::time::advance(FRESH).await;
        assert_eq!(deadline.progress(), (Progress::AwaitsRequest, start));
        deadline.request();
        assert_eq!(deadline.progress().0, Progress::Active);
    }
}
