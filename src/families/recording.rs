//! What recordings do to the record of an object.
//!
//! A single one is a look-up and one of the functions at the end; several of one object share the
//! look-up.

use std::time::Duration;

use crate::attempt::Attempt;
use crate::catalog::Family;
use crate::inner::Inner;
use crate::membership::{Call, Life};
use crate::series::ObjectSeries;
use crate::status::{Slot, Word};
use crate::store::Found;
use crate::{ConditionStatus, ConditionType, ToObjectId};

/// One thing to record of an object, for [`record_all`](crate::Recorder::record_all).
///
/// # Examples
///
/// ```
/// use gotk_metrics::{Format, ObjectId, Recorder, Recording};
///
/// let recorder = Recorder::new();
/// let apps = ObjectId::new("Kustomization", "apps").within("flux-system");
/// recorder.record_all(&apps, &[Recording::Suspend(true)]);
/// assert!(recorder.encode(Format::Text).contains("gotk_suspend_status{"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Recording<'a> {
    /// As [`record_condition`](crate::RecordReconcile::record_condition).
    Condition(&'a ConditionType, ConditionStatus),
    /// As [`record_suspend`](crate::RecordReconcile::record_suspend).
    Suspend(bool),
    /// As [`record_duration`](crate::RecordReconcile::record_duration).
    Duration(Duration),
}

impl Inner {
    pub(crate) fn record_all<I>(&self, id: &I, recordings: &[Recording<'_>])
    where
        I: ToObjectId + ?Sized,
    {
        let id = id.to_object_id();
        if !Attempt::is_current(self, id.key()) {
            let found = self.store.with_alive(id.key(), |series| {
                for recording in recordings {
                    self.write(series, *recording);
                }
            });
            if matches!(found, Found::Alive(())) {
                return;
            }
        }
        // New or deleted: what brings it here, or back, is for each of them to say.
        for recording in recordings {
            match *recording {
                Recording::Condition(condition, status) => {
                    self.set_condition(&id, condition, status);
                }
                Recording::Suspend(suspended) => self.set_suspended(&id, suspended),
                Recording::Duration(duration) => self.observe(&id, duration),
            }
        }
    }

    /// Writes to the record of an object that is not deleted.
    fn write(&self, series: &ObjectSeries, recording: Recording<'_>) {
        match recording {
            Recording::Condition(condition, status) => {
                if let Some(slot) = self.slot(condition) {
                    series.change(|word| Some(word.with_recorded_condition(slot, status)));
                }
            }
            Recording::Suspend(suspended) => {
                series.change(|word| Some(word.with_recorded_suspension(suspended)));
            }
            Recording::Duration(duration) if self.exposes(Family::ReconcileDuration) => {
                series.observe(&self.bounds, duration.as_secs_f64());
            }
            Recording::Duration(_) => {}
        }
    }

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
