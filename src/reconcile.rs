//! The trait that a controller calls around its reconcile loop.
//!
//! Nothing here returns an error or changes what reconcile returns.

mod future;
mod recorder;

use std::future::Future;
use std::time::Duration;

pub use self::future::AttemptFuture;

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
    message = "`{Self}` does not implement `Completion`",
    note = "implement `Completion` for it, or use `record_with` and return the outcome from a closure",
    note = "kube-rs's `Action` implements it with feature `kube`"
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

/// Names the category of an error.
///
/// A word of the program such as `fetch` or `quota`, never the error's text, which would make a
/// series for each message. At most 32 different categories per controller are counted. Further ones
/// are refused and counted in `gotkmetrics_refused_total{limit="error_categories"}`.
///
/// Used by [`Attempt::fail_as`] and, with feature `kube`, by `ControllerOptions::error_categories`.
/// Implemented for `Box<E>` and `Arc<E>`, and with feature `kube` for
/// `kube::runtime::finalizer::Error<E>`.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{ErrorCategory, Format, ObjectId, Recorder};
///
/// struct QuotaExceeded;
///
/// impl ErrorCategory for QuotaExceeded {
///     fn category(&self) -> &'static str {
///         "quota"
///     }
///
///     fn categories() -> Vec<&'static str> {
///         vec!["quota"]
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
    message = "`{Self}` does not implement `ErrorCategory`",
    note = "implement `ErrorCategory` for it, or remove the call of `error_categories`"
)]
pub trait ErrorCategory {
    /// Returns the category of this error.
    fn category(&self) -> &'static str;

    /// Returns all categories, so that each of them begins at 0 and `increase()` sees its first
    /// error.
    ///
    /// Called once per controller. By default it returns none: a category then begins with its
    /// first error.
    #[must_use]
    fn categories() -> Vec<&'static str>
    where
        Self: Sized,
    {
        Vec::new()
    }
}

impl<E: ErrorCategory> ErrorCategory for Box<E> {
    fn category(&self) -> &'static str {
        (**self).category()
    }

    fn categories() -> Vec<&'static str> {
        E::categories()
    }
}

impl<E: ErrorCategory> ErrorCategory for Arc<E> {
    fn category(&self) -> &'static str {
        (**self).category()
    }

    fn categories() -> Vec<&'static str> {
        E::categories()
    }
}

/// Records what a controller does to its objects.
///
/// Take an `impl RecordReconcile` or an `Arc<dyn RecordReconcile>` in a controller's context to
/// leave the choice of a recorder to the caller. Implement [`as_recorder`](Self::as_recorder) alone,
/// for a context that holds a recorder for instance. `None` records nothing. Every other method is
/// provided and does what the method of [`Recorder`] with the same name does.
///
/// Implemented for [`Recorder`], and for `&R`, `Arc<R>`, `Box<R>` and `Option<R>` of an implementor.
///
/// No method fails or panics, and none waits for bytes to be written. Objects beyond the
/// recorder's limit are refused and counted.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{Format, ObjectId, RecordReconcile, Recorder};
///
/// struct Context { recorder: Recorder }
///
/// impl RecordReconcile for Context {
///     fn as_recorder(&self) -> Option<&Recorder> {
///         Some(&self.recorder)
///     }
/// }
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
/// let context = Context { recorder: Recorder::new() };
/// run(&context).await;
/// run(None::<Recorder>).await;
///
/// let text = context.recorder.encode(Format::Text);
/// assert!(text.contains(r#"name="infra",namespace="flux-system",status="False",type="Ready"} 1"#));
/// assert!(text.contains("controller_runtime_reconcile_errors_total{controller=\"kustomization\"} 1\n"));
/// # }
/// ```
// A provided method and the inherent method of the same name both call `Inner`, and never each
// other: a recursion without end compiles without a warning.
pub trait RecordReconcile: Send + Sync {
    /// Returns the recorder, or `None` if nothing is recorded.
    fn as_recorder(&self) -> Option<&Recorder>;

    /// Sets a condition of the object; see [`Recorder::record_condition`].
    fn record_condition(
        &self,
        id: &dyn ToObjectId,
        condition: &ConditionType,
        status: ConditionStatus,
    ) {
        if let Some(recorder) = self.as_recorder() {
            recorder.inner.set_condition(id, condition, status);
        }
    }

    /// Sets whether the object is suspended; see [`Recorder::record_suspend`].
    fn record_suspend(&self, id: &dyn ToObjectId, suspended: bool) {
        if let Some(recorder) = self.as_recorder() {
            recorder.inner.set_suspended(id, suspended);
        }
    }

    /// Adds a reconcile's duration to the object's histogram; see [`Recorder::record_duration`].
    fn record_duration(&self, id: &dyn ToObjectId, duration: Duration) {
        if let Some(recorder) = self.as_recorder() {
            recorder.inner.observe(id, duration);
        }
    }

    /// Records that the object was deleted in the cluster; see [`Recorder::record_deleted`].
    fn record_deleted(&self, id: &dyn ToObjectId) {
        if let Some(recorder) = self.as_recorder() {
            recorder.inner.store.delete(id.to_object_id().key());
        }
    }

    /// Removes every series of the object at once; see [`Recorder::forget`].
    fn forget(&self, id: &dyn ToObjectId) {
        if let Some(recorder) = self.as_recorder() {
            recorder.inner.store.forget(id.to_object_id().key());
        }
    }

    /// Removes every series of every object at once; see [`Recorder::clear`].
    fn clear(&self) {
        if let Some(recorder) = self.as_recorder() {
            recorder.inner.store.clear();
        }
    }

    /// Starts an attempt; see [`Recorder::start`].
    fn start(&self, id: &dyn ToObjectId) -> Attempt {
        match self.as_recorder() {
            Some(recorder) => Attempt::start(&recorder.inner, id.to_object_id().key()),
            None => Attempt::none(),
        }
    }

    /// Records `future` as one attempt on the object; see [`Recorder::record`].
    fn record<F, T, E>(&self, id: &dyn ToObjectId, future: F) -> AttemptFuture<F>
    where
        F: Future<Output = Result<T, E>>,
        T: Completion,
        Self: Sized,
    {
        AttemptFuture::new(self.start(id), future, outcome)
    }

    /// Records a future of any output as one attempt; see [`Recorder::record_with`].
    fn record_with<F, C>(&self, id: &dyn ToObjectId, future: F, outcome: C) -> AttemptFuture<F, C>
    where
        F: Future,
        C: FnOnce(&F::Output) -> Outcome,
        Self: Sized,
    {
        AttemptFuture::new(self.start(id), future, outcome)
    }
}

pub(crate) fn outcome<T: Completion, E>(output: &Result<T, E>) -> Outcome {
    output.as_ref().map_or(Outcome::Error, T::outcome)
}

impl RecordReconcile for Recorder {
    fn as_recorder(&self) -> Option<&Recorder> {
        Some(self)
    }
}

impl<R: RecordReconcile + ?Sized> RecordReconcile for &R {
    fn as_recorder(&self) -> Option<&Recorder> {
        (**self).as_recorder()
    }
}

impl<R: RecordReconcile + ?Sized> RecordReconcile for Arc<R> {
    fn as_recorder(&self) -> Option<&Recorder> {
        (**self).as_recorder()
    }
}

impl<R: RecordReconcile + ?Sized> RecordReconcile for Box<R> {
    fn as_recorder(&self) -> Option<&Recorder> {
        (**self).as_recorder()
    }
}

impl<R: RecordReconcile> RecordReconcile for Option<R> {
    fn as_recorder(&self) -> Option<&Recorder> {
        self.as_ref()?.as_recorder()
    }
}
