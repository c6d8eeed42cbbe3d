//! What a recording does to the record of an object.
//!
//! Inside an attempt on the object it writes to the attempt's life, without a look-up.

use std::time::Duration;

use crate::attempt::Attempt;
use crate::catalog::Family;
use crate::inner::Inner;
use crate::membership::{Call, Life};
use crate::series::ObjectSeries;
use crate::status::{Slot, Word};
use crate::{ConditionStatus, ConditionType, ToObjectId};

impl Inner {
    /// `None` if the recorder has no place for the type, which counts.
    pub(crate) fn slot(&self, condition: &ConditionType) -> Option<Slot> {
        let slot = self.types.slot(condition);
        if slot.is_none() {
            self.count_refused_type();
        }
        slot
    }

    pub(crate) fn set_condition<I>(
        &self,
        id: &I,
        condition: &ConditionType,
        status: ConditionStatus,
    ) where
        I: ToObjectId + ?Sized,
    {
        let Some(slot) = self.slot(condition) else {
            return;
        };
        let id = id.to_object_id();
        let set = |word: Word| Some(word.with_recorded_condition(slot, status));
        if Attempt::inside(self, id.key(), |life| life.change(set)) {
            return;
        }
        let call = Call {
            key: id.key(),
            revives: true,
            creates: self.exposes(Family::ReconcileCondition),
        };
        self.call(call, |series, turn| {
            series.change(|word| set(turn.apply(word)));
        });
    }

    pub(crate) fn set_suspended<I: ToObjectId + ?Sized>(&self, id: &I, suspended: bool) {
        let id = id.to_object_id();
        let set = |word: Word| Some(word.with_recorded_suspension(suspended));
        if Attempt::inside(self, id.key(), |life| life.change(set)) {
            return;
        }
        let call = Call {
            key: id.key(),
            revives: false,
            creates: self.exposes(Family::SuspendStatus),
        };
        self.call(call, |series, _| series.change(set));
    }

    pub(crate) fn observe<I: ToObjectId + ?Sized>(&self, id: &I, duration: Duration) {
        if !self.exposes(Family::ReconcileDuration) {
            return;
        }
        let id = id.to_object_id();
        let observe = |series: &ObjectSeries| {
            series.observe(&self.bounds, duration.as_secs_f64());
        };
        let of_attempt = |life: &Life| {
            if life.is_current() {
                observe(life.record());
            }
        };
        if Attempt::inside(self, id.key(), of_attempt) {
            return;
        }
        let call = Call {
            key: id.key(),
            revives: false,
            creates: true,
        };
        self.call(call, |series, _| observe(series));
    }
}
