//! The whole state of one object in one integer.
//!
//! One integer, so that a scrape that loads it once can never see two states of one condition, and
//! a record never waits for a scrape.
//!
//! ```text
//! bits  0..30   fifteen condition types, two bits each (0 none, 1 False, 2 True, 3 Unknown)
//! bits 30..36   Ready, two bits for each source: tracked, explicit, outcome of the last attempt
//! bits 36..38   suspended (0 no series, 1 false, 2 true)
//! bit  38       deleted: every condition shows as Deleted, whatever its bits say
//! bit  39       gone: the record has left the store; nothing changes any more
//! bits 40..56   the conditions after Ready, then suspension, that a tracked store has a word on
//! bits 56..64   epoch: the number of the object's life in this record; wraps around
//! ```

use super::{ConditionStatus, Fields, Slot};

/// Ready as a tracked store has it.
pub(super) const READY: u32 = 30;
const EXPLICIT: u32 = READY + 2;
const OUTCOME: u32 = READY + 4;
pub(super) const SUSPENDED: u32 = 36;
const DELETED: u64 = 1 << 38;
const GONE: u64 = 1 << 39;
const DECIDED: u32 = 40;
const EPOCH: u32 = 56;
/// The two-bit fields that hold a condition: all below `SUSPENDED`.
const CONDITIONS: u64 = (1 << SUSPENDED) - 1;
/// The low bit of each of those fields.
const LOW_BITS: u64 = CONDITIONS / 3;

/// What a condition's series show, in the order of the exposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Deleted,
    False,
    True,
    Unknown,
}

impl State {
    pub(crate) const ALL: [Self; 4] = [Self::Deleted, Self::False, Self::True, Self::Unknown];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "Deleted",
            Self::False => "False",
            Self::True => "True",
            Self::Unknown => "Unknown",
        }
    }
}

/// A value of the state word; see the top of this file for its bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word(u64);

impl Word {
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// What the series of a condition show; `None` if the object does not have it.
    pub(crate) const fn condition(self, slot: Slot) -> Option<State> {
        let field = if slot.index() == 0 {
            self.ready_field()
        } else {
            self.field(2 * (slot.index() - 1))
        };
        match field {
            0 => None,
            _ if self.is_deleted() => Some(State::Deleted),
            1 => Some(State::False),
            2 => Some(State::True),
            _ => Some(State::Unknown),
        }
    }

    /// The first source that says anything: tracked, explicit, outcome.
    const fn ready_field(self) -> u64 {
        let tracked = self.field(READY);
        let explicit = self.field(EXPLICIT);
        if tracked != 0 {
            tracked
        } else if explicit != 0 {
            explicit
        } else {
            self.field(OUTCOME)
        }
    }

    pub(crate) const fn has_conditions(self) -> bool {
        self.0 & CONDITIONS != 0
    }

    pub(crate) const fn suspended(self) -> Option<bool> {
        match self.field(SUSPENDED) {
            0 => None,
            field => Some(field == 2),
        }
    }

    pub(crate) const fn is_deleted(self) -> bool {
        self.0 & DELETED != 0
    }

    pub(crate) const fn is_gone(self) -> bool {
        self.0 & GONE != 0
    }

    /// What a tracked store has a word on, Ready apart.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is cut off is the epoch"
    )]
    pub(crate) const fn decided(self) -> Fields {
        Fields::from_bits((self.0 >> DECIDED) as u16)
    }

    pub(super) const fn with_decided(self, fields: Fields) -> Self {
        let others = self.0 & !((u16::MAX as u64) << DECIDED);
        Self(others | ((fields.bits() as u64) << DECIDED))
    }

    pub(crate) const fn epoch(self) -> u64 {
        self.0 >> EPOCH
    }

    /// A condition as a caller states it; for Ready, attempts no longer decide from then on.
    pub(crate) const fn with_condition(self, slot: Slot, status: ConditionStatus) -> Self {
        let shift = match slot.index() {
            0 => EXPLICIT,
            index => 2 * (index - 1),
        };
        self.with_field(shift, status_field(status))
    }

    /// A condition that a call has recorded, unless the object's source has a value for it: an old
    /// object in the hands of a reconcile would bring the old value back.
    pub(crate) fn with_recorded_condition(self, slot: Slot, status: ConditionStatus) -> Self {
        if self.decided().has_condition(slot) && !self.is_deleted() {
            self
        } else {
            self.with_condition(slot, status)
        }
    }

    /// A suspension that a call has recorded, as for a condition.
    pub(crate) const fn with_recorded_suspension(self, suspended: bool) -> Self {
        if self.decided().has_suspended() && !self.is_deleted() {
            self
        } else {
            self.with_suspended(suspended)
        }
    }

    /// Ready as the end of an attempt has it.
    pub(crate) const fn with_outcome(self, status: ConditionStatus) -> Self {
        self.with_field(OUTCOME, status_field(status))
    }

    /// Ready exists from the start of the first attempt on the object, or from the first reading of
    /// a kind that has Ready or attempts.
    pub(crate) const fn with_attempt(self) -> Self {
        match self.field(OUTCOME) {
            0 => self.with_outcome(ConditionStatus::Unknown),
            _ => self,
        }
    }

    pub(crate) const fn with_suspended(self, suspended: bool) -> Self {
        self.with_field(SUSPENDED, suspended_field(suspended))
    }

    pub(crate) const fn deleted(self) -> Self {
        Self(self.0 | DELETED)
    }

    pub(crate) const fn gone(self) -> Self {
        Self(self.0 | GONE)
    }

    /// Without the deleted bit.
    pub(crate) const fn undeleted(self) -> Self {
        Self(self.0 & !DELETED)
    }

    /// Whether this is a state of the life with this epoch, of an object that is there.
    pub(crate) const fn is_life(self, epoch: u64) -> bool {
        !self.is_deleted() && !self.is_gone() && self.epoch() == epoch
    }

    /// The first state of the next life: each condition that exists is Unknown, and the epoch is
    /// another one. Ready follows the attempts again: an explicit one would stay Unknown forever.
    pub(crate) const fn new_life(self) -> Self {
        let epoch = self.epoch().wrapping_add(1) << EPOCH;
        let suspended = self.field(SUSPENDED) << SUSPENDED;
        let others = (1 << READY) - 1;
        let existing = (self.0 | (self.0 >> 1)) & LOW_BITS & others;
        // Times three sets both bits of a field, which is Unknown.
        let word = Self(epoch | suspended | (existing * 3)).with_decided(self.decided());
        if self.ready_field() == 0 {
            word
        } else {
            word.with_outcome(ConditionStatus::Unknown)
        }
    }

    const fn field(self, shift: u32) -> u64 {
        (self.0 >> shift) & 3
    }

    const fn with_field(self, shift: u32, value: u64) -> Self {
        Self((self.0 & !(3 << shift)) | (value << shift))
    }
}

pub(super) const fn suspended_field(suspended: bool) -> u64 {
    if suspended { 2 } else { 1 }
}

pub(super) const fn status_field(status: ConditionStatus) -> u64 {
    match status {
        ConditionStatus::False => 1,
        ConditionStatus::True => 2,
        ConditionStatus::Unknown => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::super::ConditionTypes;
    use super::*;
    use crate::ConditionType;

    #[test]
    fn explicit_ready_wins_over_the_outcome() {
        let word = Word::default().with_outcome(ConditionStatus::True);
        assert_eq!(word.condition(Slot::READY), Some(State::True));
        let word = word.with_condition(Slot::READY, ConditionStatus::False);
        let word = word.with_outcome(ConditionStatus::True);
        assert_eq!(word.condition(Slot::READY), Some(State::False));
    }

    #[test]
    fn sixteen_types_do_not_touch_each_other() {
        let types = ConditionTypes::new();
        let mut slots = vec![Slot::READY];
        slots.extend(["Reconciling", "Stalled"].map(|name| slot(&types, name)));
        slots.extend((0..13).map(|n| slot(&types, &format!("Type{n}"))));
        assert_eq!(types.slot(&ConditionType::from_static("one more")), None);

        let mut word = Word::default().with_suspended(true);
        let statuses = [
            ConditionStatus::True,
            ConditionStatus::False,
            ConditionStatus::Unknown,
        ];
        for (slot, status) in slots.iter().zip(statuses.iter().cycle()) {
            word = word.with_condition(*slot, *status);
        }
        for (slot, status) in slots.iter().zip(statuses.iter().cycle()) {
            let shown = word.condition(*slot).map(State::as_str);
            assert_eq!(shown, Some(status.as_str()));
            assert_eq!(word.deleted().condition(*slot), Some(State::Deleted));
            let revived = word.deleted().new_life();
            assert_eq!(revived.condition(*slot), Some(State::Unknown));
        }
        assert_eq!(word.suspended(), Some(true));
        assert_eq!(word.deleted().new_life().suspended(), Some(true));
    }

    #[test]
    fn a_new_life_invents_no_condition_and_survives_the_last_epoch() {
        let last = Word::from_bits(u64::MAX << EPOCH);
        let next = last.deleted().new_life();
        assert_eq!(next, Word::default());
        assert!(!next.has_conditions());
    }

    #[test]
    fn ready_follows_the_attempts_of_a_new_life() {
        let word = Word::default().with_condition(Slot::READY, ConditionStatus::False);
        let next = word.new_life();
        assert_eq!(next.condition(Slot::READY), Some(State::Unknown));
        let next = next.with_outcome(ConditionStatus::True);
        assert_eq!(next.condition(Slot::READY), Some(State::True));
    }

    fn slot(types: &ConditionTypes, name: &str) -> Slot {
        types.slot(&ConditionType::new(name.to_owned())).unwrap()
    }
}
