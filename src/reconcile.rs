//! The trait that a controller calls around its reconcile loop.
//!
//! Nothing here returns an error or changes what reconcile returns.

mod recorded;

use std::future::Future;
use std::time::Duration;

pub use self::recorded::Recorded;

use crate::attempt::Attempt;
use crate::controller::Outcome;
use crate::recorder::Recorder;
use crate::sync::Arc;
use crate::{ConditionStatus, ConditionType, ToObjectId};

/// What a successful reconcile returns, and which [`Outcome`] that is.
///
/// Implemented for `()`, which is [`Outcome::Success`], for [`Outcome`] itself, and under feature
/// `kube` for `Action`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gotk_metrics::{Completion, Outcome};
///
/// enum Next { Wait, Poll(Duration) }
///
/// impl Completion for Next {
///     fn outcome(&self) -> Outcome {
///         match self {
///             Next::Wait => Outcome::Success,
///             Next::Poll(_) => Outcome::RequeueAfter,
///         }
///     }
/// }
/// # assert_eq!(Next::Wait.outcome(), ().outcome());
/// # assert_eq!(Next::Poll(Duration::ZERO).outcome(), Outcome::RequeueAfter);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how a reconcile ended",
    note = "implement `Completion` for it, or use `record_with` and say it in a closure",
    note = "kube-rs's `Action` says so with feature `kube`"
)]
pub trait Completion {
    /// The outcome of a reconcile that returned `Ok(self)`.
    fn outcome(&self) -> Outcome;
}

impl Completion for () {
    fn outcome(&self) -> Outcome {
        Outcome::Success
    }
}

impl Completion for Outcome {
    fn outcome(&self) -> Outcome {
        *self
    }
}

/// What kind of error it is, for an error type that wants to be counted by that.
///
/// A word of the program such as `fetch` or `quota`: never what it displays, which would make a
/// series for each message. At most 32 different ones per controller are counted; more are refused
/// and counted in `gotkmetrics_refused_total{limit="error_categories"}`.
///
/// Asked for where a controller wants it: [`Attempt::fail_as`], and
/// `ControllerOptions::error_categories` under feature `kube`.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{ErrorCategory, Format, ObjectId, RecordReconcile as _, Recorder};
///
/// struct QuotaExceeded;
///
/// impl ErrorCategory for QuotaExceeded {
///     fn category(&self) -> &'static str {
///         "quota"
///     }
/// }
///
/// let recorder = Recorder::new();
/// let attempt = recorder.start(&ObjectId::new("Bucket", "charts").within("infra"));
/// attempt.fail_as(QuotaExceeded.category());
/// let line = r#"gotkmetrics_reconcile_errors_total{category="quota",controller="bucket"} 1"#;
/// assert!(recorder.encode(Format::Text).contains(line));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what kind of error it is",
    note = "implement `ErrorCategory` for it, or leave out `error_categories`"
)]
pub trait ErrorCategory {
    /// The category.
    fn category(&self) -> &'static str;
}

/// Records what a controller does to its objects.
///
/// [`Recorder`] is the implementation; `&R`, `Arc<R>`, `Box<R>` and `Option<R>` pass on, `None`
/// does nothing.
/// Take `Arc<dyn RecordReconcile>` or an `impl RecordReconcile` in a controller's context to leave
/// the choice to its caller. Open to implementors.
///
/// No method fails or panics, and none waits for bytes to be written. Objects beyond the
/// recorder's limit are refused and counted.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{Format, ObjectId, RecordReconcile, Recorder};
///
/// async fn run(recorder: impl RecordReconcile) {
///     for name in ["apps", "infra"] {
///         let id = ObjectId::new("Kustomization", name).within("flux-system");
///         let result = recorder.record(&id, reconcile(name)).await;
///         assert_eq!(result.is_ok(), name == "apps");
///     }
/// }
///
/// async fn reconcile(name: &str) -> Result<(), String> {
///     if name == "apps" { Ok(()) } else { Err(format!("no source for {name}")) }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let recorder = Recorder::new();
/// run(&recorder).await;
/// run(None::<Recorder>).await;
///
/// let text = recorder.encode(Format::Text);
/// assert!(text.contains(r#"name="infra",namespace="flux-system",status="False",type="Ready"} 1"#));
/// assert!(text.contains("controller_runtime_reconcile_errors_total{controller=\"kustomization\"} 1\n"));
/// # }
/// ```
pub trait RecordReconcile: Send + Sync {
    /// Sets a condition of the object; see [`ConditionGauge::set`](crate::ConditionGauge::set).
    fn record_condition(
        &self,
        id: &dyn ToObjectId,
        condition: &ConditionType,
        status: ConditionStatus,
    );

    /// Sets whether the object is suspended; see [`SuspendGauge::set`](crate::SuspendGauge::set).
    ///
    /// Unlike a condition it does not bring a deleted object back.
    fn record_suspend(&self, id: &dyn ToObjectId, suspended: bool);

    /// Adds a reconcile's duration to the object's histogram; see
    /// [`DurationHistogram::observe`](crate::DurationHistogram::observe).
    ///
    /// [`record`](Self::record) and [`start`](Self::start) do this by themselves.
    fn record_duration(&self, id: &dyn ToObjectId, duration: Duration);

    /// Records that the object was deleted in the cluster.
    ///
    /// All its conditions show `Deleted`, and after the grace period every series of it disappears.
    /// A condition recorded or an attempt started before that brings it back, unless a tracked store
    /// has brought the object: then only a store that has it again does. If finalizers of others may
    /// remain, return before [`record`](Self::record) once your own is gone. An attempt in flight,
    /// and calls inside it, bring nothing back. Does nothing for an unknown object. A second call
    /// does not restart the grace period. An object that its tracked store still has is back at the
    /// next scrape.
    ///
    /// With a grace period of zero the record is removed at once. A
    /// [`record_duration`](Self::record_duration) after that, outside of an attempt, creates it again
    /// with a histogram and nothing else, as in Go. Record the duration first.
    fn record_deleted(&self, id: &dyn ToObjectId);

    /// Removes every series of the object at once.
    ///
    /// An attempt in flight does not bring them back.
    fn forget(&self, id: &dyn ToObjectId);

    /// Removes every series of every object at once.
    ///
    /// It is for objects that were recorded by calls. Tracking continues: objects in a tracked store
    /// are exposed again by the next scrape. A process that loses its leadership drops its streams
    /// and guards instead. Attempts in flight bring nothing back, and the counters of controllers
    /// continue.
    fn clear(&self);

    /// Starts an attempt, for code that is not one future; see [`record`](Self::record) otherwise.
    ///
    /// Do not use this or [`record`](Self::record) inside a reconcile function of `run_recorded` or
    /// `instrument`, which records the attempt already.
    ///
    /// The object's Ready exists from here on, as Unknown if nothing was known.
    fn start(&self, id: &dyn ToObjectId) -> Attempt;

    /// Records `future` as one attempt on the object: how long it took and how it ended.
    ///
    /// The attempt starts with this call, not with the first poll, and ends when the future is
    /// ready. The output is passed on as it is.
    ///
    /// # Panics
    ///
    /// If `future` or the [`Completion`] of its output panics, that is counted as an error and a
    /// panic, and goes on unwinding.
    ///
    /// # Cancel safety
    ///
    /// If the returned future is dropped before it is ready, the attempt counts in
    /// `gotkmetrics_attempts_cancelled_total`, has no result and no duration, and leaves Ready as
    /// it was. That is what a timeout around it looks like; put timeouts inside, so that they
    /// are errors.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{ObjectId, RecordReconcile as _, Recorder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let recorder = Recorder::new();
    /// let id = ObjectId::new("App", "web").within("shop");
    /// let reconcile = async {
    ///     // With `?` inside, the end of the block names the type of the error.
    ///     std::fs::metadata("/")?;
    ///     Ok::<_, std::io::Error>(())
    /// };
    /// recorder.record(&id, reconcile).await?;
    /// # Ok(())
    /// # }
    /// ```
    fn record<F, T, E>(&self, id: &dyn ToObjectId, future: F) -> Recorded<F>
    where
        F: Future<Output = Result<T, E>>,
        T: Completion,
        Self: Sized,
    {
        let outcome = |output: &Result<T, E>| output.as_ref().map_or(Outcome::Error, T::outcome);
        Recorded::new(self.start(id), future, outcome)
    }

    /// [`record`](Self::record) for a future of any output, whose outcome `outcome` tells.
    ///
    /// # Panics
    ///
    /// If `future` or `outcome` panics, that is counted as an error and a panic, and goes on
    /// unwinding.
    ///
    /// # Cancel safety
    ///
    /// As [`record`](Self::record).
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{Format, ObjectId, Outcome, RecordReconcile as _, Recorder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let recorder = Recorder::new();
    /// let id = ObjectId::new("Job", "7").within("mail");
    /// let exit_code = recorder
    ///     .record_with(&id, async { 3 }, |code| match code {
    ///         0 => Outcome::Success,
    ///         _ => Outcome::Error,
    ///     })
    ///     .await;
    /// assert_eq!(exit_code, 3);
    /// assert!(recorder.encode(Format::Text).contains(r#"status="False",type="Ready"} 1"#));
    /// # }
    /// ```
    fn record_with<F, C>(&self, id: &dyn ToObjectId, future: F, outcome: C) -> Recorded<F, C>
    where
        F: Future,
        C: FnOnce(&F::Output) -> Outcome,
        Self: Sized,
    {
        Recorded::new(self.start(id), future, outcome)
    }
}

impl RecordReconcile for Recorder {
    fn record_condition(
        &self,
        id: &dyn ToObjectId,
        condition: &ConditionType,
        status: ConditionStatus,
    ) {
        self.inner.set_condition(id, condition, status);
    }

    fn record_suspend(&self, id: &dyn ToObjectId, suspended: bool) {
        self.inner.set_suspended(id, suspended);
    }

    fn record_duration(&self, id: &dyn ToObjectId, duration: Duration) {
        self.inner.observe(id, duration);
    }

    fn record_deleted(&self, id: &dyn ToObjectId) {
        self.inner.store.delete(id.to_object_id().key());
    }

    fn forget(&self, id: &dyn ToObjectId) {
        self.inner.store.forget(id.to_object_id().key());
    }

    fn clear(&self) {
        self.inner.store.clear();
    }

    fn start(&self, id: &dyn ToObjectId) -> Attempt {
        Attempt::start(&self.inner, id.to_object_id().key())
    }
}

/// Each method hands its arguments to the recorder that `$recorder` finds in `$self`, if any.
macro_rules! pass_on {
    ($self:ident => $recorder:expr) => {
        fn record_condition(
            &$self,
            id: &dyn ToObjectId,
            condition: &ConditionType,
            status: ConditionStatus,
        ) {
            if let Some(recorder) = $recorder {
                recorder.record_condition(id, condition, status);
            }
        }

        fn record_suspend(&$self, id: &dyn ToObjectId, suspended: bool) {
            if let Some(recorder) = $recorder {
                recorder.record_suspend(id, suspended);
            }
        }

        fn record_duration(&$self, id: &dyn ToObjectId, duration: Duration) {
            if let Some(recorder) = $recorder {
                recorder.record_duration(id, duration);
            }
        }

        fn record_deleted(&$self, id: &dyn ToObjectId) {
            if let Some(recorder) = $recorder {
                recorder.record_deleted(id);
            }
        }

        fn forget(&$self, id: &dyn ToObjectId) {
            if let Some(recorder) = $recorder {
                recorder.forget(id);
            }
        }

        fn clear(&$self) {
            if let Some(recorder) = $recorder {
                recorder.clear();
            }
        }

        fn start(&$self, id: &dyn ToObjectId) -> Attempt {
            match $recorder {
                Some(recorder) => recorder.start(id),
                None => Attempt::none(),
            }
        }
    };
}

impl<R: RecordReconcile + ?Sized> RecordReconcile for &R {
    pass_on!(self => Some(&**self));
}

impl<R: RecordReconcile + ?Sized> RecordReconcile for Arc<R> {
    pass_on!(self => Some(&**self));
}

impl<R: RecordReconcile + ?Sized> RecordReconcile for Box<R> {
    pass_on!(self => Some(&**self));
}

impl<R: RecordReconcile> RecordReconcile for Option<R> {
    pass_on!(self => self.as_ref());
}
