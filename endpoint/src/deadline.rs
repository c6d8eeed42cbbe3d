//! The phase of a connection, and the deadline of that phase.
//!
//! Written by the socket, the service and the body of one connection, read by its timer.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::limits::{Limits, after};

/// Shared by the parts of one connection.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionDeadline {
    state: Arc<Mutex<State>>,
    limits: Limits,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// Since when the client reads nothing of the response.
    stalled: Option<Instant>,
    /// Whether the connection was ended by its deadline.
    cut: bool,
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

impl ConnectionDeadline {
    pub(crate) fn new(limits: Limits) -> Self {
        let state = State {
            phase: Phase::Header,
            since: Instant::now(),
            stalled: None,
            cut: false,
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

    pub(crate) fn is_in_handshake(&self) -> bool {
        self.state.lock().phase == Phase::Handshake
    }

    /// The client sent something.
    pub(crate) fn read(&self) {
        let mut state = self.state.lock();
        if state.phase == Phase::Idle {
            state.enter(Phase::Header);
        }
    }

    /// The head of a request is complete.
    pub(crate) fn request(&self) {
        self.state.lock().enter(Phase::Response);
    }

    /// The body of the response is complete, or dropped.
    pub(crate) fn response_made(&self) {
        // The time limit of the response includes writing it.
        self.state.lock().phase = Phase::Flush;
    }

    /// The client accepted some bytes, or none.
    pub(crate) fn wrote(&self, accepted: bool) {
        let mut state = self.state.lock();
        state.stalled = match state.stalled {
            _ if accepted => None,
            None => Some(Instant::now()),
            since => since,
        };
    }

    /// Everything that was made is written.
    pub(crate) fn flushed(&self) {
        let mut state = self.state.lock();
        if state.phase == Phase::Flush {
            state.enter(Phase::Idle);
        }
    }

    /// Returns when the connection ends unless something happens first.
    pub(crate) fn deadline(&self) -> Instant {
        let state = self.state.lock();
        let limit = match state.phase {
            Phase::Handshake | Phase::Header => self.limits.header,
            Phase::Response | Phase::Flush => self.limits.response,
            Phase::Idle => self.limits.idle,
        };
        let deadline = after(state.since, limit);
        match state.stalled {
            Some(since) => deadline.min(after(since, self.limits.stall)),
            None => deadline,
        }
    }

    /// Returns since when the connection waits for its client to complete a request, if it does.
    pub(crate) fn waits_since(&self) -> Option<Instant> {
        let state = self.state.lock();
        let waits = matches!(state.phase, Phase::Handshake | Phase::Header | Phase::Idle);
        waits.then_some(state.since)
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
        assert_eq!(deadline.waits_since(), Some(start));
        assert_eq!(deadline.deadline(), after(start, limits.header));
        deadline.request();
        assert_eq!(deadline.waits_since(), None);
    }
}
