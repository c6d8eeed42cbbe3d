//! The bound on what all scrapes of an exposition cost at once.
//!
//! A response holds a place from before its first byte is encoded until its last byte is in the
//! connection's buffer. Nothing that costs memory or a thread happens without a place.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep, timeout_at};

use crate::deadline::ConnectionDeadline;
use crate::limits::ScrapeLimits;

/// Scrapes that run on a blocking thread at once. They mostly wait for each other's locks.
const ENCODERS: usize = 2;
/// How much of the scraper's own timeout a scrape may wait: the rest is for the response.
const SHARE_OF_TIMEOUT: f64 = 0.8;
/// No scraper waits longer, and no response may take longer by default.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// A client that has kept its response waiting for less than this is never evicted.
const FRESH: Duration = Duration::from_secs(1);
/// How often a waiting scrape looks for a response to evict.
const TICK: Duration = Duration::from_millis(250);

/// The origin of a scrape: no origin takes more than its share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Origin {
    /// A router of the user's does not pass the address on.
    #[default]
    Unknown,
    Address(IpAddr),
    #[cfg(feature = "auth")]
    Identity([u8; 32]),
}

/// The scrapes of one exposition.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: ScrapeLimits,
    state: Mutex<State>,
    encoders: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct State {
    /// Distinguishes places and waiting scrapes.
    last_id: u64,
    active: Vec<Active>,
    /// The origins with waiting scrapes; the first one is served next.
    queue: VecDeque<(Origin, VecDeque<Waiting>)>,
}

#[derive(Debug)]
struct Active {
    id: u64,
    origin: Origin,
    /// `None` if the connection belongs to a router of the user's.
    deadline: Option<ConnectionDeadline>,
    is_evicted: bool,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    deadline: Option<ConnectionDeadline>,
    granted: oneshot::Sender<Place>,
}

/// The right to encode and send one response; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    admission: Arc<Admission>,
    id: u64,
}

/// Removes a scrape that stops waiting from the queue.
struct InQueue<'a> {
    admission: &'a Arc<Admission>,
    id: u64,
}

impl Origin {
    /// All addresses of one IPv6 network are one origin: a client can choose among them.
    pub(crate) fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address @ IpAddr::V4(_) => address,
        })
    }

    fn share(self, limit: usize) -> usize {
        if self == Self::Unknown {
            return limit;
        }
        limit.div_ceil(2)
    }
}

impl Admission {
    pub(crate) fn new(limits: ScrapeLimits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
            encoders: Arc::new(Semaphore::new(ENCODERS)),
        }
    }

    /// Returns when a scrape with these headers stops waiting.
    pub(crate) fn wait_until(&self, headers: &HeaderMap) -> Instant {
        let timeout = headers.get("x-prometheus-scrape-timeout-seconds");
        let seconds: Option<f64> = timeout.and_then(|value| value.to_str().ok()?.parse().ok());
        let asked = seconds.filter(|seconds| *seconds > 0.0);
        let asked = asked.map(|seconds| Duration::try_from_secs_f64(seconds * SHARE_OF_TIMEOUT));
        let wait = asked.map_or(self.limits.wait, |asked| asked.unwrap_or(MAX_WAIT));
        Instant::now() + wait.min(MAX_WAIT)
    }

    /// Waits for a place; returns `None` if there is none in time, or if too many scrapes wait.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the wait.
    pub(crate) async fn admit(
        self: &Arc<Self>,
        origin: Origin,
        deadline: Option<&ConnectionDeadline>,
        until: Instant,
    ) -> Option<Place> {
        let (granted, mut place) = oneshot::channel();
        let id = self.enqueue(origin, deadline, granted)?;
        let _in_queue = InQueue {
            admission: self,
            id,
        };
        self.grant();
        if let Ok(place) = place.try_recv() {
            return Some(place);
        }
        if let Some(deadline) = deadline {
            if deadline.is_closed_by_client() {
                return None;
            }
            deadline.begin_wait();
        }
        let waited = async {
            loop {
                self.evict(origin);
                tokio::select! {
                    place = &mut place => return place.ok(),
                    () = sleep(TICK) => {}
                }
            }
        };
        let place = timeout_at(until, waited).await.ok().flatten();
        if let Some(deadline) = deadline {
            deadline.end_wait();
        }
        place
    }

    /// Waits for one of the blocking threads.
    pub(crate) async fn encoder(&self, until: Instant) -> Option<OwnedSemaphorePermit> {
        // Without a timer if possible: not every runtime has one.
        if let Ok(encoder) = Arc::clone(&self.encoders).try_acquire_owned() {
            return Some(encoder);
        }
        let encoder = Arc::clone(&self.encoders).acquire_owned();
        // Never closed.
        timeout_at(until, encoder).await.ok()?.ok()
    }

    /// Adds a scrape to the queue, unless it is full.
    fn enqueue(
        &self,
        origin: Origin,
        deadline: Option<&ConnectionDeadline>,
        granted: oneshot::Sender<Place>,
    ) -> Option<u64> {
        let mut state = self.state.lock();
        state.last_id += 1;
        let id = state.last_id;
        let waiting = Waiting {
            id,
            deadline: deadline.cloned(),
            granted,
        };
        let ours = state.waiting(origin);
        if ours >= origin.share(self.limits.queue) {
            return None;
        }
        if state.queued() >= self.limits.queue && !state.displace(ours) {
            return None;
        }
        match state.queue.iter_mut().find(|(one, _)| *one == origin) {
            Some((_, all)) => all.push_back(waiting),
            None => state.queue.push_back((origin, VecDeque::from([waiting]))),
        }
        Some(id)
    }

    /// Gives free places to waiting scrapes, in turns over their origins.
    fn grant(self: &Arc<Self>) {
        loop {
            let mut state = self.state.lock();
            let Some((id, granted)) = state.next(&self.limits) else {
                return;
            };
            drop(state);
            let place = Place {
                admission: Arc::clone(self),
                id,
            };
            // If the scrape has stopped waiting, its place is dropped, which grants it again.
            drop(granted.send(place));
        }
    }

    /// Ends the response that its client has kept waiting for longest, if it is not fresh.
    ///
    /// An origin that has its share makes room for itself. At most one response is ended for each
    /// waiting scrape.
    fn evict(&self, origin: Origin) {
        let mut state = self.state.lock();
        let ours = |one: &Active| one.origin == origin;
        let own = state.active.iter().filter(|one| ours(one)).count();
        let has_share = own >= origin.share(self.limits.responses);
        if !has_share && state.active.len() < self.limits.responses {
            return;
        }
        let waiting = if has_share {
            state.waiting(origin)
        } else {
            state.queued()
        };
        let candidates = state.active.iter_mut();
        let candidates = candidates.filter(|one| !has_share || ours(one));
        let (evicted, candidates): (Vec<_>, Vec<_>) = candidates.partition(|one| one.is_evicted);
        if evicted.len() >= waiting {
            return;
        }
        let slowest = candidates.into_iter().filter_map(|one| {
            let stalled = one.deadline.as_ref()?.stalled_for();
            (stalled >= FRESH).then_some((stalled, one))
        });
        if let Some((_, active)) = slowest.max_by_key(|(stalled, _)| *stalled) {
            active.is_evicted = true;
            if let Some(deadline) = &active.deadline {
                deadline.evict();
            }
        }
    }

    fn remove(&self, id: u64) {
        let mut state = self.state.lock();
        for (_, waiting) in &mut state.queue {
            waiting.retain(|one| one.id != id);
        }
        state.queue.retain(|(_, waiting)| !waiting.is_empty());
    }
}

impl State {
    fn queued(&self) -> usize {
        self.queue.iter().map(|(_, waiting)| waiting.len()).sum()
    }

    fn waiting(&self, origin: Origin) -> usize {
        let queued = self.queue.iter().find(|(one, _)| *one == origin);
        queued.map_or(0, |(_, waiting)| waiting.len())
    }

    /// Removes the newest scrape of the origin that has most of them, if it has more than `ours`.
    fn displace(&mut self, ours: usize) -> bool {
        let longest = self.queue.iter_mut().max_by_key(|(_, all)| all.len());
        match longest {
            Some((_, all)) if all.len() > ours + 1 => all.pop_back().is_some(),
            _ => false,
        }
    }

    /// Takes the next scrape from the queue and a place for it, if there are both.
    fn next(&mut self, limits: &ScrapeLimits) -> Option<(u64, oneshot::Sender<Place>)> {
        if self.active.len() >= limits.responses {
            return None;
        }
        let position = self.queue.iter().position(|(origin, _)| {
            let active = self.active.iter().filter(|one| one.origin == *origin);
            active.count() < origin.share(limits.responses)
        })?;
        let (origin, mut waiting) = self.queue.remove(position)?;
        let next = waiting.pop_front()?;
        if !waiting.is_empty() {
            self.queue.push_back((origin, waiting));
        }
        self.active.push(Active {
            id: next.id,
            origin,
            deadline: next.deadline,
            is_evicted: false,
        });
        Some((next.id, next.granted))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let id = self.id;
        self.admission
            .state
            .lock()
            .active
            .retain(|one| one.id != id);
        self.admission.grant();
    }
}

impl Drop for InQueue<'_> {
    fn drop(&mut self) {
        self.admission.remove(self.id);
    }
}
