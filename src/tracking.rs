//! The stores that the state of objects is read from, and the sync that reads them before an
//! exposition.
//!
//! What reads an object is the user's code. It runs under no lock of ours: a sync that others wait
//! for is not one, and the thread that runs it does not wait for itself.

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::thread::{self, ThreadId};

use crate::object::Key;
use crate::series::{ObjectSeries, Round, View};
use crate::store::Store;
use crate::sync::{Arc, AtomicBool, AtomicU64, Condvar, Mutex, Ordering, RwLock};

/// Where the objects of one kind are kept, as a controller's cache does.
pub(crate) trait Source: fmt::Debug + Send + Sync {
    /// The kind, capped.
    fn kind(&self) -> &str;

    /// Whether an object that is not in it is gone. Until its first list it holds nothing. What is
    /// read afterwards is complete.
    fn is_ready(&self) -> bool;

    /// To be believed from now on.
    fn believe(&self);

    /// Tells `pass` of each object; returns whether these are all, so that what is not among them
    /// is gone.
    fn visit(&self, pass: &Pass<'_>) -> bool;

    /// How many of its objects had a status of an older generation than their spec when it was
    /// visited last; `None` if none told a generation. Those that another source goes before
    /// are not counted.
    fn behind(&self) -> Option<u64>;

    /// Whether the object is in it now.
    fn holds(&self, key: Key<'_>) -> bool;
}

/// A source for as long as it is tracked.
#[derive(Debug)]
pub(crate) struct TrackedSource {
    /// False once it is not tracked any more: from then on it writes nothing.
    tracked: AtomicBool,
    source: Box<dyn Source>,
}

/// The sources in the order in which they were tracked.
type Sources = Arc<[Arc<TrackedSource>]>;

pub(crate) struct Tracking {
    sources: RwLock<Sources>,
    /// Whether there may be a source that is not ready.
    waiting: AtomicBool,
    flight: Mutex<Flight>,
    landed: Condvar,
    panics: AtomicU64,
    /// Whether a source was ever tracked.
    any: AtomicBool,
}

/// The sync under way, if any.
#[derive(Default)]
struct Flight {
    leader: Option<ThreadId>,
    /// How many have ended.
    landed: u64,
}

impl Default for Tracking {
    fn default() -> Self {
        Self {
            sources: RwLock::new(Arc::from([])),
            waiting: AtomicBool::new(false),
            flight: Mutex::default(),
            landed: Condvar::new(),
            panics: AtomicU64::new(0),
            any: AtomicBool::new(false),
        }
    }
}

impl TrackedSource {
    pub(crate) fn is_ready(&self) -> bool {
        self.source.is_ready()
    }

    pub(crate) fn believe(&self) {
        self.source.believe();
    }
}

impl Tracking {
    pub(crate) fn add(&self, source: Box<dyn Source>) -> Arc<TrackedSource> {
        let added = Arc::new(TrackedSource {
            tracked: AtomicBool::new(true),
            source,
        });
        self.any.store(true, Ordering::Relaxed);
        let mut sources = self.sources.write();
        let all = sources.iter().cloned().chain([Arc::clone(&added)]);
        *sources = all.collect();
        self.waiting.store(true, Ordering::Relaxed);
        added
    }

    /// Ends the tracking of `source` and removes the records that no other source holds.
    pub(crate) fn remove(&self, source: &Arc<TrackedSource>, store: &Store) {
        {
            let mut sources = self.sources.write();
            // Before the records are removed, so that a sync under way adds none afterwards.
            source.tracked.store(false, Ordering::Relaxed);
            let rest = sources.iter().filter(|other| !Arc::ptr_eq(other, source));
            let rest: Sources = rest.cloned().collect();
            if rest.len() == sources.len() {
                return;
            }
            *sources = rest;
        }
        // Asked anew for each: one that is tracked meanwhile holds its objects too.
        let kind = source.source.kind();
        store.remove_kind(kind, |key| {
            of_kind(&self.sources(), kind).any(|other| other.source.holds(key))
        });
    }

    /// Ends the tracking of every source; the caller removes the records.
    pub(crate) fn clear(&self) {
        let mut sources = self.sources.write();
        for source in sources.iter() {
            source.tracked.store(false, Ordering::Relaxed);
        }
        let cleared = mem::replace(&mut *sources, Arc::from([]));
        // The last of a source may be dropped with it, which is the user's code.
        drop(sources);
        drop(cleared);
    }

    /// Whether a call or an attempt may bring the object back from deleted: where its kind is
    /// tracked, the stores decide.
    pub(crate) fn may_revive(&self, key: Key<'_>) -> bool {
        let sources = self.sources();
        let mut of_kind = of_kind(&sources, key.kind).peekable();
        of_kind.peek().is_none() || of_kind.any(|source| source.source.holds(key))
    }

    /// An attempt on the object has started in a controller that was instrumented by hand. kube-rs
    /// holds attempts back until the store has its first list, so a store that holds the object
    /// is complete; it may be empty by the next sync.
    pub(crate) fn attempt_started(&self, key: Key<'_>) {
        if !self.waiting.load(Ordering::Relaxed) {
            return;
        }
        // Before the sources are listed: one that is added meanwhile is in the list, or sets it
        // again.
        self.waiting.store(false, Ordering::Relaxed);
        let sources = self.sources();
        for source in of_kind(&sources, key.kind) {
            if !source.source.is_ready() && source.source.holds(key) {
                source.source.believe();
            }
        }
        if sources.iter().any(|source| !source.source.is_ready()) {
            self.waiting.store(true, Ordering::Relaxed);
        }
    }

    /// How often an object could not be read; `None` if nothing was ever tracked.
    pub(crate) fn panics(&self) -> Option<u64> {
        let any = self.any.load(Ordering::Relaxed);
        any.then(|| self.panics.load(Ordering::Relaxed))
    }

    /// How many objects of each kind are behind; not of a kind whose objects do not tell.
    pub(crate) fn behind(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for tracked in &*self.sources() {
            if let Some(behind) = tracked.source.behind() {
                let kind = tracked.source.kind().to_owned();
                *counts.entry(kind).or_default() += behind;
            }
        }
        counts
    }

    /// Brings the records up to date with the sources, or waits for another thread that is doing
    /// so.
    pub(crate) fn sync(&self, store: &Store) {
        if self.sources.read().is_empty() {
            return;
        }
        if let Some(_landing) = self.take_off() {
            self.fly(store);
        }
    }

    /// `None` if a sync that was under way has ended, or is this thread's own: the user's code asks
    /// for an exposition.
    fn take_off(&self) -> Option<Landing<'_>> {
        let me = thread::current().id();
        let mut flight = self.flight.lock();
        match flight.leader {
            None => {
                flight.leader = Some(me);
                Some(Landing(self))
            }
            Some(leader) if leader == me => None,
            Some(_) => {
                let landed = flight.landed;
                while flight.landed == landed {
                    self.landed.wait(&mut flight);
                }
                None
            }
        }
    }

    fn fly(&self, store: &Store) {
        let sources = self.sources();
        let round = store.begin_round();
        // Of each kind, whether all of its sources are complete.
        let mut complete = BTreeMap::new();
        for tracked in &*sources {
            let is_complete = tracked.source.visit(&Pass {
                tracking: self,
                store,
                round,
                tracked: &tracked.tracked,
            });
            *complete.entry(tracked.source.kind()).or_insert(true) &= is_complete;
        }
        let is_complete = |kind: &str| complete.get(kind).copied().unwrap_or_default();
        // Every record that is older than this round is in it.
        let snapshot = store.snapshot();
        let unseen = snapshot.records().filter(|series| {
            series.is_unseen(round) && !series.word().is_deleted() && is_complete(series.key().kind)
        });
        let unseen: Vec<_> = unseen.collect();
        if unseen.is_empty() {
            return;
        }
        // Before the lock: the clock is the user's code.
        let now = store.now();
        // Held meanwhile, so that nothing is judged by sources that are not all any more.
        let current = self.sources.read();
        if Arc::ptr_eq(&current, &sources) {
            for series in unseen {
                store.delete_unseen(series, round, now);
            }
        }
    }

    fn sources(&self) -> Sources {
        Arc::clone(&self.sources.read())
    }
}

fn of_kind<'a>(
    sources: &'a Sources,
    kind: &'a str,
) -> impl Iterator<Item = &'a Arc<TrackedSource>> {
    sources
        .iter()
        .filter(move |source| source.source.kind() == kind)
}

/// Ends a sync, also when it unwinds.
struct Landing<'a>(&'a Tracking);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let mut flight = self.0.flight.lock();
        flight.leader = None;
        flight.landed = flight.landed.wrapping_add(1);
        self.0.landed.notify_all();
    }
}

/// One source's part of a sync.
pub(crate) struct Pass<'a> {
    tracking: &'a Tracking,
    store: &'a Store,
    round: Round,
    tracked: &'a AtomicBool,
}

/// What a sync made of an object, for the next one: an object that is the same then need not be
/// read again.
pub(crate) struct Seen {
    series: Arc<ObjectSeries>,
    written: bool,
    /// After a revival by somebody else, nothing of what was written is left.
    epoch: u64,
}

impl Seen {
    /// Whether its state was written, and not that of a source that goes before.
    pub(crate) fn is_written(&self) -> bool {
        self.written
    }
}

impl Pass<'_> {
    /// An object could not be read.
    pub(crate) fn count_panic(&self) {
        // Relaxed: a count of its own.
        self.tracking.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// The object is in the source as in `view`, None if it cannot be read.
    ///
    /// `None` if the object was refused.
    pub(crate) fn see(&self, key: Key<'_>, view: Option<&View>) -> Option<Seen> {
        let seen = self.store.see(key, view, self.round, self.tracked)?;
        let (series, written) = seen;
        Some(Seen {
            epoch: series.word().epoch(),
            series,
            written,
        })
    }

    /// The object is in the source and has not changed since `seen`. Returns false if it is to be
    /// read again.
    pub(crate) fn see_again(&self, seen: &mut Seen) -> bool {
        let word = seen.series.word();
        if word.is_deleted() || word.is_gone() || word.epoch() != seen.epoch {
            return false;
        }
        if seen.series.was_seen(self.round) {
            // By a source that goes before.
            seen.written = false;
            return true;
        }
        if seen.written {
            seen.series.see(self.round);
        }
        seen.written
    }
}
