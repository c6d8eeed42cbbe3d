//! What a sync of tracked stores does to the records.
//!
//! A store that is no longer tracked writes nothing: whether it is, is asked under the lock of the
//! shard, and whoever untracks it takes that lock afterwards to clear away what was written before.

use std::time::Duration;

use super::Store;
use crate::object::Key;
use crate::series::{ObjectSeries, Round, View};
use crate::sync::{Arc, AtomicBool, Ordering};

impl Store {
    /// Begins a sync: it is not to judge what shows a sign of life from here on.
    pub(crate) fn begin_round(&self) -> Round {
        // Relaxed: see `ObjectSeries::touch`.
        let last = self.round.fetch_add(Round::STEP, Ordering::Relaxed);
        Round::new(last.wrapping_add(Round::STEP))
    }

    /// A tracked store has the object as in `view`, None if it cannot be read.
    ///
    /// Returns the record, and whether the view was written: not if a store that goes before has
    /// the object too. `None` if the cap refuses the object or `tracked` is false by now.
    pub(crate) fn see(
        &self,
        key: Key<'_>,
        view: Option<&View>,
        round: Round,
        tracked: &AtomicBool,
    ) -> Option<(Arc<ObjectSeries>, bool)> {
        // Relaxed: the lock of the shard orders it.
        let allowed = || tracked.load(Ordering::Relaxed);
        let act = |series: &Arc<ObjectSeries>| {
            let first = !series.was_seen(round);
            if first {
                series.read(view);
                series.see(round);
            }
            (Arc::clone(series), first)
        };
        let hash = self.hash(key);
        {
            let table = self.shard(hash).read();
            if let Some(series) = table.find(hash, |series| series.is_of(key))
                && !series.word().is_deleted()
            {
                return allowed().then(|| act(series));
            }
        }
        self.with_created(hash, key, allowed, act)
    }

    /// The object of `series` is gone, unless there was a sign of life since `round` began.
    pub(crate) fn delete_unseen(&self, series: &Arc<ObjectSeries>, round: Round, now: Duration) {
        self.delete_if(series.key(), now, |found| {
            Arc::ptr_eq(found, series) && found.is_unseen(round)
        });
    }

    /// Removes at once every record of `kind` unless `keep` says otherwise, which is asked under no
    /// lock.
    pub(crate) fn remove_kind(&self, kind: &str, keep: impl Fn(Key<'_>) -> bool) {
        for shard in &self.shards {
            let of_kind: Vec<_> = {
                let table = shard.0.read();
                let found = table.iter().filter(|series| series.key().kind == kind);
                found.cloned().collect()
            };
            for series in of_kind.iter().filter(|series| !keep(series.key())) {
                self.remove_if(series.key(), |found| Arc::ptr_eq(found, series));
            }
        }
    }
}
