//! What recordings do to the record of an object.
//!
//! A single one is a look-up and one of the functions at the end; several of one object share the
//! look-up.

use std::time::Duration;

use crate::catalog::Family;
use crate::inner::Inner;
use crate::series::ObjectSeries;
use crate::status::Slot;
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
        let is_done = self.store.with_known(id.key(), |series| {
            for recording in recordings {
                self.write(series, *recording);
            }
        });
        if is_done {
            return;
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
                    write_condition(series, slot, status, false);
                }
            }
            Recording::Suspend(suspended) if self.exposes(Family::SuspendStatus) => {
                write_suspended(series, suspended);
            }
            Recording::Duration(duration) if self.exposes(Family::ReconcileDuration) => {
                series.observe(&self.bounds, duration.as_secs_f64());
            }
            Recording::Suspend(_) | Recording::Duration(_) => {}
        }
    }

    /// `None` if nothing is to be recorded: it is one too many, which counts, or not exposed.
    fn slot(&self, condition: &ConditionType) -> Option<Slot> {
        if !self.exposes(Family::ReconcileCondition) {
            return None;
        }
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
        let key = id.key();
        let revives = || self.tracking.may_revive(key);
        self.store.with_revived(key, revives, |series, revive| {
            if revive {
                series.touch(self.store.round());
            }
            write_condition(series, slot, status, revive);
        });
    }

    pub(crate) fn set_suspended<I: ToObjectId + ?Sized>(&self, id: &I, suspended: bool) {
        if !self.exposes(Family::SuspendStatus) {
            return;
        }
        let id = id.to_object_id();
        self.store
            .with(id.key(), |series| write_suspended(series, suspended));
    }

    pub(crate) fn observe<I: ToObjectId + ?Sized>(&self, id: &I, duration: Duration) {
        if !self.exposes(Family::ReconcileDuration) {
            return;
        }
        let id = id.to_object_id();
        self.store.with(id.key(), |series| {
            series.observe(&self.bounds, duration.as_secs_f64());
        });
    }
}

fn write_condition(series: &ObjectSeries, slot: Slot, status: ConditionStatus, revive: bool) {
    series.change(|word| {
        let word = if revive { word.alive() } else { word };
        // What a tracked store says is not overruled while the object lives.
        let decided = word.decided().has_condition(slot) && !word.is_deleted();
        Some(if decided {
            word
        } else {
            word.with_condition(slot, status)
        })
    });
}

fn write_suspended(series: &ObjectSeries, suspended: bool) {
    series.change(|word| {
        let decided = word.decided().has_suspended() && !word.is_deleted();
        (!decided).then(|| word.with_suspended(suspended))
    });
}
