//! What the API server has answered, for as long as that may be used, and what it is being asked.
//!
//! Knows digests and never what they are of. A failure is told to all who wait for it and to nobody
//! after them.

use std::collections::HashMap;
use std::future::Future;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};
use tokio::time::Instant;

use super::error::ReviewError;
use crate::sync::{Arc, Mutex};

/// A SHA-256 digest.
pub(super) type Digest = [u8; 32];
/// Failures are shared by all who waited for the same answer.
pub(super) type Answer<V> = Result<V, Arc<ReviewError>>;

/// A few clusters' worth of scrapers and whoever tries his token on us; some hundred bytes each.
const CAPACITY: usize = 1024;

type Flight<V> = Shared<Pin<Box<dyn Future<Output = Answer<V>> + Send>>>;
type WeakFlight<V> = WeakShared<Pin<Box<dyn Future<Output = Answer<V>> + Send>>>;

/// Answers by digest, each asked for once at a time.
#[derive(Debug)]
pub(super) struct Cache<V> {
    state: Mutex<State<V>>,
}

#[derive(Debug)]
struct State<V> {
    known: HashMap<Digest, Known<V>>,
    /// Weak, so that a question ends when nobody waits for it any more.
    asked: HashMap<Digest, Asked<V>>,
    /// Tells a question from an earlier one with the same digest.
    questions: u64,
}

#[derive(Debug)]
struct Known<V> {
    value: V,
    /// No longer used from here on, and kept until its place is needed.
    until: Instant,
}

#[derive(Debug)]
struct Asked<V> {
    question: u64,
    flight: WeakFlight<V>,
}

enum Found<V> {
    Known(V),
    Asked(Flight<V>),
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        let state = State {
            known: HashMap::new(),
            asked: HashMap::new(),
            questions: 0,
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

impl<V: Clone + Send + Sync + 'static> Cache<V> {
    /// The answer that is known, or that of `ask`, which says how long it may be used.
    ///
    /// `ask` is given what was known before, and called only if nobody asks already. All who wait
    /// drive the question together, on their own tasks: if one is dropped the others go on with it.
    pub(super) async fn get<F>(
        self: &Arc<Self>,
        digest: Digest,
        ask: impl FnOnce(Option<V>) -> F + Send,
    ) -> Answer<V>
    where
        F: Future<Output = Result<(V, Duration), ReviewError>> + Send + 'static,
    {
        match self.find(digest, ask) {
            Found::Known(value) => Ok(value),
            Found::Asked(flight) => flight.await,
        }
    }

    fn find<F>(self: &Arc<Self>, digest: Digest, ask: impl FnOnce(Option<V>) -> F) -> Found<V>
    where
        F: Future<Output = Result<(V, Duration), ReviewError>> + Send + 'static,
    {
        let mut state = self.state.lock();
        let known = state.known.get(&digest);
        if let Some(known) = known
            && Instant::now() < known.until
        {
            return Found::Known(known.value.clone());
        }
        let before = known.map(|known| known.value.clone());
        let flight = state.asked.get(&digest);
        if let Some(flight) = flight.and_then(|asked| asked.flight.upgrade()) {
            return Found::Asked(flight);
        }
        state.questions += 1;
        let question = Question {
            cache: Arc::clone(self),
            digest,
            number: state.questions,
        };
        let number = question.number;
        let flight = answer(question, ask(before)).boxed().shared();
        if let Some(weak) = flight.downgrade() {
            let asked = Asked {
                question: number,
                flight: weak,
            };
            state.asked.insert(digest, asked);
        }
        Found::Asked(flight)
    }
}

impl<V> Cache<V> {
    /// The answer that was known last, whether it may still be used or not.
    pub(super) fn last(&self, digest: &Digest) -> Option<V>
    where
        V: Clone,
    {
        let state = self.state.lock();
        state.known.get(digest).map(|known| known.value.clone())
    }

    /// Answers that are kept, used or not.
    pub(super) fn len(&self) -> usize {
        self.state.lock().known.len()
    }

    /// Questions that somebody waits for.
    pub(super) fn open(&self) -> usize {
        self.state.lock().asked.len()
    }
}

/// One question to the API server; off the list when it is dropped, answered or not.
struct Question<V> {
    cache: Arc<Cache<V>>,
    digest: Digest,
    number: u64,
}

impl<V> Question<V> {
    fn answered(&self, value: V, until: Instant) {
        let mut state = self.cache.state.lock();
        let known = &mut state.known;
        if known.len() >= CAPACITY && !known.contains_key(&self.digest) {
            // What is over anyway goes first, then what is over soonest: a denial before a right.
            let soonest = known.iter().min_by_key(|(_, known)| known.until);
            if let Some(digest) = soonest.map(|(digest, _)| *digest) {
                known.remove(&digest);
            }
        }
        known.insert(self.digest, Known { value, until });
    }
}

impl<V> Drop for Question<V> {
    fn drop(&mut self) {
        let asked = &mut self.cache.state.lock().asked;
        let is_ours = |asked: &Asked<V>| asked.question == self.number;
        if asked.get(&self.digest).is_some_and(is_ours) {
            asked.remove(&self.digest);
        }
    }
}

async fn answer<V>(
    question: Question<V>,
    ask: impl Future<Output = Result<(V, Duration), ReviewError>>,
) -> Answer<V>
where
    V: Clone,
{
    // What was true when the answer was made may have changed on its way.
    let start = Instant::now();
    // The client is the user's, with layers of his own.
    let answered = AssertUnwindSafe(ask).catch_unwind().await;
    let answered = answered.unwrap_or_else(|payload| {
        // Leaked: its drop is the user's code and could panic too.
        mem::forget(payload);
        Err(ReviewError::Panicked)
    });
    let (value, lasts) = answered.map_err(Arc::new)?;
    if !lasts.is_zero() {
        question.answered(value.clone(), start + lasts);
    }
    Ok(value)
}
