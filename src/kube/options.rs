//! The options of a controller, in one place for all ways to record it.
//!
//! Nothing happens before the last call, which takes the options.

use std::borrow::Cow;
use std::fmt;
use std::hash::Hash;
use std::mem;
use std::num::NonZeroU64;

use kube_core::Resource;
use kube_runtime::reflector::{Lookup, Store};

use super::failures::{AsIs, Categorized, Recovery};
use super::instrument::Attempts;
use super::observe::{Observe, Observed};
use super::source::StoreSource;
use super::track::TrackGuard;
use crate::ConditionType;
use crate::object::capped_kind;
use crate::recorder::Recorder;
use crate::resource_info::{InfoLabelError, InfoLabels};
use crate::status::Slot;
use crate::sync::Arc;
use crate::tracking::TrackedSource;

/// How a controller of `K` is recorded.
///
/// Made by [`Recorder::controller`] and [`Recorder::controller_with`]. Handed to
/// [`run_recorded_with`](crate::ControllerExt::run_recorded_with), or used by hand with
/// [`instrument`](Self::instrument) and [`track`](Self::track).
///
/// `O` and `R` say how objects are read and what becomes of failures. They have no names outside of
/// this crate, so make the options in the function that uses them.
///
/// # Examples
///
/// ```no_run
/// # use std::sync::Arc;
/// # use futures_util::StreamExt as _;
/// use gotk_metrics::{ConditionStatus, ControllerExt as _, Observed, Recorder};
/// use k8s_openapi::api::apps::v1::Deployment;
/// use kube_runtime::{Controller, controller::Action}; // kube::runtime in a controller
///
/// # async fn reconcile(_: Arc<Deployment>, _: Arc<()>) -> Result<Action, std::io::Error> { Ok(Action::await_change()) }
/// # fn error_policy(_: Arc<Deployment>, _: &std::io::Error, _: Arc<()>) -> Action { Action::await_change() }
/// # async fn run(recorder: Recorder, deployments: Controller<Deployment>) {
/// let options = recorder
///     .controller::<Deployment>()
///     .name("rollouts")
///     .observe(|deployment| {
///         let conditions = deployment.status.iter().flat_map(|status| status.conditions.iter().flatten());
///         let available = conditions.filter(|c| c.type_.as_deref() == Some("Available")).next();
///         let available = available.map(|c| ConditionStatus::parse(c.status.as_deref().unwrap_or_default()));
///         Observed::new()
///             .condition("Ready", available)
///             .suspended(deployment.spec.paused.unwrap_or(false))
///     });
/// deployments
///     .run_recorded_with(options, reconcile, error_policy, Arc::new(()))
///     .for_each(|_| async {})
///     .await;
/// # }
/// ```
#[must_use = "options do nothing by themselves; hand them to `run_recorded_with`"]
pub struct ControllerOptions<K: Lookup, O = ByTrait, R = AsIs> {
    settings: Settings<K>,
    observer: O,
    failures: R,
}

/// What does not depend on how objects are read and failures treated.
struct Settings<K: Lookup> {
    recorder: Recorder,
    dyntype: K::DynamicType,
    name: Option<String>,
    conditions: Vec<ConditionType>,
    info_labels: InfoLabels,
    max_concurrent: Option<NonZeroU64>,
    /// The tracked store whose objects the attempts are on.
    source: Option<Arc<TrackedSource>>,
}

impl Recorder {
    /// The options of a controller of `K`, whose kind is known at compile time.
    pub fn controller<K>(&self) -> ControllerOptions<K>
    where
        K: Lookup,
        K::DynamicType: Default,
    {
        self.controller_with(K::DynamicType::default())
    }

    /// The options of a controller of `K`, whose kind is known at run time only.
    ///
    /// `dyntype` is what `Controller::new_with` takes.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::Recorder;
    /// use kube_core::{ApiResource, DynamicObject, GroupVersionKind};
    ///
    /// let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("example.com", "v1", "App"));
    /// let options = Recorder::new().controller_with::<DynamicObject>(resource);
    /// # drop(options);
    /// ```
    pub fn controller_with<K: Lookup>(&self, dyntype: K::DynamicType) -> ControllerOptions<K> {
        ControllerOptions {
            settings: Settings {
                recorder: self.clone(),
                dyntype,
                name: None,
                conditions: vec![ConditionType::RECONCILING, ConditionType::STALLED],
                info_labels: InfoLabels::default(),
                max_concurrent: None,
                source: None,
            },
            observer: ByTrait,
            failures: AsIs,
        }
    }
}

impl<K: Lookup, O, R> ControllerOptions<K, O, R> {
    /// The value of the label `controller`.
    ///
    /// Controllers with the same name share their counters. Set it if a process has several
    /// controllers of one kind, or restarts one: the default depends on the order in which they are
    /// created and dropped. Defaults to the kind in lower case, followed by `-2`, `-3` and so on
    /// while another controller of the kind has that name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = Some(name.into());
        self
    }

    /// The condition types besides Ready that are read from an object, where it has them.
    ///
    /// Each costs four series per object. Defaults to Reconciling and Stalled, which Flux's kinds
    /// have.
    pub fn conditions<T>(mut self, types: impl IntoIterator<Item = T>) -> Self
    where
        T: Into<Cow<'static, str>>,
    {
        self.settings.conditions = types.into_iter().map(ConditionType::new).collect();
        self
    }

    /// Labels that `gotk_resource_info` has besides its own, such as `revision`.
    ///
    /// [`Observe::info`] says their values. Declared here once, so that no object can bring a label
    /// name along. Each value of a label that changes makes a new series. Defaults to none.
    ///
    /// # Errors
    ///
    /// [`InfoLabelError`] for a name that no label can have, that is reserved, or that is there
    /// twice.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gotk_metrics::Recorder;
    /// # use k8s_openapi::api::core::v1::ConfigMap;
    /// let options = Recorder::new().controller::<ConfigMap>().info_labels(["revision", "url"])?;
    /// # drop(options);
    /// let options = Recorder::new().controller::<ConfigMap>();
    /// let error = options.info_labels(["namespace"]).unwrap_err();
    /// assert_eq!(error.to_string(), "info label `namespace` is reserved");
    /// # Ok::<(), gotk_metrics::InfoLabelError>(())
    /// ```
    pub fn info_labels<T>(
        mut self,
        names: impl IntoIterator<Item = T>,
    ) -> Result<Self, InfoLabelError>
    where
        T: Into<Cow<'static, str>>,
    {
        self.settings.info_labels = InfoLabels::new(names.into_iter().map(T::into).collect())?;
        Ok(self)
    }

    /// How many reconciles the controller runs at a time at most.
    ///
    /// What was told to kube-rs by `Config::concurrency`. Shown as
    /// `controller_runtime_max_concurrent_reconciles`; changes nothing else, since kube-rs does not
    /// tell what it was told. Zero is no limit, and makes no series. Defaults to zero.
    pub fn max_concurrent(mut self, reconciles: u16) -> Self {
        self.settings.max_concurrent = NonZeroU64::new(reconciles.into());
        self
    }

    /// Says in a closure what state an object is in, for a `K` that does not implement [`Observe`].
    ///
    /// For the closure holds what is said of that trait's methods. Defaults to the trait.
    pub fn observe<F>(self, observe: F) -> ControllerOptions<K, ByClosure<F>, R>
    where
        F: Fn(&K) -> Observed + Send + Sync + 'static,
    {
        ControllerOptions {
            settings: self.settings,
            observer: ByClosure(observe),
            failures: self.failures,
        }
    }

    /// Turns a panic of the reconcile function into an error of its own.
    ///
    /// `recover` returns that error, or what becomes it by `From` as behind a `?`. It goes to the
    /// error policy. The panic is counted as one all the same. Only what happens while the future
    /// is polled is caught, which for an `async fn` is everything. Defaults to letting a panic
    /// through, which ends the controller, as in kube-rs.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// # use gotk_metrics::Recorder;
    /// # use k8s_openapi::api::core::v1::ConfigMap;
    /// # let recorder = Recorder::new();
    /// let options = recorder.controller::<ConfigMap>().recover_panics(|panic| {
    ///     let text = panic.downcast_ref::<&str>().copied().unwrap_or("no text");
    ///     io::Error::other(format!("reconcile panicked: {text}"))
    /// });
    /// # drop(options);
    /// ```
    pub fn recover_panics<F, X>(self, recover: F) -> ControllerOptions<K, O, Recovery<X, R>>
    where
        F: Fn(Box<dyn std::any::Any + Send>) -> X + Send + Sync + 'static,
    {
        ControllerOptions {
            settings: self.settings,
            observer: self.observer,
            failures: Recovery::new(recover, self.failures),
        }
    }

    /// Counts errors by what they say they are, in `gotkmetrics_reconcile_errors_total`.
    ///
    /// Asks for `E: ErrorCategory` of the errors of the reconcile function. Defaults to not.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gotk_metrics::Recorder;
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
    /// }
    ///
    /// let options = Recorder::new().controller::<ConfigMap>().error_categories();
    /// # drop((options, Error::Fetch.category(), Error::Apply));
    /// ```
    pub fn error_categories(self) -> ControllerOptions<K, O, Categorized<R>> {
        ControllerOptions {
            settings: self.settings,
            observer: self.observer,
            failures: Categorized(self.failures),
        }
    }

    /// Links the attempts of a controller to its store, which `tracked` keeps tracked.
    ///
    /// Use it with [`instrument`](Self::instrument). Once the guard was dropped, the attempts no
    /// longer create series. A guard of another recorder or kind has no effect. Defaults to no link.
    ///
    /// ```no_run
    /// # use std::{io, sync::Arc};
    /// # use k8s_openapi::api::core::v1::ConfigMap;
    /// # use gotk_metrics::{Observed, Recorder};
    /// # use kube_runtime::{Controller, controller::Action};
    /// # async fn reconcile(_: Arc<ConfigMap>, _: Arc<()>) -> Result<Action, io::Error> { Ok(Action::await_change()) }
    /// # fn error_policy(_: Arc<ConfigMap>, _: &io::Error, _: Arc<()>) -> Action { Action::await_change() }
    /// # async fn run(recorder: Recorder, controller: Controller<ConfigMap>) {
    /// let tracked = recorder.track_with(controller.store(), (), |_: &ConfigMap| Observed::new());
    /// let reconcile = recorder.controller().of(&tracked).instrument(reconcile);
    /// let stream = controller.run(reconcile, error_policy, Arc::new(()));
    /// # drop(stream);
    /// # }
    /// ```
    pub fn of(mut self, tracked: &TrackGuard) -> Self {
        let kind = K::kind(&self.settings.dyntype);
        let recorder = &self.settings.recorder.inner;
        self.settings.source = tracked.source_of(recorder, capped_kind(&kind));
        self
    }

    /// Reads the state of the store's objects at each scrape; see [`Recorder::track`].
    pub fn track(self, store: Store<K>) -> TrackGuard
    where
        K: Resource<DynamicType = <K as Lookup>::DynamicType> + Clone + Send + Sync + 'static,
        <K as Lookup>::DynamicType: Eq + Hash + Clone,
        O: Observer<K>,
    {
        self.track_and(store, true).0
    }

    /// [`track`](Self::track), and what is left of the options, linked to the store.
    /// Unless it `is_started`, the store is not expected to have its first list yet.
    pub(super) fn track_and(
        self,
        store: Store<K>,
        is_started: bool,
    ) -> (TrackGuard, ControllerOptions<K, (), R>)
    where
        K: Resource<DynamicType = <K as Lookup>::DynamicType> + Clone + Send + Sync + 'static,
        <K as Lookup>::DynamicType: Eq + Hash + Clone,
        O: Observer<K>,
    {
        let mut settings = self.settings;
        let inner = &settings.recorder.inner;
        let first = [ConditionType::READY];
        let types = first.into_iter().chain(mem::take(&mut settings.conditions));
        let mut refused = 0;
        let types = types.filter_map(|condition| {
            let slot = inner.types.slot(&condition);
            refused += u64::from(slot.is_none());
            Some((condition, slot?))
        });
        let types: Box<[(ConditionType, Slot)]> = types.collect();
        let labels = mem::take(&mut settings.info_labels);
        let dyntype = settings.dyntype.clone();
        let source = StoreSource::new(store, dyntype, self.observer, types, refused, labels);
        let tracked = TrackGuard::new(Arc::clone(inner), Box::new(source), is_started);
        settings.source = Some(Arc::clone(tracked.source()));
        let rest = ControllerOptions {
            settings,
            observer: (),
            failures: self.failures,
        };
        (tracked, rest)
    }

    /// Starts attempts in the name of the controller.
    pub(super) fn attempts(self) -> (Attempts<K>, R) {
        let Settings {
            recorder,
            dyntype,
            name,
            max_concurrent,
            source,
            ..
        } = self.settings;
        let controllers = &recorder.inner.controllers;
        let claim = controllers.claim(capped_kind(&K::kind(&dyntype)), name.as_deref());
        if let (Some(claim), Some(max)) = (&claim, max_concurrent) {
            claim.controller().set_max_concurrent(max);
        }
        let attempts = Attempts::new(recorder.inner, dyntype, claim, source);
        (attempts, self.failures)
    }
}

impl<K: Lookup, O, R> fmt::Debug for ControllerOptions<K, O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControllerOptions")
            .field("kind", &K::kind(&self.settings.dyntype))
            .field("name", &self.settings.name)
            .field("conditions", &self.settings.conditions)
            .field("max_concurrent", &self.settings.max_concurrent)
            .finish_non_exhaustive()
    }
}

/// What says which state an object of kind `K` is in. Not named outside of this crate.
pub trait Observer<K>: Send + Sync + 'static {
    /// Calls `look` with what is to be read.
    fn show(&self, object: &K, look: &mut dyn FnMut(&dyn Observe));
}

/// The kind says it by itself.
#[derive(Clone, Copy, Debug)]
pub struct ByTrait;

impl<K: Observe> Observer<K> for ByTrait {
    fn show(&self, object: &K, look: &mut dyn FnMut(&dyn Observe)) {
        look(object);
    }
}

/// A closure says it.
#[derive(Clone, Copy, Debug)]
pub struct ByClosure<F>(F);

impl<K, F> Observer<K> for ByClosure<F>
where
    F: Fn(&K) -> Observed + Send + Sync + 'static,
{
    fn show(&self, object: &K, look: &mut dyn FnMut(&dyn Observe)) {
        look(&(self.0)(object));
    }
}
