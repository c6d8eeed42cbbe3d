//! How records leave the store: deletion with its grace period, removal at once, and the end of
//! their source.
//!
//! Every function locks one shard at a time, and the tombstones after the shard.

use std::mem;
use std::time::Duration;

use hashbrown::HashTable;

use super::Store;
use crate::object::Key;
use crate::origin::SourceId;
use crate::series::{ObjectSeries, Round};
use crate::sync::{Arc, Ordering};

impl Store {
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

    /// Whether the grace period of a deleted object is over, so that the next scrape removes it.
    pub(crate) fn has_expired(&self, series: &ObjectSeries, now: Duration) -> bool {
        series.is_due(now, self.grace)
    }

    /// Whether the record has left the store, or leaves it at the next scrape.
    pub(crate) fn is_lost(&self, series: &ObjectSeries, now: Duration) -> bool {
        series.word().is_gone() || self.has_expired(series, now)
    }

    /// Deletes the object of `series` unless there was a sign of life since `round` began, or the
    /// record belongs to another source by now.
    pub(crate) fn delete_unseen(
        &self,
        series: &Arc<ObjectSeries>,
        owner: SourceId,
        round: Round,
        now: Duration,
    ) {
        self.delete_if(series.key(), now, |found| {
            Arc::ptr_eq(found, series) && found.is_unseen(round) && found.is_owned_by(owner)
        });
    }

    /// Removes the record of a source that has ended, under the same conditions.
    pub(crate) fn remove_unseen(&self, series: &Arc<ObjectSeries>, owner: SourceId, round: Round) {
        self.remove_if(series.key(), |found| {
            Arc::ptr_eq(found, series) && found.is_unseen(round) && found.is_owned_by(owner)
        });
    }

    /// Removes at once each record of `kind` that a source owns for which `has_ended` is true.
    pub(crate) fn remove_owned(&self, kind: &str, has_ended: impl Fn(SourceId) -> bool) {
        self.remove_all(|series| {
            series.key().kind == kind && series.origin().owner.is_some_and(&has_ended)
        });
    }

    /// Remembers that the records of a source can go when there is no room for others, and waits
    /// for whoever has locked a shard and still takes the source for live.
    pub(crate) fn release(&self, source: SourceId) {
        self.ended.lock().push(source);
        for shard in &self.shards {
            drop(shard.0.write());
        }
    }

    pub(super) fn remove_ended(&self) {
        let ended = mem::take(&mut *self.ended.lock());
        if !ended.is_empty() {
            self.remove_all(|series| {
                let owner = series.origin().owner;
                owner.is_some_and(|owner| ended.contains(&owner))
            });
        }
    }

    fn remove_all(&self, judge: impl Fn(&ObjectSeries) -> bool) {
        for shard in &self.shards {
            let mut table = shard.0.write();
            for series in table.extract_if(|series| judge(series)) {
                self.retire(&series);
            }
            self.shrink(&mut table);
        }
    }

    /// How often all was cleared.
    pub(crate) fn clears(&self) -> u64 {
        self.clears.load(Ordering::Acquire)
    }

    /// Removes the object's series at once.
    pub(crate) fn forget(&self, key: Key<'_>) {
        self.remove_if(key, |_| true);
    }

    /// Removes every series of every object at once.
    pub(crate) fn clear(&self) {
        // Release, and before the records go: a sync that finds one of them gone runs again.
        self.clears.fetch_add(1, Ordering::Release);
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
    pub(super) fn expire(&self, now: Duration, limit: usize) {
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

    fn remove_if(&self, key: Key<'_>, judge: impl FnOnce(&Arc<ObjectSeries>) -> bool) {
        let hash = self.hash(key);
        let mut table = self.shard(hash).write();
        if let Ok(entry) = table.find_entry(hash, |series| series.is_of(key))
            && judge(entry.get())
        {
            self.retire(&entry.remove().0);
            self.shrink(&mut table);
        }
    }

    fn shrink(&self, table: &mut HashTable<Arc<ObjectSeries>>) {
        if table.len() < table.capacity() / 8 {
            let room = table.len() * 2;
            table.shrink_to(room, |series| self.hash(series.key()));
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
}
