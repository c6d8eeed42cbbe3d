//! What a sync does to the record of an object that a source has; `membership.rs` has the rule.

use super::{Denied, Store};
use crate::object::Key;
use crate::origin::{Origin, SourceState, Uid};
use crate::series::{ObjectSeries, Round, Turn, View};
use crate::sync::Arc;

/// A sync's view of one object.
pub(crate) struct Sighting<'a> {
    pub(crate) key: Key<'a>,
    pub(crate) uid: Uid,
    /// `None` if the object could not be read.
    pub(crate) view: Option<&'a View>,
    /// Whether the object gets Ready even if it has no such condition.
    pub(crate) with_ready: bool,
    pub(crate) round: Round,
}

impl Store {
    /// A sync of `source` has found an object.
    ///
    /// Returns the record, and whether `source` owns it: not if a source before it has the object
    /// too.
    pub(crate) fn see(
        &self,
        source: &SourceState,
        seen: &Sighting<'_>,
    ) -> Result<(Arc<ObjectSeries>, bool), Denied> {
        let own = Origin::new(source.id(), seen.uid);
        let write = |record: &Arc<ObjectSeries>, turn| {
            record.adopt(own);
            record.read(turn, seen.view, seen.with_ready);
            record.see(seen.round);
            (Arc::clone(record), true)
        };
        let found = self.with_found(seen.key, |record| {
            let origin = record.origin();
            let is_owner = origin.owner == own.owner;
            if !source.is_live() {
                return Err(Denied::NotAdmitted);
            }
            if record.word().is_deleted() || (is_owner && origin.uid.is_other(own.uid)) {
                // A life changes.
                return Ok(None);
            }
            // Its own it writes again: a sync may read a source twice.
            if record.was_seen(seen.round) && !is_owner {
                return Ok(Some((Arc::clone(record), false)));
            }
            Ok(Some(write(record, Turn::Same)))
        });
        if let Some(found) = found.transpose()?.flatten() {
            return Ok(found);
        }
        self.with_entry(
            seen.key,
            self.now(),
            |_| source.is_live(),
            |record| write(record, take(record, own)),
        )
    }
}

/// Makes a source the owner of a record; returns what that does to the life of the object.
///
/// The caller holds the write lock of the shard and applies the turn in its next change.
pub(crate) fn take(record: &ObjectSeries, own: Origin) -> Turn {
    let origin = record.origin();
    let turn = if record.word().is_deleted() {
        if origin.uid.is_alike(own.uid) {
            Turn::Undeleted
        } else {
            Turn::NewLife
        }
    } else if origin.owner == own.owner && origin.uid.is_other(own.uid) {
        Turn::NewLife
    } else {
        Turn::Same
    };
    record.turn(turn);
    record.adopt(own);
    turn
}
