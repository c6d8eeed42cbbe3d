//! Every object's record: the sharded table, the cap, and the life of a record.
//!
//! A record is created, deleted, revived and removed here and nowhere else, under the write lock of
//! its shard. Behind the lock of a shard come those of the tombstones and of the condition types,
//! behind these none; never two shards at once; and never while user code runs.

mod removal;
mod sighting;
mod snapshot;
mod tombstones;

use std::hash::BuildHasher as _;
use std::time::Duration;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

pub(crate) use self::sighting::{Sighting, take};
pub(crate) use self::snapshot::{Block, Snapshot};
use self::tombstones::Tombstones;

use crate::clock::Clock;
use crate::object::Key;
use crate::origin::{SourceId, Uid};
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
    /// How often all was cleared.
    clears: AtomicU64,
    tombstones: Mutex<Tombstones>,
    snapshot: Mutex<Option<Arc<Snapshot>>>,
    /// Sources that have ended while their records wait for the next sync.
    ended: Mutex<Vec<SourceId>>,
}

/// What [`Store::with_alive`] has found.
pub(crate) enum Found<R> {
    Alive(R),
    Deleted(Arc<ObjectSeries>),
    Missing,
}

/// Why an entry was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The caller's own condition did not hold under the lock.
    NotAdmitted,
    /// There is no room for one more record.
    Full,
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
            clears: AtomicU64::new(0),
            tombstones: Mutex::default(),
            snapshot: Mutex::default(),
            ended: Mutex::default(),
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

    /// Runs `act` on the object's record if there is one.
    ///
    /// `act` runs under the read lock of the shard: short, ours, and without a look-up of its own.
    pub(crate) fn with_found<R>(
        &self,
        key: Key<'_>,
        act: impl FnOnce(&Arc<ObjectSeries>) -> R,
    ) -> Option<R> {
        let hash = self.hash(key);
        let table = self.shard(hash).read();
        table.find(hash, |series| series.is_of(key)).map(act)
    }

    /// [`with_found`](Self::with_found) for a record that is not deleted.
    pub(crate) fn with_alive<R>(
        &self,
        key: Key<'_>,
        act: impl FnOnce(&Arc<ObjectSeries>) -> R,
    ) -> Found<R> {
        let found = self.with_found(key, |series| {
            if series.word().is_deleted() {
                Found::Deleted(Arc::clone(series))
            } else {
                Found::Alive(act(series))
            }
        });
        found.unwrap_or(Found::Missing)
    }

    /// Runs `act` on the object's record under the write lock, and creates the record at need.
    ///
    /// `admitted` is called under the lock with the record that is there, if any. A record that has
    /// expired counts as none.
    #[cold]
    pub(crate) fn with_entry<R>(
        &self,
        key: Key<'_>,
        now: Duration,
        admitted: impl Fn(Option<&ObjectSeries>) -> bool,
        act: impl FnOnce(&Arc<ObjectSeries>) -> R,
    ) -> Result<R, Denied> {
        let hash = self.hash(key);
        let mut swept = false;
        loop {
            let mut table = self.shard(hash).write();
            match table.entry(hash, |s| s.is_of(key), |s| self.hash(s.key())) {
                Entry::Occupied(mut slot) => {
                    let there = slot.get();
                    let there = (!self.has_expired(there, now)).then_some(&**there);
                    if !admitted(there) {
                        return Err(Denied::NotAdmitted);
                    }
                    self.freshen(slot.get_mut(), now);
                    let series = slot.get();
                    let deleted = series.word().is_deleted();
                    let result = act(series);
                    if deleted && !series.word().is_deleted() {
                        self.tombstones.lock().remove(series);
                    }
                    return Ok(result);
                }
                Entry::Vacant(slot) => {
                    if !admitted(None) {
                        return Err(Denied::NotAdmitted);
                    }
                    if self.reserve() {
                        let slot = slot.insert(Arc::new(ObjectSeries::new(
                            key,
                            self.buckets,
                            self.round(),
                        )));
                        return Ok(act(slot.get()));
                    }
                }
            }
            // Making room locks other shards.
            drop(table);
            if swept {
                return Err(Denied::Full);
            }
            self.remove_ended();
            self.expire(now, SWEEP);
            swept = true;
        }
    }

    /// The result of an entry, or `None` and one more refused recording if there was no room.
    pub(crate) fn counted<R>(&self, entry: Result<R, Denied>) -> Option<R> {
        if matches!(entry, Err(Denied::Full)) {
            self.count_refused();
        }
        entry.ok()
    }

    pub(crate) fn count_refused(&self) {
        // Relaxed: a count of its own.
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Replaces a record that is due by a new one. The caller holds the write lock.
    fn freshen(&self, series: &mut Arc<ObjectSeries>, now: Duration) {
        if self.has_expired(series, now) {
            // Its place is taken over, so the number of objects stays.
            series.change(|word| Some(word.gone()));
            self.tombstones.lock().remove(series);
            *series = Arc::new(ObjectSeries::new(series.key(), self.buckets, self.round()));
            self.membership.fetch_add(1, Ordering::Release);
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

    /// Begins a sync: it does not judge an object that shows a sign of life from here on.
    pub(crate) fn begin_sync(&self) -> Round {
        // Relaxed: see `ObjectSeries::touch`.
        let last = self.round.fetch_add(Round::STEP, Ordering::Relaxed);
        Round::new(last.wrapping_add(Round::STEP))
    }

    pub(crate) fn uid(&self, uid: Option<&str>) -> Uid {
        uid.map_or(Uid::UNKNOWN, |uid| {
            Uid::from_hash(self.hasher.hash_one(uid))
        })
    }

    /// The sync that began last.
    pub(crate) fn round(&self) -> Round {
        // Relaxed: see `ObjectSeries::touch`.
        Round::new(self.round.load(Ordering::Relaxed))
    }

    pub(crate) fn hash_of(&self, value: impl std::hash::Hash) -> u64 {
        self.hasher.hash_one(value)
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
