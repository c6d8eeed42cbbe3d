//! The turns of unknown clients.
//!
//! The newest request of an origin comes first: under a flood, older ones have been given up.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::admission::Origin;

/// Reviews in flight of clients that were not authorized before. The API server counts them against
/// this process, so a client that tries many tokens must not use up its quota.
const TURNS: usize = 8;
/// More than a flood fills within the time of a few reviews.
const QUEUE: usize = 128;

#[derive(Debug)]
pub(super) struct Turns {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    last_id: u64,
    /// The origins with waiting requests, oldest request first; the first origin is served next.
    queue: VecDeque<(Origin, VecDeque<Waiting>)>,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    granted: oneshot::Sender<Turn>,
}

/// The right to send one review; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<Turns>);

/// Removes a request that stops waiting from the queue.
struct InQueue<'a> {
    turns: &'a Turns,
    id: u64,
}

impl Default for Turns {
    fn default() -> Self {
        let state = State {
            free: TURNS,
            last_id: 0,
            queue: VecDeque::new(),
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

impl Turns {
    /// Waits for a turn; returns `None` if newer requests have displaced this one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the wait.
    pub(super) async fn take(self: &Arc<Self>, origin: Origin) -> Option<Turn> {
        let (granted, turn) = oneshot::channel();
        let id = {
            let mut state = self.state.lock();
            if state.free > 0 {
                state.free -= 1;
                return Some(Turn(Arc::clone(self)));
            }
            state.enqueue(origin, granted)
        };
        let _in_queue = InQueue { turns: self, id };
        turn.await.ok()
    }
}

impl State {
    fn enqueue(&mut self, origin: Origin, granted: oneshot::Sender<Turn>) -> u64 {
        let queued: usize = self.queue.iter().map(|(_, all)| all.len()).sum();
        if queued >= QUEUE
            && let Some((_, longest)) = self.queue.iter_mut().max_by_key(|(_, all)| all.len())
        {
            longest.pop_front();
            self.queue.retain(|(_, all)| !all.is_empty());
        }
        self.last_id += 1;
        let id = self.last_id;
        let waiting = Waiting { id, granted };
        match self.queue.iter_mut().find(|(one, _)| *one == origin) {
            Some((_, all)) => all.push_back(waiting),
            None => self.queue.push_back((origin, VecDeque::from([waiting]))),
        }
        id
    }

    /// Takes the newest request of the next origin from the queue.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let (origin, mut waiting) = self.queue.pop_front()?;
        let next = waiting.pop_back();
        if !waiting.is_empty() {
            self.queue.push_back((origin, waiting));
        }
        next.map(|next| next.granted)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut state = self.0.state.lock();
            let next = state.next();
            state.free += usize::from(next.is_none());
            next
        };
        if let Some(next) = next {
            // If the request has stopped waiting, this turn is dropped, which grants it again.
            drop(next.send(Turn(Arc::clone(&self.0))));
        }
    }
}

impl Drop for InQueue<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.state.lock();
        for (_, waiting) in &mut state.queue {
            waiting.retain(|one| one.id != self.id);
        }
        state.queue.retain(|(_, waiting)| !waiting.is_empty());
    }
}
