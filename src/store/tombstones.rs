//! Deleted records in the order of their deletion, waiting for the end of the grace.
//!
//! An entry is a hint, judged again by the store: its object may have been revived meanwhile.

use std::collections::VecDeque;
use std::time::Duration;

use crate::series::ObjectSeries;
use crate::sync::Arc;

#[derive(Debug, Default)]
pub(crate) struct Tombstones {
    queue: VecDeque<Tombstone>,
}

#[derive(Debug)]
struct Tombstone {
    deleted_at: Duration,
    /// Of the deletion: a revival changes it, so that a later deletion is another one.
    epoch: u64,
    series: Arc<ObjectSeries>,
}

impl Tombstone {
    fn still_stands(&self) -> bool {
        let word = self.series.word();
        word.is_deleted() && !word.is_gone() && word.epoch() == self.epoch
    }
}

impl Tombstones {
    /// Adds a record that was just deleted; `objects` is how many the store holds.
    pub(crate) fn push(&mut self, series: Arc<ObjectSeries>, objects: usize) {
        // Objects that die and revive without a scrape between leave entries behind. At twice the
        // number of objects at least half are such: dropping them costs nothing in the long run.
        if self.queue.len() > 2 * objects.max(32) {
            self.queue.retain(Tombstone::still_stands);
        }
        self.queue.push_back(Tombstone {
            deleted_at: series.deleted_at(),
            epoch: series.word().epoch(),
            series,
        });
    }

    /// Takes out the oldest record that is deleted still, if that happened at least `grace` before
    /// `now`.
    pub(crate) fn pop_due(&mut self, now: Duration, grace: Duration) -> Option<Arc<ObjectSeries>> {
        // Those passed over were each paid for by a deletion.
        while let Some(oldest) = self.queue.front()
            && now.saturating_sub(oldest.deleted_at) >= grace
        {
            if let Some(oldest) = self.queue.pop_front()
                && oldest.still_stands()
            {
                return Some(oldest.series);
            }
        }
        if self.queue.is_empty() {
            // Gives the memory of a mass deletion back.
            self.queue = VecDeque::new();
        }
        None
    }

    /// Drops the entries of records that are no longer deleted, or no longer in the store.
    pub(crate) fn retain_standing(&mut self) {
        self.queue.retain(Tombstone::still_stands);
        self.queue.shrink_to_fit();
    }
}
