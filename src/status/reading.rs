//! What a tracked store says of one object, as fields of the state word.
//!
//! A store decides Ready in a field of its own. It shares the others with explicit calls, so the
//! word remembers which of them it has a word on: only those are taken back when it has none any
//! more, and no call overrules them.

use super::word::{self, Word};
use super::{ConditionStatus, Slot};

/// The state of an object as a store has it at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading(u64);

/// Some of the fields that stores share with explicit calls: a bit for each condition type after
/// Ready, then one for suspension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(u16);

/// How many condition types have a bit in [`Fields`].
const TYPES: usize = Slot::COUNT - 1;

impl Reading {
    pub(crate) const fn with_condition(self, slot: Slot, status: ConditionStatus) -> Self {
        let shift = match slot.index() {
            0 => word::READY,
            index => 2 * (index - 1),
        };
        Self((self.0 & !(3 << shift)) | (word::status_field(status) << shift))
    }

    /// What it says about Ready.
    pub(crate) const fn ready(self) -> Option<ConditionStatus> {
        match (self.0 >> word::READY) & 3 {
            0 => None,
            1 => Some(ConditionStatus::False),
            2 => Some(ConditionStatus::True),
            _ => Some(ConditionStatus::Unknown),
        }
    }

    pub(crate) const fn suspended(self) -> Option<bool> {
        match (self.0 >> word::SUSPENDED) & 3 {
            0 => None,
            field => Some(field == 2),
        }
    }

    pub(crate) const fn with_suspended(self, suspended: bool) -> Self {
        Self(self.0 | (word::suspended_field(suspended) << word::SUSPENDED))
    }

    /// The fields it has a word on, Ready apart.
    pub(crate) fn fields(self) -> Fields {
        let all = (0..TYPES).map(|field| 2 * field);
        let all = all.chain([word::SUSPENDED as usize]);
        let bits = all
            .enumerate()
            .filter(|(_, shift)| (self.0 >> shift) & 3 != 0);
        Fields(bits.fold(0, |fields, (bit, _)| fields | (1 << bit)))
    }
}

impl Fields {
    /// Ready has a field of its own for each who says something.
    pub(crate) fn has_condition(self, slot: Slot) -> bool {
        let bit = slot.index().checked_sub(1);
        bit.is_some_and(|bit| (self.0 >> bit) & 1 != 0)
    }

    pub(crate) const fn has_suspended(self) -> bool {
        (self.0 >> TYPES) != 0
    }

    pub(crate) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    /// Both bits of each field in the word.
    fn mask(self) -> u64 {
        let types = (0..TYPES).filter(|bit| (self.0 >> bit) & 1 != 0);
        let types = types.fold(0, |mask, bit| mask | (3 << (2 * bit)));
        let suspended = u64::from(self.0 >> TYPES) & 1;
        types | ((suspended * 3) << word::SUSPENDED)
    }
}

impl Word {
    /// The word of an object that its owner has read.
    pub(crate) fn with_reading(self, reading: Reading) -> Self {
        let now = reading.fields();
        let written = (3 << word::READY) | self.decided().mask() | now.mask();
        let word = Self::from_bits((self.bits() & !written) | reading.0);
        word.with_decided(now)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ConditionTypes, State};
    use super::*;
    use crate::ConditionType;
    use ConditionStatus::{False, True};

    fn stalled() -> Slot {
        ConditionTypes::new().slot(&ConditionType::STALLED).unwrap()
    }

    #[test]
    fn a_store_goes_before_calls_and_attempts_for_ready() {
        let word = Word::default().with_condition(Slot::READY, False);
        let ready = Reading::default().with_condition(Slot::READY, True);
        let word = word.with_reading(ready);
        assert_eq!(word.condition(Slot::READY), Some(State::True));
        let word = word.with_outcome(False);
        assert_eq!(word.condition(Slot::READY), Some(State::True));
        // Without such a condition, it is as it was said before.
        let word = word.with_reading(Reading::default());
        assert_eq!(word.condition(Slot::READY), Some(State::False));
    }

    #[test]
    fn a_reading_without_conditions_creates_none() {
        let word = Word::default().with_reading(Reading::default());
        assert_eq!(word.condition(Slot::READY), None);
        assert_eq!(word.suspended(), None);
        assert_eq!(word.condition(stalled()), None);
    }

    #[test]
    fn what_a_store_no_longer_says_is_taken_back() {
        let reading = Reading::default()
            .with_condition(stalled(), True)
            .with_suspended(true);
        let word = Word::default().with_reading(reading);
        assert_eq!(word.condition(stalled()), Some(State::True));
        assert_eq!(word.suspended(), Some(true));
        let word = word.with_reading(Reading::default());
        assert_eq!(word.condition(stalled()), None);
        assert_eq!(word.suspended(), None);
    }

    #[test]
    fn what_a_store_never_said_stays() {
        let word = Word::default()
            .with_condition(stalled(), True)
            .with_suspended(false);
        let word = word.with_reading(Reading::default());
        assert_eq!(word.condition(stalled()), Some(State::True));
        assert_eq!(word.suspended(), Some(false));
    }

    #[test]
    fn every_field_is_its_own() {
        let types = ConditionTypes::new();
        let mut slots = vec![
            Slot::READY,
            slot(&types, "Reconciling"),
            slot(&types, "Stalled"),
        ];
        slots.extend((0..13).map(|n| slot(&types, &format!("Type{n}"))));
        for of_one in &slots {
            let reading = Reading::default().with_condition(*of_one, False);
            let word = Word::default()
                .with_decided(Fields::from_bits(u16::MAX))
                .with_reading(reading);
            for other in &slots {
                let shown = word.condition(*other);
                if other == of_one {
                    assert_eq!(shown, Some(State::False));
                } else {
                    assert_eq!(shown, None);
                }
            }
            assert_eq!(word.suspended(), None);
            assert_eq!(
                reading.fields().bits().count_ones(),
                u32::from(*of_one != Slot::READY)
            );
        }
    }

    fn slot(types: &ConditionTypes, name: &str) -> Slot {
        types.slot(&ConditionType::new(name.to_owned())).unwrap()
    }
}
