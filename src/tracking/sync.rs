//! The sync, which reads the sources before an exposition.
//!
//! Reading an object runs the user's code, so it runs under no lock of ours: concurrent scrapes
//! wait for the running sync, and a scrape that the user's code makes on the syncing thread returns
//! at once. `membership.rs` states the rule that decides what a sync does to a record.

use std::thread::{self, ThreadId};

use super::{Sources, TrackedSource, Tracking, find};
use crate::object::Key;
use crate::origin::{SourceId, Uid};
use crate::series::{ObjectSeries, Round, View};
use crate::store::{Denied, Sighting, Store};
use crate::sync::{Arc, Ordering};

/// The running sync, if any.
#[derive(Default)]
pub(super) struct SyncState {
    thread: Option<ThreadId>,
    /// The number of syncs that have ended.
    sync_generation: u64,
}

/// Ends a sync, also when it unwinds.
struct SyncGuard<'a>(&'a Tracking);

/// One source's part of a sync.
pub(crate) struct Pass<'a> {
    tracking: &'a Tracking,
    store: &'a Store,
    round: Round,
    sources: &'a Sources,
    source: &'a TrackedSource,
    /// Whether attempts on objects of the kind are recorded.
    pub(crate) has_attempts: bool,
}

/// What a sync has found out about an object, for the next sync: an object that is the same need
/// not be read again.
pub(crate) struct Seen {
    record: Arc<ObjectSeries>,
    owned: bool,
}

// === impl Tracking ===

impl Tracking {
    /// Brings the records up to date with the sources, or waits for another thread that is doing
    /// so.
    ///
    /// `has_attempts` returns whether attempts on objects of a kind are recorded.
    pub(crate) fn sync(&self, store: &Store, has_attempts: impl Fn(&str) -> bool) {
        if self.sources.read().is_empty() {
            return;
        }
        let Some(_guard) = self.begin_sync() else {
            return;
        };
        // `clear` removes what was read before it, so the sources are read once more. Once: a scrape
        // does not wait for a thread that clears again and again.
        for _ in 0..2 {
            let clears = store.clears();
            self.run_sync(store, &has_attempts);
            if store.clears() == clears {
                break;
            }
        }
    }

    /// `None` if a sync that was running has ended, or is this thread's own: the user's code asks
    /// for an exposition.
    fn begin_sync(&self) -> Option<SyncGuard<'_>> {
        let me = thread::current().id();
        let mut sync = self.sync.lock();
        match sync.thread {
            None => {
                sync.thread = Some(me);
                Some(SyncGuard(self))
            }
            Some(thread) if thread == me => None,
            Some(_) => {
                let sync_generation = sync.sync_generation;
                while sync.sync_generation == sync_generation {
                    self.sync_ended.wait(&mut sync);
                }
                None
            }
        }
    }

    fn run_sync(&self, store: &Store, has_attempts: &impl Fn(&str) -> bool) {
        let sources = self.sources();
        let round = store.begin_sync();
        let read = |source: &TrackedSource| {
            // Before the objects are read: a list that comes later is not in them.
            let was_synced = source.is_synced();
            let any = source.source.read(&Pass {
                tracking: self,
                store,
                round,
                sources: &sources,
                source,
                has_attempts: has_attempts(source.kind()),
            });
            if any {
                source.mark_synced();
            }
            was_synced || any
        };
        let complete: Vec<_> = sources.iter().filter(|source| read(source)).collect();
        let is_complete = |owner| complete.iter().any(|source| source.state.id() == owner);
        // Every record that is older than this sync is in the snapshot.
        let snapshot = store.snapshot();
        let unseen = snapshot.records().filter_map(|record| {
            let owner = record.origin().owner.filter(|_| record.is_unseen(round))?;
            let ended = find(&sources, owner).is_none();
            let judged = ended || (is_complete(owner) && !record.word().is_deleted());
            judged.then_some((record, owner, ended))
        });
        let mut unseen: Vec<_> = unseen.collect();
        if unseen.is_empty() {
            return;
        }
        // An object that moves from one source to another may have been in neither when it was
        // read. It stays if another source of its kind has it by now.
        for source in &*sources {
            let is_other = |(record, owner, ended): &(&Arc<ObjectSeries>, SourceId, bool)| {
                !ended && *owner != source.state.id() && record.key().kind == source.kind()
            };
            if unseen.iter().any(is_other) {
                read(source);
                unseen.retain(|(record, ..)| record.is_unseen(round));
            }
        }
        // Before the lock: the clock is the user's code.
        let now = store.now();
        // Held meanwhile, so that nothing is judged by a list that has changed.
        let current = self.sources.read();
        if Arc::ptr_eq(&current, &sources) {
            for (record, owner, ended) in unseen {
                if ended {
                    store.remove_unseen(record, owner, round);
                } else {
                    store.delete_unseen(record, owner, round, now);
                }
            }
        }
    }
}

// === impl SyncGuard ===

impl Drop for SyncGuard<'_> {
    fn drop(&mut self) {
        let mut sync = self.0.sync.lock();
        sync.thread = None;
        sync.sync_generation = sync.sync_generation.wrapping_add(1);
        self.0.sync_ended.notify_all();
    }
}

// === impl Pass ===

impl Pass<'_> {
    pub(crate) fn hash(&self, value: impl std::hash::Hash) -> u64 {
        self.store.hash_of(value)
    }

    pub(crate) fn uid(&self, uid: Option<&str>) -> Uid {
        self.store.uid(uid)
    }

    /// Counts an object that could not be read.
    pub(crate) fn count_panic(&self) {
        // Relaxed: a count of its own.
        self.tracking.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts condition types for which the recorder has no place, left out of one object.
    pub(crate) fn count_refused_types(&self, types: u64) {
        // Relaxed: a count of its own.
        self.tracking
            .refused_types
            .fetch_add(types, Ordering::Relaxed);
    }

    /// Counts an object that the cap has refused.
    pub(crate) fn count_refused(&self) {
        self.store.count_refused();
    }

    /// The object is in the source, as in `view` or unreadable; an error if it has no record.
    pub(crate) fn see(
        &self,
        key: Key<'_>,
        uid: Uid,
        view: Option<&View>,
        with_ready: bool,
    ) -> Result<Seen, Denied> {
        let sighting = Sighting {
            key,
            uid,
            view,
            with_ready,
            round: self.round,
        };
        let (record, owned) = self.store.see(&self.source.state, &sighting)?;
        Ok(Seen { record, owned })
    }

    /// The object is in the source and has not changed since `seen`. Returns false if it must be
    /// read again.
    pub(crate) fn see_again(&self, seen: &mut Seen) -> bool {
        let record = &*seen.record;
        let word = record.word();
        if word.is_deleted() || word.is_gone() {
            return false;
        }
        let owned = record.is_owned_by(self.source.state.id());
        if record.was_seen(self.round) {
            seen.owned = owned;
            return true;
        }
        let is_current = owned && seen.owned && record.is_read();
        if is_current {
            record.see(self.round);
        }
        is_current
    }

    /// Whether the record belongs to a source of another group.
    pub(crate) fn is_guest(&self, seen: &Seen) -> bool {
        if seen.owned {
            return false;
        }
        let owner = seen.record.origin().owner;
        let owner = owner.and_then(|owner| find(self.sources, owner));
        owner.is_some_and(|owner| owner.source.group() != self.source.source.group())
    }
}

// === impl Seen ===

impl Seen {
    /// Whether the source owns the record, so that the record shows its state.
    pub(crate) fn is_owned(&self) -> bool {
        self.owned
    }
}
