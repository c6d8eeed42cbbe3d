//! The guard that accounts for one attempt, whatever happens to it.
//!
//! Ends on its own handles, never by a look-up: an object deleted meanwhile must not come back.

mod current;

use std::mem;
use std::thread;
use std::time::Duration;

pub(crate) use self::current::enter;
use crate::ConditionType;
use crate::catalog::Family;
use crate::controller::{Controller, Outcome, Seat};
use crate::inner::Inner;
use crate::membership::Life;
use crate::object::{Key, ObjectId};
use crate::origin::{SourceState, Uid};
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
/// Ready does not change if [`record_condition`](crate::RecordReconcile::record_condition) has set
/// it. If the record was removed meanwhile (by `forget`, by `clear`, at the end of the grace period,
/// or because its store is no longer tracked), only the controller's counters change. If the object
/// was deleted meanwhile, even if it came back, the duration counts and Ready does not change.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{Format, ObjectId, Recorder};
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
    target: Target,
    /// Whether `instrument` or `run_recorded` has started it.
    is_wrapped: bool,
    /// With the attempt's place there; None if there are too many controllers.
    controller: Option<(Arc<Controller>, Seat)>,
    started: Duration,
    on_drop: OnDrop,
}

/// Where an attempt writes.
#[derive(Debug)]
enum Target {
    Life(Life),
    /// Nowhere: the cap has refused the object, or the attempt's source has ended. Calls inside the
    /// attempt know it by this.
    Nothing(ObjectId<'static>),
}

/// Who starts an attempt.
pub(crate) enum Starter<'a> {
    /// A call of the user.
    Call,
    /// A wrapped reconcile function that is not linked to a source.
    #[cfg(feature = "kube-any")]
    Wrapper,
    /// A wrapped reconcile function of this source, with the uid of the object.
    #[cfg_attr(
        not(any(feature = "kube-any", all(test, gotk_loom))),
        expect(dead_code, reason = "stores are those of kube")
    )]
    Source(&'a SourceState, Uid),
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
    pub(crate) fn start(inner: &Arc<Inner>, key: Key<'_>) -> Self {
        Self::start_in(
            inner,
            inner.controllers.of_kind(key.kind),
            key,
            &Starter::Call,
        )
    }

    /// An attempt of `controller`, None beyond the last one.
    pub(crate) fn start_in(
        inner: &Arc<Inner>,
        controller: Option<Arc<Controller>>,
        key: Key<'_>,
        by: &Starter<'_>,
    ) -> Self {
        let is_wrapped = !matches!(by, Starter::Call);
        let outer = Self::current(|outer| {
            let is_inside = outer.is_on(inner, key);
            is_inside.then(|| {
                if (is_wrapped || outer.is_wrapped())
                    && let Some(controller) = &controller
                {
                    controller.overlapping.inc();
                }
                outer.life().map(|life| life.begin(inner.store.round()))
            })
        });
        let life = match (by, outer.flatten()) {
            (Starter::Source(source, uid), _) => inner.start_of_source(key, source, *uid),
            (_, Some(life)) => life,
            (_, None) => inner.start_of_call(key),
        };
        let target = life.map_or_else(|| Target::Nothing(key.to_owned()), Target::Life);
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
                target,
                is_wrapped,
                controller: controller.zip(seat),
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

    /// Sets a condition of the attempt's object, without a look-up; see
    /// [`record_condition`](crate::RecordReconcile::record_condition).
    ///
    /// Does nothing if the object was deleted meanwhile, even if it came back.
    pub fn set_condition(&self, condition: &ConditionType, status: ConditionStatus) {
        if let Some(live) = &self.live
            && let Some(slot) = live.recorder.slot(condition)
            && let Target::Life(life) = &live.target
        {
            life.change(|word| Some(word.with_recorded_condition(slot, status)));
        }
    }

    /// Sets whether the attempt's object is suspended, without a look-up; see
    /// [`record_suspend`](crate::RecordReconcile::record_suspend).
    ///
    /// Does nothing if the object was deleted meanwhile, even if it came back.
    pub fn set_suspended(&self, suspended: bool) {
        if let Some(life) = self.life() {
            life.change(|word| Some(word.with_recorded_suspension(suspended)));
        }
    }

    /// Whether this is an attempt on `key` of this recorder.
    pub(crate) fn is_on(&self, recorder: &Inner, key: Key<'_>) -> bool {
        self.live.as_ref().is_some_and(|live| {
            std::ptr::eq(Arc::as_ptr(&live.recorder), recorder)
                && match &live.target {
                    Target::Life(life) => life.record().is_of(key),
                    Target::Nothing(id) => id.key() == key,
                }
        })
    }

    /// Where it writes, if anywhere.
    pub(crate) fn life(&self) -> Option<&Life> {
        match &self.live.as_ref()?.target {
            Target::Life(life) => Some(life),
            Target::Nothing(_) => None,
        }
    }

    fn is_wrapped(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.is_wrapped)
    }

    /// Leaves an attempt that records nothing in its place.
    pub(crate) fn take(&mut self) -> Self {
        mem::replace(self, Self::none())
    }

    /// The attempt ended with `outcome`.
    pub fn finish(mut self, outcome: Outcome) {
        self.end(End::Finished(outcome));
    }

    /// The attempt ended by a panic that whoever calls this saw.
    pub(crate) fn panicked(&mut self) {
        self.end(End::Panicked);
    }

    /// From here on a drop means a cancel, even while the thread unwinds for another reason.
    pub(crate) fn cancel_on_drop(&mut self) {
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
                End::Cancelled => return controller.cancelled.inc(),
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
        let Target::Life(life) = &self.target else {
            return;
        };
        if self.recorder.store.is_lost(life.record(), now) {
            return;
        }
        if self.recorder.exposes(Family::ReconcileDuration) {
            let seconds = took.as_secs_f64();
            life.record().observe(&self.recorder.bounds, seconds);
        }
        life.change(|word| Some(word.with_outcome(ready)));
    }
}
