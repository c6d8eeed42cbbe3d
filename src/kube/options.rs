//! The options of a controller, in one type for all ways to record it.
//!
//! Nothing happens before the last call, which takes the options. Closures are boxed, so that the
//! type has a name and a function can return it; an attempt pays one boxed call at its end.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use super::deps::kube_runtime::reflector::Lookup;
use super::source::SourceOptions;
use super::track::TrackGuard;
use crate::resource_info::InfoLabelError;
use crate::sync::Arc;
use crate::tracking::TrackedSource;
use crate::{ConditionType, ErrorCategory};

/// How a controller of `K`, whose reconcile function fails with `E`, is recorded.
///
/// Made by [`RecorderExt::controller`](super::RecorderExt::controller) and its siblings. Pass it to
/// [`run_recorded_with`](super::ControllerExt::run_recorded_with), or call
/// [`instrument`](Self::instrument).
///
/// # Examples
///
/// ```no_run
/// # use std::{sync::Arc, time::Duration};
/// # use futures_util::StreamExt as _;
/// use gotk_metrics::kube::{ControllerExt as _, ControllerOptions, RecorderExt as _};
/// use gotk_metrics::{Observed, Recorder};
/// use k8s_openapi::api::apps::v1::Deployment;
/// use kube_runtime::{Controller, controller::Action}; // kube::runtime in a controller
///
/// # #[derive(Debug, thiserror::Error)]
/// # enum Error { #[error("panicked")] Panicked, #[error("timed out")] TimedOut }
/// # async fn reconcile(_: Arc<Deployment>, _: Arc<()>) -> Result<Action, Error> { Ok(Action::await_change()) }
/// # fn error_policy(_: Arc<Deployment>, _: &Error, _: Arc<()>) -> Action { Action::await_change() }
/// fn options(recorder: &Recorder) -> ControllerOptions<Deployment, Error> {
///     recorder
///         .controller_of(|deployment: &Deployment| {
///             let status = deployment.status.as_ref();
///             Observed::new().conditions(status.map(|status| &status.conditions))
///         })
///         .name("rollouts")
///         .conditions(["Available", "Progressing"])
///         .recover_panics(|_| Error::Panicked)
///         .timeout(Duration::from_secs(300), || Error::TimedOut)
/// }
///
/// # async fn run(recorder: Recorder, deployments: Controller<Deployment>) {
/// deployments
///     .run_recorded_with(options(&recorder), reconcile, error_policy, Arc::new(()))
///     .for_each(|_| async {})
///     .await;
/// # }
/// ```
#[must_use = "options do nothing by themselves; pass them to `run_recorded_with`"]
pub struct ControllerOptions<K: Lookup, E> {
    pub(super) source: SourceOptions<K>,
    pub(super) settings: Settings<E>,
    /// The tracked store whose objects the attempts are on.
    pub(super) linked: Option<Arc<TrackedSource>>,
}

/// What does not depend on the store.
pub(super) struct Settings<E> {
    pub(super) name: Option<String>,
    pub(super) max_concurrent: Option<NonZeroU64>,
    pub(super) failures: Failures<E>,
}

/// Makes an error of the payload of a panic.
type Recover<E> = dyn Fn(Box<dyn Any + Send>) -> E + Send + Sync;

/// What becomes of errors, panics and attempts that take too long.
pub(super) struct Failures<E> {
    pub(super) recover: Option<Arc<Recover<E>>>,
    pub(super) category: Option<fn(&E) -> &'static str>,
    pub(super) categories: Vec<&'static str>,
    pub(super) timeout: Option<Timeout<E>>,
}

/// How long an attempt may take, and the error of one that takes longer.
pub(super) struct Timeout<E> {
    pub(super) limit: Duration,
    pub(super) error: Arc<dyn Fn() -> E + Send + Sync>,
}

// === impl ControllerOptions ===

impl<K: Lookup, E> ControllerOptions<K, E> {
    pub(super) fn new(source: SourceOptions<K>) -> Self {
        Self {
            source,
            settings: Settings {
                name: None,
                max_concurrent: None,
                failures: Failures {
                    recover: None,
                    category: None,
                    categories: Vec::new(),
                    timeout: None,
                },
            },
            linked: None,
        }
    }

    /// Sets the value of the label `controller`.
    ///
    /// Controllers with the same name share their counters. Set it if a process has several
    /// controllers of one kind, or restarts one: the default depends on the order in which they are
    /// created and dropped. Defaults to the kind in lower case, followed by `-2`, `-3` and so on
    /// while another controller of the kind has that name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = Some(name.into());
        self
    }

    /// Sets the condition types besides Ready that are exposed; see [`SourceOptions::conditions`].
    /// Defaults to Reconciling and Stalled.
    pub fn conditions<T>(mut self, types: impl IntoIterator<Item = T>) -> Self
    where
        T: Into<ConditionType>,
    {
        self.source = self.source.conditions(types);
        self
    }

    /// Adds labels to `gotk_resource_info`; see [`SourceOptions::info_labels`]. Defaults to none.
    ///
    /// # Errors
    ///
    /// Returns [`InfoLabelError`] if a name is not valid for a label, is reserved, or occurs twice.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// use gotk_metrics::{Observed, Recorder, kube::{ControllerOptions, RecorderExt as _}};
    /// use k8s_openapi::api::core::v1::ConfigMap;
    ///
    /// let recorder = Recorder::new();
    /// let options: ControllerOptions<ConfigMap, io::Error> =
    ///     recorder.controller_of(|_: &ConfigMap| Observed::new());
    /// let error = options.info_labels(["namespace"]).unwrap_err();
    /// assert_eq!(error.to_string(), "info label `namespace` is reserved");
    /// ```
    pub fn info_labels<T>(
        mut self,
        names: impl IntoIterator<Item = T>,
    ) -> Result<Self, InfoLabelError>
    where
        T: Into<Cow<'static, str>>,
    {
        self.source = self.source.info_labels(names)?;
        Ok(self)
    }

    /// Sets how many reconciles the controller runs at a time at most.
    ///
    /// Pass what was passed to kube-rs by `Config::concurrency`, which cannot be read back. It is
    /// exposed as `controller_runtime_max_concurrent_reconciles` and changes nothing else. Zero is
    /// no limit and exposes no series. Defaults to zero.
    pub fn max_concurrent(mut self, reconciles: u16) -> Self {
        self.settings.max_concurrent = NonZeroU64::new(reconciles.into());
        self
    }

    /// Turns a panic of the reconcile function into an error.
    ///
    /// `recover` gets the payload of the panic and returns the error, which goes to the error
    /// policy. The panic is counted all the same. Panics are caught while the future is polled,
    /// which for an `async fn` is all of it. By default a panic goes on unwinding and ends the
    /// controller, as in kube-rs.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use gotk_metrics::{Observed, Recorder, kube::{ControllerOptions, RecorderExt as _}};
    /// # use k8s_openapi::api::core::v1::ConfigMap;
    /// # let recorder = Recorder::new();
    /// # let options: ControllerOptions<ConfigMap, io::Error> = recorder.controller_of(|_: &ConfigMap| Observed::new());
    /// let options = options.recover_panics(|panic| {
    ///     let text = panic.downcast_ref::<&str>().copied().unwrap_or("no text");
    ///     io::Error::other(format!("reconcile panicked: {text}"))
    /// });
    /// # drop(options);
    /// ```
    pub fn recover_panics(
        mut self,
        recover: impl Fn(Box<dyn Any + Send>) -> E + Send + Sync + 'static,
    ) -> Self {
        self.settings.failures.recover = Some(Arc::new(recover));
        self
    }

    /// Ends an attempt that takes longer than `limit` with the error that `error` returns.
    ///
    /// The time begins with the call of the reconcile function, and is tokio's. When it is over,
    /// the future is dropped, at its current await point. The attempt counts as an error and in
    /// `controller_runtime_reconcile_timeouts_total`, and the error goes to the error policy. A
    /// timeout around the recorded future would count as cancelled instead. By default there is no
    /// limit.
    ///
    /// # Panics
    ///
    /// The recorded function panics if it is called outside of a tokio runtime with its timer on.
    pub fn timeout(
        mut self,
        limit: Duration,
        error: impl Fn() -> E + Send + Sync + 'static,
    ) -> Self {
        self.settings.failures.timeout = Some(Timeout {
            limit,
            error: Arc::new(error),
        });
        self
    }

    /// Counts errors by their category, in `gotkmetrics_reconcile_errors_total`.
    ///
    /// Each of [`ErrorCategory::categories`] begins at 0. By default errors are not counted by
    /// category.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gotk_metrics::{Observed, Recorder, kube::{ControllerOptions, RecorderExt as _}};
    /// # use k8s_openapi::api::core::v1::ConfigMap;
    /// use gotk_metrics::ErrorCategory;
    ///
    /// enum Error { Fetch, Apply }
    ///
    /// impl ErrorCategory for Error {
    ///     fn category(&self) -> &'static str {
    ///         match self {
    ///             Error::Fetch => "fetch",
    ///             Error::Apply => "apply",
    ///         }
    ///     }
    ///
    ///     fn categories() -> Vec<&'static str> {
    ///         vec!["apply", "fetch"]
    ///     }
    /// }
    ///
    /// # let recorder = Recorder::new();
    /// let options: ControllerOptions<ConfigMap, Error> = recorder
    ///     .controller_of(|_: &ConfigMap| Observed::new())
    ///     .error_categories();
    /// # drop((options, Error::Fetch.category(), Error::Apply));
    /// ```
    pub fn error_categories(mut self) -> Self
    where
        E: ErrorCategory,
    {
        self.settings.failures.category = Some(E::category);
        self.settings.failures.categories = E::categories();
        self
    }

    /// Links the attempts of a controller to its store, which `tracked` keeps tracked.
    ///
    /// Use it with [`instrument`](Self::instrument). Once the guard was dropped, the attempts no
    /// longer create series. A guard of another recorder or kind has no effect. Defaults to no link.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use std::{io, sync::Arc};
    /// # use k8s_openapi::api::core::v1::ConfigMap;
    /// # use gotk_metrics::{Observed, Recorder, kube::RecorderExt as _};
    /// # use kube_runtime::{Controller, controller::Action};
    /// # async fn reconcile(_: Arc<ConfigMap>, _: Arc<()>) -> Result<Action, io::Error> { Ok(Action::await_change()) }
    /// # fn error_policy(_: Arc<ConfigMap>, _: &io::Error, _: Arc<()>) -> Action { Action::await_change() }
    /// # fn observe(_: &ConfigMap) -> Observed<'_> { Observed::new() }
    /// # async fn run(recorder: Recorder, controller: Controller<ConfigMap>) {
    /// let tracked = recorder.source_of(observe).track(controller.store());
    /// let reconcile = recorder.controller_of(observe).of(&tracked).instrument(reconcile);
    /// let stream = controller.run(reconcile, error_policy, Arc::new(()));
    /// # drop(stream);
    /// # }
    /// ```
    pub fn of(mut self, tracked: &TrackGuard) -> Self {
        self.linked = tracked.source_of(&self.source.recorder.inner, &self.source.kind());
        self
    }
}

impl<K: Lookup, E> fmt::Debug for ControllerOptions<K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControllerOptions")
            .field("source", &self.source)
            .field("name", &self.settings.name)
            .field("max_concurrent", &self.settings.max_concurrent)
            .finish_non_exhaustive()
    }
}
