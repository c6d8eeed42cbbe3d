//! Where a record comes from: the source that owns it, and the uid of its object.
//!
//! Both are one integer, so that no thread can read the owner of one moment and the uid of another.

use std::num::NonZeroU32;

use crate::sync::{AtomicBool, AtomicU32, Ordering};

/// The number of a source. Numbers rise and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceId(NonZeroU32);

/// Hands out the numbers of the sources of one recorder.
#[derive(Debug)]
pub(crate) struct SourceIds(AtomicU32);

impl Default for SourceIds {
    fn default() -> Self {
        Self(AtomicU32::new(1))
    }
}

impl SourceIds {
    /// The next number. After four billion sources they all share the last one, and a record of
    /// one that has ended then stays until another source of its kind has read it.
    pub(crate) fn next(&self) -> SourceId {
        let next = |id: u32| id.checked_add(1);
        // Relaxed: the number orders nothing.
        let id = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        SourceId(NonZeroU32::new(id.unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MAX))
    }

    /// The highest number so far, if any.
    pub(crate) fn last(&self) -> Option<SourceId> {
        // Relaxed: the caller holds the lock under which numbers are handed out.
        let next = self.0.load(Ordering::Relaxed);
        NonZeroU32::new(next.saturating_sub(1)).map(SourceId)
    }
}

/// The part of a source that the store needs while a shard is locked.
#[derive(Debug)]
pub(crate) struct SourceState {
    id: SourceId,
    live: AtomicBool,
}

impl SourceState {
    pub(crate) fn new(id: SourceId) -> Self {
        Self {
            id,
            live: AtomicBool::new(true),
        }
    }

    pub(crate) fn id(&self) -> SourceId {
        self.id
    }

    /// Whether the source may still create, adopt and revive records.
    ///
    /// Read under the lock of the shard that is about to change.
    pub(crate) fn is_live(&self) -> bool {
        // Relaxed: the end of a source clears the flag and then takes the lock of each shard, so
        // whoever locks a shard after that sees it cleared.
        self.live.load(Ordering::Relaxed)
    }

    pub(crate) fn end(&self) {
        self.live.store(false, Ordering::Relaxed);
    }
}

/// The uid of an object as 32 bits of its hash, or unknown.
///
/// A collision, one in four billion recreations, shows the outcome of the deleted object until the
/// first attempt on its successor ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Uid(u32);

impl Uid {
    pub(crate) const UNKNOWN: Self = Self(0);

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low half of a hash is a hash"
    )]
    pub(crate) fn from_hash(hash: u64) -> Self {
        Self((hash as u32).max(1))
    }

    /// Whether both are known and differ.
    pub(crate) fn is_other(self, other: Self) -> bool {
        self != other && self != Self::UNKNOWN && other != Self::UNKNOWN
    }

    /// Whether both are known and equal.
    pub(crate) fn is_alike(self, other: Self) -> bool {
        self == other && self != Self::UNKNOWN
    }
}

/// The owner of a record and the uid of its object as the owner has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) owner: Option<SourceId>,
    pub(crate) uid: Uid,
}

impl Origin {
    pub(crate) fn new(owner: SourceId, uid: Uid) -> Self {
        Self {
            owner: Some(owner),
            uid,
        }
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        let [owner, uid] = [bits >> 32, bits & u64::from(u32::MAX)];
        // Both are below 2^32.
        let half = |bits| u32::try_from(bits).unwrap_or_default();
        Self {
            owner: NonZeroU32::new(half(owner)).map(SourceId),
            uid: Uid(half(uid)),
        }
    }

    pub(crate) fn bits(self) -> u64 {
        let owner = self.owner.map_or(0, |SourceId(id)| id.get());
        (u64::from(owner) << 32) | u64::from(self.uid.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_survives_its_bits() {
        let ids = SourceIds::default();
        let origins = [
            Origin::default(),
            Origin::new(ids.next(), Uid::UNKNOWN),
            Origin::new(ids.next(), Uid::from_hash(u64::MAX)),
        ];
        for origin in origins {
            assert_eq!(Origin::from_bits(origin.bits()), origin);
        }
    }

    #[test]
    fn an_unknown_uid_is_neither_alike_nor_other() {
        let [a, b] = [Uid::from_hash(7), Uid::from_hash(8)];
        assert!(a.is_alike(a) && !a.is_other(a));
        assert!(a.is_other(b) && !a.is_alike(b));
        for (one, two) in [(a, Uid::UNKNOWN), (Uid::UNKNOWN, Uid::UNKNOWN)] {
            assert!(!one.is_alike(two) && !one.is_other(two));
        }
        assert_ne!(Uid::from_hash(1 << 32), Uid::UNKNOWN);
    }
}
