//! An exposition of any size, which can be held up and counts what it costs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use metrics_endpoint::{Body, Exposition, MediaType, Scrape, ScrapeLimits, Totals};

/// How many bytes a chunk has.
const CHUNK: usize = 1 << 16;

#[derive(Clone, Default)]
pub(crate) struct Source {
    chunks: usize,
    totals: Arc<Totals>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    held: Mutex<bool>,
    released: Condvar,
    exposing: Gauge,
    bodies: Gauge,
}

/// A count, and the highest one so far.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    highest: AtomicUsize,
}

pub(crate) struct Chunks {
    left: usize,
    state: Arc<State>,
}

impl Source {
    pub(crate) fn of(chunks: usize) -> Self {
        Self {
            chunks,
            ..Self::default()
        }
    }

    pub(crate) fn limited(self, limits: ScrapeLimits) -> Self {
        let totals = Arc::new(Totals::with_limits(limits));
        Self { totals, ..self }
    }

    /// Holds up all expositions that start from now on.
    pub(crate) fn hold(&self, held: bool) {
        *self.state.held.lock().unwrap() = held;
        self.state.released.notify_all();
    }

    /// The most expositions that started at once, and the most bodies that were alive at once.
    pub(crate) fn highest(&self) -> (usize, usize) {
        let highest = |gauge: &Gauge| gauge.highest.load(Ordering::SeqCst);
        (highest(&self.state.exposing), highest(&self.state.bodies))
    }

    pub(crate) fn bodies(&self) -> usize {
        self.state.bodies.now.load(Ordering::SeqCst)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.totals.scrapes().map_or(0, |all| all.bytes)
    }

    /// How many scrapes were answered with a status.
    pub(crate) fn counted(&self, status: &str) -> Option<u64> {
        let codes = self.totals.scrapes()?.codes;
        codes
            .iter()
            .find(|(code, _)| *code == status)
            .map(|(_, count)| *count)
    }
}

impl Gauge {
    fn enter(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.highest.fetch_max(now, Ordering::SeqCst);
    }

    fn leave(&self) {
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Exposition for Source {
    type Body = Chunks;

    fn expose(&self, _: &Scrape) -> Chunks {
        let state = Arc::clone(&self.state);
        state.exposing.enter();
        state.bodies.enter();
        let held = state.held.lock().unwrap();
        drop(state.released.wait_while(held, |held| *held).unwrap());
        state.exposing.leave();
        Chunks {
            left: self.chunks,
            state,
        }
    }

    fn media_types(&self) -> &[MediaType] {
        &[MediaType::TEXT]
    }

    fn totals(&self) -> &Arc<Totals> {
        &self.totals
    }
}

impl Body for Chunks {
    fn fill(&mut self, out: &mut Vec<u8>) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        out.resize(CHUNK, b'#');
        true
    }

    fn is_end(&self) -> bool {
        self.left == 0
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        self.state.bodies.leave();
    }
}
