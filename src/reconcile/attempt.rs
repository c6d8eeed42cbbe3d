//! The guard that accounts for one attempt, whatever happens to it.
//!
//! Ends on its own handles, never by a look-up: an object deleted meanwhile must not come back.

use std::mem;
use std::thread;
use std::time::Duration;

use crate::catalog::Family;
use crate::controller::{Controller, Outcome, Seat};
use crate::inner::Inner;
use crate::object::Key;
use crate::series::ObjectSeries;
use crate::status::ConditionStatus;
use crate::sync::Arc;

/// One reconcile attempt, timed until it ends.
///
/// Ended by [`succeed`](Self::succeed), [`fail`](Self::fail) or [`finish`](Self::finish). Dropped
/// without one of these, it counts as panicked if the thread unwinds, otherwise as cancelled.
/// Recorded exactly once:
///
/// | end | duration | `result` | Ready | counted in |
/// |---|---|---|---|---|
/// | `succeed`, `finish` | yes | the outcome's | True, False for an error | `controller_runtime_reconcile_total` |
/// | `fail` | yes | `error` | False | also `controller_runtime_reconcile_errors_total` |
/// | panic | yes | `error` | False | also `controller_runtime_reconcile_panics_total` |
/// | cancel | no | none | as it was | `gotkmetrics_attempts_cancelled_total` |
///
/// Ready is left alone once it was set by
/// [`record_condition`](crate::RecordReconcile::record_condition). If the object was forgotten,
/// cleared or its grace ended meanwhile, only the controller's counters change. If it was deleted
/// and came back meanwhile, the duration still counts but Ready is left alone.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{Format, ObjectId, RecordReconcile as _, Recorder};
///
/// let recorder = Recorder::new();
/// let attempt = recorder.start(&ObjectId::new("Bucket", "charts").within("infra"));
/// match std::fs::metadata("/no/such/file") {
///     Ok(_) => attempt.succeed(),
///     Err(_) => attempt.fail(),
/// }
/// assert!(recorder.encode(Format::Text).contains(r#"status="False",type="Ready"} 1"#));
/// ```
#[must_use = "the attempt ends when this guard is dropped; `let _ =` drops it at once"]
#[derive(Debug)]
pub struct Attempt {
    /// None once it has ended.
    live: Option<Live>,
}

#[derive(Debug)]
struct Live {
    recorder: Arc<Inner>,
    /// None if the store refused the object.
    series: Option<Arc<ObjectSeries>>,
    /// With the attempt's place there; None if there are too many controllers.
    controller: Option<(Arc<Controller>, Seat)>,
    /// The object's epoch when the attempt started.
    epoch: u64,
    started: Duration,
    on_drop: OnDrop,
}

/// What it means that an attempt is dropped without an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnDrop {
    /// A panic if the thread unwinds, otherwise a cancel.
    AskTheThread,
    /// A cancel: something else watches for panics, or the thread was unwinding at the start
    /// already.
    Cancel,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Finished(Outcome),
    Panicked,
    Cancelled,
}

impl Attempt {
    pub(super) fn start(inner: &Arc<Inner>, key: Key<'_>) -> Self {
        Self::start_in(inner, inner.controllers.of_kind(key.kind), key)
    }

    /// An attempt of `controller`, None beyond the last one.
    pub(crate) fn start_in(
        inner: &Arc<Inner>,
        controller: Option<Arc<Controller>>,
        key: Key<'_>,
    ) -> Self {
        let conditions = inner.exposes(Family::ReconcileCondition);
        let found = if conditions || inner.exposes(Family::ReconcileDuration) {
            let revives = || inner.tracking.may_revive(key);
            inner.store.with_revived(key, revives, |series, revive| {
                series.touch(inner.store.round());
                series.change(|word| {
                    let word = if revive { word.alive() } else { word };
                    Some(if conditions {
                        word.with_attempt()
                    } else {
                        word
                    })
                });
                (Arc::clone(series), series.word().epoch())
            })
        } else {
            None
        };
        let (series, epoch) = found.unzip();
        // Last, so that the look-ups are not part of the attempt.
        let started = inner.store.now();
        let seat = controller.as_ref().map(|c| c.work.begin(started));
        let on_drop = if thread::panicking() {
            OnDrop::Cancel
        } else {
            OnDrop::AskTheThread
        };
        Self {
            live: Some(Live {
                series,
                controller: controller.zip(seat),
                epoch: epoch.unwrap_or_default(),
                started,
                recorder: Arc::clone(inner),
                on_drop,
            }),
        }
    }

    /// An attempt that records nothing, for implementors of
    /// [`RecordReconcile`](crate::RecordReconcile).
    pub const fn none() -> Self {
        Self { live: None }
    }

    /// The attempt succeeded: [`Outcome::Success`].
    pub fn succeed(self) {
        self.finish(Outcome::Success);
    }

    /// The attempt failed: [`Outcome::Error`].
    pub fn fail(self) {
        self.finish(Outcome::Error);
    }

    /// The attempt failed with an error of this category; see
    /// [`ErrorCategory`](crate::ErrorCategory).
    pub fn fail_as(self, category: &'static str) {
        if let Some(live) = &self.live
            && let Some((controller, _)) = &live.controller
        {
            controller.failed_as(category);
        }
        self.fail();
    }

    /// The attempt ended with `outcome`.
    pub fn finish(mut self, outcome: Outcome) {
        self.end(End::Finished(outcome));
    }

    /// The attempt ended by a panic that whoever calls this saw.
    pub(super) fn panicked(&mut self) {
        self.end(End::Panicked);
    }

    /// From here on a drop means a cancel, even while the thread unwinds for another reason.
    pub(super) fn cancel_on_drop(&mut self) {
        if let Some(live) = &mut self.live {
            live.on_drop = OnDrop::Cancel;
        }
    }

    fn end(&mut self, end: End) {
        if let Some(live) = mem::take(&mut self.live) {
            live.end(end);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(live) = &self.live {
            let asks = live.on_drop == OnDrop::AskTheThread;
            let panicked = asks && thread::panicking();
            self.end(if panicked {
                End::Panicked
            } else {
                End::Cancelled
            });
        }
    }
}

impl Live {
    fn end(&self, end: End) {
        let now = match end {
            End::Finished(_) | End::Panicked => self.recorder.store.now(),
            // Has no duration.
            End::Cancelled => self.started,
        };
        let took = now.saturating_sub(self.started);
        if let Some((controller, seat)) = &self.controller {
            controller.work.end(*seat);
            match end {
                End::Finished(outcome) => controller.finished(outcome),
                End::Panicked => controller.panicked(),
                End::Cancelled => return controller.cancelled(),
            }
            controller.work.observe(took);
        }
        match end {
            End::Finished(outcome) => self.record(now, took, outcome.ready()),
            End::Panicked => self.record(now, took, ConditionStatus::False),
            End::Cancelled => {}
        }
    }

    fn record(&self, now: Duration, took: Duration, ready: ConditionStatus) {
        let Some(series) = &self.series else { return };
        if self.recorder.store.has_let_go(series, now) {
            return;
        }
        if self.recorder.exposes(Family::ReconcileDuration) {
            series.observe(&self.recorder.bounds, took.as_secs_f64());
        }
        if self.recorder.exposes(Family::ReconcileCondition) {
            series.finish(self.epoch, ready);
        }
    }
}
