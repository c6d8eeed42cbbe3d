//! How far a connection has come, and until when it may take for the next step.
//!
//! Written by the socket, the service and the body of one connection, read by what ends it.

use tokio::time::Instant;

use super::limits::{Limits, after};
use crate::sync::{Arc, Mutex};

/// Shared by the parts of one connection.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    state: Arc<Mutex<State>>,
    limits: Limits,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// Since when the peer takes nothing of what was written.
    stalled: Option<Instant>,
    /// Whether the connection is being cut off.
    cut: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The connection is not encrypted yet.
    Handshake,
    /// The head of a request is on its way, or that of the first is awaited.
    Header,
    /// A request is being answered.
    Response,
    /// The answer is complete, and perhaps not yet written.
    Flush,
    /// The next request is awaited.
    Idle,
}

impl Progress {
    pub(super) fn new(limits: Limits) -> Self {
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

    /// There is a handshake before the first request.
    pub(super) fn shake_hands(&self) {
        self.state.lock().phase = Phase::Handshake;
    }

    /// The handshake is over.
    #[cfg(feature = "tls")]
    pub(super) fn secured(&self) {
        // The time for the first head goes on.
        self.state.lock().phase = Phase::Header;
    }

    pub(super) fn is_shaking_hands(&self) -> bool {
        self.state.lock().phase == Phase::Handshake
    }

    /// Something came from the peer.
    pub(super) fn read(&self) {
        let mut state = self.state.lock();
        if state.phase == Phase::Idle {
            state.enter(Phase::Header);
        }
    }

    /// The head of a request is complete.
    pub(super) fn request(&self) {
        self.state.lock().enter(Phase::Response);
    }

    /// The body of the answer is at its end, or given up.
    pub(super) fn response_made(&self) {
        // The time for the answer goes on until it is written.
        self.state.lock().phase = Phase::Flush;
    }

    /// The peer took something, or did not.
    pub(super) fn wrote(&self, took: bool) {
        let mut state = self.state.lock();
        state.stalled = match state.stalled {
            _ if took => None,
            None => Some(Instant::now()),
            since => since,
        };
    }

    /// Nothing is left to be written of what was made.
    pub(super) fn flushed(&self) {
        let mut state = self.state.lock();
        if state.phase == Phase::Flush {
            state.enter(Phase::Idle);
        }
    }

    /// When the connection is to be cut off unless something happens before.
    pub(super) fn deadline(&self) -> Instant {
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

    /// Since when a request is awaited, or its end.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        let state = self.state.lock();
        let waits = matches!(state.phase, Phase::Handshake | Phase::Header | Phase::Idle);
        waits.then_some(state.since)
    }

    pub(super) fn cut(&self) {
        self.state.lock().cut = true;
    }

    /// Whether the connection is cut off with bytes that the peer has not taken.
    pub(super) fn is_cut_short(&self) -> bool {
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
    async fn a_handshake_waits_as_the_head_of_a_request_does() {
        let limits = Limits::default();
        let progress = Progress::new(limits);
        let start = Instant::now();
        progress.shake_hands();
        assert_eq!(progress.waits_since(), Some(start));
        assert_eq!(progress.deadline(), after(start, limits.header));
        progress.request();
        assert_eq!(progress.waits_since(), None);
    }
}
