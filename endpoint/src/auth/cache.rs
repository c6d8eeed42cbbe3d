//! The cached reviews, and those that are in flight.
//!
//! Stores digests only. A failure goes to all scrapes that wait for it, and is not cached.

use std::collections::HashMap;
use std::future::Future;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::error::ReviewError;
use crate::deadline::ConnectionDeadline;

/// A SHA-256 digest.
pub(super) type Digest = [u8; 32];
/// A failure is shared by all scrapes that waited for it.
pub(super) type Answer<V> = Result<V, Arc<ReviewError>>;

/// More than a few clusters have scrapers; some hundred bytes each.
const CAPACITY: usize = 1024;

type Flight<V> = Shared<Pin<Box<dyn Future<Output = Answer<V>> + Send>>>;
type WeakFlight<V> = WeakShared<Pin<Box<dyn Future<Output = Answer<V>> + Send>>>;

/// Reviews by digest, at most one of each in flight.
#[derive(Debug)]
pub(super) struct Cache<V> {
    state: Mutex<State<V>>,
}

#[derive(Debug)]
struct State<V> {
    known: HashMap<Digest, Known<V>>,
    /// Weak, so that a review ends when no scrape waits for it any more.
    asked: HashMap<Digest, Asked<V>>,
    /// Distinguishes a review from an earlier one with the same digest.
    reviews: u64,
}

#[derive(Debug)]
struct Known<V> {
    value: V,
    /// Not used any more after this, but kept until its place is needed.
    until: Instant,
}

#[derive(Debug)]
struct Asked<V> {
    number: u64,
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
            reviews: 0,
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

impl<V: Clone + Send + Sync + 'static> Cache<V> {
    /// Returns the cached answer, or that of `ask`, which also returns how long to cache it.
    ///
    /// `ask` receives the expired answer, and is called only if none is in flight. All waiting scrapes
    /// drive the review on their own tasks: if one is dropped, the others continue it.
    ///
    /// Returns `None` without a review if it would be needed, and the client is gone.
    pub(super) async fn get<F>(
        self: &Arc<Self>,
        digest: Digest,
        client: Option<&ConnectionDeadline>,
        ask: impl FnOnce(Option<V>) -> F + Send,
    ) -> Option<Answer<V>>
    where
        F: Future<Output = Result<(V, Duration), ReviewError>> + Send + 'static,
    {
        match self.find(digest, ask) {
            Found::Known(value) => Some(Ok(value)),
            Found::Asked(flight) => {
                let Some(client) = client else {
                    return Some(flight.await);
                };
                if client.is_closed_by_client() {
                    return None;
                }
                client.begin_wait();
                let answer = flight.await;
                client.end_wait();
                Some(answer)
            }
        }
    }

    /// Completes the review in flight with this digest, even if all scrapes stop waiting for it.
    pub(super) fn complete(&self, digest: &Digest) {
        let flight = self
            .state
            .lock()
            .asked
            .get(digest)
            .map(|asked| asked.flight.clone());
        if let Some(flight) = flight.and_then(|flight| flight.upgrade()) {
            tokio::spawn(flight);
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
        state.reviews += 1;
        let in_flight = InFlight {
            cache: Arc::clone(self),
            digest,
            number: state.reviews,
        };
        let number = in_flight.number;
        let flight = answer(in_flight, ask(before)).boxed().shared();
        if let Some(weak) = flight.downgrade() {
            let asked = Asked {
                number,
                flight: weak,
            };
            state.asked.insert(digest, asked);
        }
        Found::Asked(flight)
    }
}

impl<V> Cache<V> {
    /// Returns the last answer, expired or not.
    pub(super) fn last(&self, digest: &Digest) -> Option<V>
    where
        V: Clone,
    {
        let state = self.state.lock();
        state.known.get(digest).map(|known| known.value.clone())
    }

    /// Returns the number of cached answers, expired or not.
    pub(super) fn len(&self) -> usize {
        self.state.lock().known.len()
    }

    /// Returns the number of reviews in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.state.lock().asked.len()
    }
}

/// One review in flight; removed from the list when it is dropped.
struct InFlight<V> {
    cache: Arc<Cache<V>>,
    digest: Digest,
    number: u64,
}

impl<V> InFlight<V> {
    fn answered(&self, value: V, until: Instant) {
        let mut state = self.cache.state.lock();
        let known = &mut state.known;
        if known.len() >= CAPACITY && !known.contains_key(&self.digest) {
            // Expired answers are evicted first, then those that expire soonest.
            let soonest = known.iter().min_by_key(|(_, known)| known.until);
            if let Some(digest) = soonest.map(|(digest, _)| *digest) {
                known.remove(&digest);
            }
        }
        known.insert(self.digest, Known { value, until });
    }
}

impl<V> Drop for InFlight<V> {
    fn drop(&mut self) {
        let asked = &mut self.cache.state.lock().asked;
        let is_ours = |asked: &Asked<V>| asked.number == self.number;
        if asked.get(&self.digest).is_some_and(is_ours) {
            asked.remove(&self.digest);
        }
    }
}

async fn answer<V>(
    in_flight: InFlight<V>,
    ask: impl Future<Output = Result<(V, Duration), ReviewError>>,
) -> Answer<V>
where
    V: Clone,
{
    // The lifetime begins before the review: its result may be outdated when it arrives.
    let start = Instant::now();
    // The client is foreign code.
    let answered = AssertUnwindSafe(ask).catch_unwind().await;
    let answered = answered.unwrap_or_else(|payload| {
        // The payload is leaked: dropping it runs foreign code, which could panic again.
        mem::forget(payload);
        Err(ReviewError::Panicked)
    });
    let (value, lasts) = answered.map_err(Arc::new)?;
    if !lasts.is_zero() {
        in_flight.answered(value.clone(), start + lasts);
    }
    Ok(value)
}
