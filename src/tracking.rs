//! The tracked stores: their list, their beginning and their end.
//!
//! The list is locked for a moment only, never while a source is read or dropped.

mod sync;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub(crate) use self::sync::Pass;
#[cfg(feature = "kube-any")]
pub(crate) use self::sync::Seen;
use self::sync::SyncState;
use crate::object::Key;
use crate::origin::{SourceId, SourceIds, SourceState};
use crate::resource_info::Guest;
use crate::store::Store;
use crate::sync::{Arc, AtomicBool, AtomicU64, Condvar, Mutex, Ordering, RwLock};

/// Where the objects of one kind are kept, as a controller's cache does.
pub(crate) trait Source: fmt::Debug + Send + Sync {
    /// The API group, capped.
    fn group(&self) -> &str;

    /// The kind, capped.
    fn kind(&self) -> &str;

    /// Passes each object to `pass`; returns whether there is any.
    fn read(&self, pass: &Pass<'_>) -> bool;

    /// The number of objects whose status is not about their newest generation, as of the last
    /// read; `None` if no object has such generations. Objects of which another source is the owner
    /// do not count.
    fn behind(&self) -> Option<u64>;

    /// The objects of the last read whose record belongs to a source of another group.
    fn guests(&self) -> Vec<Arc<Guest>>;

    /// Whether the object is in the store now.
    fn holds(&self, key: Key<'_>) -> bool;
}

/// A source for as long as it is tracked.
#[derive(Debug)]
pub(crate) struct TrackedSource {
    state: SourceState,
    /// Whether its first list is known to be complete, by whatever sign.
    synced: AtomicBool,
    /// Whether it can be expected to sync: not while its stream was never polled.
    is_started: AtomicBool,
    source: Box<dyn Source>,
}

/// The live sources in the order in which they were tracked, which is that of their numbers.
type Sources = Arc<[Arc<TrackedSource>]>;

pub(crate) struct Tracking {
    sources: RwLock<Sources>,
    ids: SourceIds,
    sync: Mutex<SyncState>,
    sync_ended: Condvar,
    panics: AtomicU64,
    refused_types: AtomicU64,
    /// Whether a source was ever tracked.
    any: AtomicBool,
}

// === impl TrackedSource ===

impl TrackedSource {
    pub(crate) fn state(&self) -> &SourceState {
        &self.state
    }

    pub(crate) fn kind(&self) -> &str {
        self.source.kind()
    }

    pub(crate) fn is_synced(&self) -> bool {
        // Acquire: with the release of `mark_synced`. Whoever called that had seen the list, so
        // what is read after this has it too.
        self.synced.load(Ordering::Acquire)
    }

    pub(crate) fn mark_synced(&self) {
        self.synced.store(true, Ordering::Release);
    }

    /// The source's stream is polled, so its first list can be expected.
    pub(crate) fn mark_started(&self) {
        self.is_started.store(true, Ordering::Relaxed);
    }
}

// === impl Tracking ===

impl Default for Tracking {
    fn default() -> Self {
        Self {
            sources: RwLock::new(Arc::from([])),
            ids: SourceIds::default(),
            sync: Mutex::default(),
            sync_ended: Condvar::new(),
            panics: AtomicU64::new(0),
            refused_types: AtomicU64::new(0),
            any: AtomicBool::new(false),
        }
    }
}

impl Tracking {
    /// Tracks a source; one that `is_started` is waiting for its first list from here on.
    pub(crate) fn add(&self, source: Box<dyn Source>, is_started: bool) -> Arc<TrackedSource> {
        self.any.store(true, Ordering::Relaxed);
        let mut sources = self.sources.write();
        let added = Arc::new(TrackedSource {
            // Under the lock, so that the list is in the order of the numbers.
            state: SourceState::new(self.ids.next()),
            synced: AtomicBool::new(false),
            is_started: AtomicBool::new(is_started),
            source,
        });
        let all = sources.iter().cloned().chain([Arc::clone(&added)]);
        *sources = all.collect();
        added
    }

    /// Ends the tracking of `source`.
    ///
    /// Its records go at once if it is the only source of its kind. Otherwise another source may
    /// have the same objects and take them over: the next sync removes what is left.
    pub(crate) fn end(&self, source: &TrackedSource, store: &Store) {
        let (rest, last): (Sources, _) = {
            let mut sources = self.sources.write();
            source.state.end();
            let rest = sources.iter();
            let rest = rest.filter(|other| other.state.id() != source.state.id());
            *sources = rest.cloned().collect();
            (Arc::clone(&sources), self.ids.last())
        };
        let kind = source.kind();
        if rest.iter().any(|other| other.kind() == kind) {
            store.release(source.state.id());
            return;
        }
        // Also those of sources of the kind that have ended before. A source that is tracked from
        // here on has a higher number and keeps its records.
        store.remove_owned(kind, |owner| {
            Some(owner) <= last && find(&rest, owner).is_none()
        });
    }

    pub(crate) fn is_live(&self, source: SourceId) -> bool {
        find(&self.sources.read(), source).is_some()
    }

    /// The first source of the object's kind that has the object now, which also shows that the
    /// source has its first list.
    pub(crate) fn holder(&self, key: Key<'_>) -> Option<Arc<TrackedSource>> {
        let sources = self.sources();
        let mut of_kind = sources.iter().filter(|source| source.kind() == key.kind);
        let holder = of_kind.find(|source| source.source.holds(key))?;
        holder.mark_synced();
        Some(Arc::clone(holder))
    }

    /// The number of objects that could not be read; `None` if nothing was ever tracked.
    pub(crate) fn panics(&self) -> Option<u64> {
        let any = self.any.load(Ordering::Relaxed);
        any.then(|| self.panics.load(Ordering::Relaxed))
    }

    /// The number of condition types that were left out of objects, over all reads of objects.
    pub(crate) fn refused_types(&self) -> u64 {
        self.refused_types.load(Ordering::Relaxed)
    }

    /// The number of objects of each kind that are behind; not of a kind without generations.
    pub(crate) fn behind(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for tracked in &*self.sources() {
            if let Some(behind) = tracked.source.behind() {
                *counts.entry(tracked.kind().to_owned()).or_default() += behind;
            }
        }
        counts
    }

    /// The number of sources of each kind that are synced, and that wait for their first list.
    pub(crate) fn states(&self) -> BTreeMap<String, [u64; 2]> {
        let mut counts = BTreeMap::new();
        for source in &*self.sources() {
            let [synced, waiting]: &mut [u64; 2] =
                counts.entry(source.kind().to_owned()).or_default();
            if source.is_synced() {
                *synced += 1;
            } else if source.is_started.load(Ordering::Relaxed) {
                *waiting += 1;
            }
        }
        counts
    }

    /// The objects whose record belongs to a source of another group.
    ///
    /// If several sources of a group have the same object, the one that was tracked first exposes
    /// it, as for records.
    pub(crate) fn guests(&self) -> Vec<Arc<Guest>> {
        let sources = self.sources();
        let guests = sources.iter().flat_map(|source| {
            let guests = source.source.guests().into_iter();
            guests.map(|guest| (source.source.group(), guest))
        });
        let mut seen = BTreeSet::new();
        let guests = guests.filter(|(group, guest)| seen.insert((*group, guest.id.clone())));
        guests.map(|(_, guest)| guest).collect()
    }

    fn sources(&self) -> Sources {
        Arc::clone(&self.sources.read())
    }
}

fn find(sources: &Sources, id: SourceId) -> Option<&Arc<TrackedSource>> {
    let at = sources.binary_search_by_key(&id, |source| source.state.id());
    sources.get(at.ok()?)
}
