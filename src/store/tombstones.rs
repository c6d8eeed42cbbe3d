//! Deleted records in the order of their deletion, waiting for the end of the grace.
//!
//! A record has an entry exactly while it is in the store and deleted: who revives or removes it,
//! under the lock of its shard, takes the entry out. So there is nothing to tidy up later, which
//! somebody would have to wait for.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::series::ObjectSeries;
use crate::sync::Arc;

#[derive(Default)]
pub(super) struct Tombstones(BTreeMap<Place, Arc<ObjectSeries>>);

/// When it was deleted, and its address: many may be deleted in one moment.
type Place = (Duration, usize);

fn place(series: &Arc<ObjectSeries>) -> Place {
    (series.deleted_at(), Arc::as_ptr(series).addr())
}

impl Tombstones {
    /// Adds a record that was just deleted.
    pub(super) fn insert(&mut self, series: &Arc<ObjectSeries>) {
        self.0.insert(place(series), Arc::clone(series));
    }

    /// Takes out a record that is deleted no longer or leaves the store.
    pub(super) fn remove(&mut self, series: &Arc<ObjectSeries>) {
        self.0.remove(&place(series));
    }

    /// Takes out the oldest record, if it was deleted at least `grace` before `now`.
    pub(super) fn pop_due(&mut self, now: Duration, grace: Duration) -> Option<Arc<ObjectSeries>> {
        let oldest = self.0.first_entry()?;
        let (deleted_at, _) = *oldest.key();
        (now.saturating_sub(deleted_at) >= grace).then(|| oldest.remove())
    }
}
