//! Every object's record: the sharded table, the cap, and the life of a record.
//!
//! A record is created, deleted, revived and removed here and nowhere else, under the write lock of
//! its shard. Behind the lock of a shard come those of the tombstones and of the condition types,
//! behind these none; never two shards at once; and never while user code runs.

mod snapshot;
mod tombstones;
mod tracked;

use std::hash::BuildHasher as _;
use std::time::Duration;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

pub(crate) use self::snapshot::{Block, Snapshot};
use self::tombstones::Tombstones;

use crate::clock::Clock;
use crate::object::Key;
use crate::series::{ObjectSeries, Round};
use crate::sync::{Arc, AtomicU32, AtomicU64, AtomicUsize, Mutex, Ordering, RwLock};

/// A power of two, enough that two threads seldom meet and a shard of a full store stays small.
#[cfg(not(all(test, gotk_loom)))]
const SHARDS: usize = 64;
/// Of one object no more than one is seen, and a model checker counts each lock.
#[cfg(all(test, gotk_loom))]
const SHARDS: usize = 1;
/// How many due tombstones one refused record may clear away.
const SWEEP: usize = 64;

/// On a cache line of its own, so that a record in one shard does not slow down its neighbours.
#[derive(Default)]
#[repr(align(128))]
struct Shard(RwLock<HashTable<Arc<ObjectSeries>>>);

pub(crate) struct Store {
    shards: Box<[Shard]>,
    hasher: RandomState,
    clock: Clock,
    grace: Duration,
    buckets: usize,
    max_objects: usize,
    objects: AtomicUsize,
    refused: AtomicU64,
    /// Rises with each record that comes or goes.
    membership: AtomicU64,
    /// Of the last sync that began; see [`Round`].
    round: AtomicU32,
    tombstones: Mutex<Tombstones>,
    snapshot: Mutex<Option<Arc<Snapshot>>>,
}

impl Store {
    pub(crate) fn new(clock: Clock, grace: Duration, buckets: usize, max_objects: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            hasher: RandomState::default(),
            clock,
            grace,
            buckets,
            max_objects,
            objects: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            membership: AtomicU64::new(0),
            round: AtomicU32::new(0),
            tombstones: Mutex::default(),
            snapshot: Mutex::default(),
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// How many objects there are, those in their grace included.
    pub(crate) fn objects(&self) -> usize {
        self.objects.load(Ordering::Relaxed)
    }

    /// How many recordings the cap refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Runs `act` on the object's record, created if need be; `None` if the cap refuses it.
    ///
    /// `act` runs under the lock of the shard: short, ours, and without a look-up of its own.
    pub(crate) fn with<R>(
        &self,
        key: Key<'_>,
        act: impl FnOnce(&Arc<ObjectSeries>) -> R,
    ) -> Option<R> {
        self.with_revived(key, || false, |series, _| act(series))
    }

    /// [`with`](Self::with) for what can bring a deleted object back: `act` is told whether it is
    /// to, which is what `revives` says, asked under no lock and only if the object is deleted.
    pub(crate) fn with_revived<R>(
        &self,
        key: Key<'_>,
        revives: impl FnOnce() -> bool,
        act: impl FnOnce(&Arc<ObjectSeries>, bool) -> R,
    ) -> Option<R> {
        let hash = self.hash(key);
        let deleted = {
            let table = self.shard(hash).read();
            match table.find(hash, |series| series.is_of(key)) {
                Some(series) if !series.word().is_deleted() => return Some(act(series, false)),
                found => found.is_some(),
            }
        };
        let revive = deleted && revives();
        self.with_created(hash, key, || true, |series| act(series, revive))
    }

    /// Runs `act` on the object's record if there is one that is not deleted; says whether.
    ///
    /// As for [`with`](Self::with), it runs under the lock of the shard.
    pub(crate) fn with_known(&self, key: Key<'_>, act: impl FnOnce(&ObjectSeries)) -> bool {
        let hash = self.hash(key);
        let table = self.shard(hash).read();
        let found = table.find(hash, |series| series.is_of(key));
        let found = found.filter(|series| !series.word().is_deleted());
        found.map(|series| act(series)).is_some()
    }

    /// Runs `act` under the write lock on a record that is known, due or new, if `allowed` there.
    #[cold]
    fn with_created<R>(
        &self,
        hash: u64,
        key: Key<'_>,
        allowed: impl Fn() -> bool,
        act: impl FnOnce(&Arc<ObjectSeries>) -> R,
    ) -> Option<R> {
        let now = self.now();
        let mut swept = false;
        loop {
            let mut table = self.shard(hash).write();
            if !allowed() {
                return None;
            }
            match table.entry(hash, |s| s.is_of(key), |s| self.hash(s.key())) {
                Entry::Occupied(mut slot) => {
                    self.freshen(slot.get_mut(), now);
                    let series = slot.get();
                    let deleted = series.word().is_deleted();
                    let result = act(series);
                    if deleted && !series.word().is_deleted() {
                        self.tombstones.lock().remove(series);
                    }
                    return Some(result);
                }
                Entry::Vacant(slot) => {
                    if self.reserve() {
                        let slot = slot.insert(Arc::new(ObjectSeries::new(
                            key,
                            self.buckets,
                            self.round(),
                        )));
                        return Some(act(slot.get()));
                    }
                }
            }
            // Making room locks other shards.
            drop(table);
            if swept {
                // Relaxed: a count of its own.
                self.refused.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            self.expire(now, SWEEP);
            swept = true;
        }
    }

    /// Replaces a record that is due by a new one. The caller holds the write lock.
    fn freshen(&self, series: &mut Arc<ObjectSeries>, now: Duration) {
        if series.is_due(now, self.grace) {
            // Its place is taken over, so the number of objects stays.
            series.change(|word| Some(word.gone()));
            self.tombstones.lock().remove(series);
            *series = Arc::new(ObjectSeries::new(series.key(), self.buckets, self.round()));
            self.membership.fetch_add(1, Ordering::Release);
        }
    }

    /// The object is deleted in the cluster: its series stay for the grace, its conditions as
    /// Deleted.
    pub(crate) fn delete(&self, key: Key<'_>) {
        self.delete_if(key, self.now(), |_| true);
    }

    fn delete_if(
        &self,
        key: Key<'_>,
        now: Duration,
        judge: impl FnOnce(&Arc<ObjectSeries>) -> bool,
    ) {
        if self.grace.is_zero() {
            return self.remove_if(key, judge);
        }
        let hash = self.hash(key);
        let table = self.shard(hash).write();
        if let Some(series) = table.find(hash, |series| series.is_of(key))
            && !series.word().is_deleted()
            && judge(series)
        {
            series.delete(now);
            self.tombstones.lock().insert(series);
        }
    }

    /// Whether the record has left the store, or is to leave it at the next scrape.
    pub(crate) fn has_let_go(&self, series: &ObjectSeries, now: Duration) -> bool {
        series.word().is_gone() || series.is_due(now, self.grace)
    }

    /// Removes the object's series at once.
    pub(crate) fn forget(&self, key: Key<'_>) {
        self.remove_if(key, |_| true);
    }

    /// Removes every series of every object at once.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            let mut table = shard.0.write();
            for series in table.drain() {
                self.retire(&series);
            }
            table.shrink_to(0, |series| self.hash(series.key()));
        }
        // If a scrape is sorting right now, the next one frees what it keeps.
        if let Some(mut cached) = self.snapshot.try_lock() {
            *cached = None;
        }
    }

    /// Removes what was deleted at least the grace ago, at most `limit` records.
    fn expire(&self, now: Duration, limit: usize) {
        for _ in 0..limit {
            let Some(series) = self.tombstones.lock().pop_due(now, self.grace) else {
                return;
            };
            // Judged again: it may have been revived, or removed and created anew.
            self.remove_if(series.key(), |found| {
                Arc::ptr_eq(found, &series) && series.is_due(now, self.grace)
            });
        }
    }

    /// The records in the order of the exposition, those due removed; shared until one comes or
    /// goes.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.expire(self.now(), usize::MAX);
        let mut cached = self.snapshot.lock();
        // Acquire, and before the tables are read: what comes later is seen by the next scrape.
        let membership = self.membership.load(Ordering::Acquire);
        if let Some(snapshot) = &*cached
            && snapshot.membership == membership
        {
            return Arc::clone(snapshot);
        }
        // Freed before the new one is built.
        *cached = None;
        let mut series = Vec::with_capacity(self.objects.load(Ordering::Relaxed));
        for shard in &self.shards {
            series.extend(shard.0.read().iter().map(Arc::clone));
        }
        let snapshot = Arc::new(Snapshot::new(membership, series));
        *cached = Some(Arc::clone(&snapshot));
        snapshot
    }

    fn remove_if(&self, key: Key<'_>, judge: impl FnOnce(&Arc<ObjectSeries>) -> bool) {
        let hash = self.hash(key);
        let mut table = self.shard(hash).write();
        if let Ok(entry) = table.find_entry(hash, |series| series.is_of(key))
            && judge(entry.get())
        {
            self.retire(&entry.remove().0);
            if table.len() < table.capacity() / 8 {
                let room = table.len() * 2;
                table.shrink_to(room, |series| self.hash(series.key()));
            }
        }
    }

    /// The caller has taken `series` out of its shard and still holds the lock.
    fn retire(&self, series: &Arc<ObjectSeries>) {
        series.change(|word| Some(word.gone()));
        if series.word().is_deleted() {
            self.tombstones.lock().remove(series);
        }
        self.objects.fetch_sub(1, Ordering::Relaxed);
        self.membership.fetch_add(1, Ordering::Release);
    }

    /// Counts one more object, unless the cap forbids it. The caller inserts it.
    fn reserve(&self) -> bool {
        let one_more = |objects| (objects < self.max_objects).then_some(objects + 1);
        // Relaxed: a count of its own.
        let reserved = self
            .objects
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        if reserved.is_ok() {
            self.membership.fetch_add(1, Ordering::Release);
        }
        reserved.is_ok()
    }

    /// The sync that began last.
    pub(crate) fn round(&self) -> Round {
        // Relaxed: see `ObjectSeries::touch`.
        Round::new(self.round.load(Ordering::Relaxed))
    }

    fn hash(&self, key: Key<'_>) -> u64 {
        self.hasher.hash_one(key)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "there are SHARDS shards and the index is below it"
    )]
    fn shard(&self, hash: u64) -> &RwLock<HashTable<Arc<ObjectSeries>>> {
        // The table itself uses the lowest and the seven highest bits.
        &self.shards[(hash >> 32) as usize % SHARDS].0
    }
}
