//! The methods of a recorder that name a type of kube.
//!
//! A trait and not inherent methods, because the module of each version of kube has its own.

use std::future::Future;
use std::hash::Hash;

use super::deps::kube_core::Resource;
use super::deps::kube_runtime::controller::Action;
use super::deps::kube_runtime::reflector::{Lookup, Store};
use super::instrument::ReconcileFuture;
use super::options::ControllerOptions;
use super::source::SourceOptions;
use super::track::TrackGuard;
use crate::recorder::Recorder;
use crate::sync::Arc;
use crate::{Observe, Observed};

/// Records the controllers and stores of kube-rs. Sealed, and implemented for [`Recorder`].
pub trait RecorderExt: sealed::Sealed {
    /// Returns the options of a controller of `K`, which implements [`Observe`].
    fn controller<K, E>(&self) -> ControllerOptions<K, E>
    where
        K: Lookup + Observe + 'static,
        K::DynamicType: Default,
    {
        self.controller_of(K::observe)
    }

    /// Returns the options of a controller of a kind of another crate, whose state a closure reads.
    ///
    /// Write the closure in the call or as a `fn`: a closure in a variable has the wrong lifetime,
    /// and its error is `implementation of FnOnce is not general enough`. A panic in it is treated
    /// like one in [`Observe::observe`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// use gotk_metrics::kube::{ControllerOptions, RecorderExt as _};
    /// use gotk_metrics::{Observed, Recorder};
    /// use k8s_openapi::api::apps::v1::Deployment;
    ///
    /// let recorder = Recorder::new();
    /// let options: ControllerOptions<Deployment, io::Error> = recorder.controller_of(|deployment: &Deployment| {
    ///     let status = deployment.status.as_ref();
    ///     Observed::new()
    ///         .conditions(status.map(|status| &status.conditions))
    ///         .observed_generation(status.and_then(|status| status.observed_generation))
    /// });
    /// # drop(options);
    /// ```
    fn controller_of<K, E>(
        &self,
        observe: impl for<'a> Fn(&'a K) -> Observed<'a> + Send + Sync + 'static,
    ) -> ControllerOptions<K, E>
    where
        K: Lookup,
        K::DynamicType: Default,
    {
        self.controller_with(K::DynamicType::default(), observe)
    }

    /// Returns the options of a controller of a kind that is known at run time only.
    ///
    /// `dyntype` is what `Controller::new_with` takes.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::io;
    /// use gotk_metrics::kube::{ControllerOptions, RecorderExt as _};
    /// use gotk_metrics::{Observe as _, Recorder};
    /// use kube_core::{ApiResource, DynamicObject, GroupVersionKind};
    ///
    /// let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("example.com", "v1", "App"));
    /// let recorder = Recorder::new();
    /// let options: ControllerOptions<DynamicObject, io::Error> =
    ///     recorder.controller_with(resource, DynamicObject::observe);
    /// # drop(options);
    /// ```
    fn controller_with<K: Lookup, E>(
        &self,
        dyntype: K::DynamicType,
        observe: impl for<'a> Fn(&'a K) -> Observed<'a> + Send + Sync + 'static,
    ) -> ControllerOptions<K, E> {
        ControllerOptions::new(self.source_with(dyntype, observe))
    }

    /// Returns the options of a store of `K`, which implements [`Observe`].
    fn source<K>(&self) -> SourceOptions<K>
    where
        K: Lookup + Observe + 'static,
        K::DynamicType: Default,
    {
        self.source_of(K::observe)
    }

    /// Returns the options of a store of a kind of another crate, whose state a closure reads; see
    /// [`controller_of`](Self::controller_of).
    fn source_of<K>(
        &self,
        observe: impl for<'a> Fn(&'a K) -> Observed<'a> + Send + Sync + 'static,
    ) -> SourceOptions<K>
    where
        K: Lookup,
        K::DynamicType: Default,
    {
        self.source_with(K::DynamicType::default(), observe)
    }

    /// Returns the options of a store of a kind that is known at run time only.
    fn source_with<K: Lookup>(
        &self,
        dyntype: K::DynamicType,
        observe: impl for<'a> Fn(&'a K) -> Observed<'a> + Send + Sync + 'static,
    ) -> SourceOptions<K>;

    /// Reads the state of the store's objects at each scrape, until the guard is dropped.
    ///
    /// An object in the store is exposed with its suspension and its conditions Ready, Reconciling
    /// and Stalled, as far as it has them, also before its first reconcile and right after a
    /// restart. Objects without Ready get it, as `Unknown`, if another object of the store has it
    /// or if attempts on the kind are recorded. An object that has left the store was deleted in
    /// the cluster and shows `Deleted` until the grace period is over; that needs no finalizer. An
    /// object that a finalizer still holds shows its real state.
    ///
    /// Only the store that brought an object decides whether it was deleted. If several stores of
    /// a kind have the same object, the one that was tracked first exposes it. A store decides
    /// only after its first list: see [`TrackGuard::mark_synced`] for stores that stay empty.
    ///
    /// [`run_recorded`](super::ControllerExt::run_recorded) does this by itself. [`source`](Self::source)
    /// has options.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{Observe, Observed, Recorder, Format, kube::RecorderExt as _};
    /// use kube_runtime::reflector::store::Writer; // kube::runtime in a controller
    /// use kube_runtime::watcher::Event;
    /// # #[derive(Clone)]
    /// # struct App(k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta);
    /// # impl kube_core::Resource for App {
    /// #     type DynamicType = ();
    /// #     type Scope = k8s_openapi::NamespaceResourceScope;
    /// #     fn kind(_: &()) -> std::borrow::Cow<'_, str> { "App".into() }
    /// #     fn group(_: &()) -> std::borrow::Cow<'_, str> { "example.com".into() }
    /// #     fn version(_: &()) -> std::borrow::Cow<'_, str> { "v1".into() }
    /// #     fn plural(_: &()) -> std::borrow::Cow<'_, str> { "apps".into() }
    /// #     fn meta(&self) -> &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta { &self.0 }
    /// #     fn meta_mut(&mut self) -> &mut k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta { &mut self.0 }
    /// # }
    /// # let mut web = App(Default::default());
    /// # web.0.name = Some("web".into());
    ///
    /// impl Observe for App {
    ///     fn observe(&self) -> Observed<'_> {
    ///         Observed::new().suspended(true)
    ///     }
    /// }
    ///
    /// // A reflector fills this; a `Controller` has one, `Controller::store()`.
    /// let mut writer = Writer::<App>::default();
    /// let recorder = Recorder::new();
    /// let tracked = recorder.track(writer.as_reader());
    ///
    /// writer.apply_watcher_event(&Event::Apply(web));
    /// let line = r#"gotk_suspend_status{kind="App",name="web",namespace=""} 1"#;
    /// assert!(recorder.encode(Format::Text).contains(line));
    ///
    /// drop(tracked);
    /// assert!(!recorder.encode(Format::Text).contains(r#"name="web""#));
    /// ```
    fn track<K>(&self, store: Store<K>) -> TrackGuard
    where
        K: Observe + Resource + Clone + Send + Sync + 'static,
        K::DynamicType: Default + Eq + Hash + Clone,
    {
        self.source().track(store)
    }

    /// Makes each call of `reconcile` an attempt, for `Controller::run` or the applier.
    ///
    /// The attempt starts when the function is called and ends when its future is ready; see
    /// [`record`](crate::RecordReconcile::record). The controller is called like the kind, in lower
    /// case; [`ControllerOptions::instrument`] has options.
    ///
    /// This does not detect deletions. [`track`](Self::track) the controller's store and link it with
    /// [`ControllerOptions::of`], or call
    /// [`record_deleted`](crate::RecordReconcile::record_deleted) in the finalizer. Otherwise the
    /// series of deleted objects remain.
    ///
    /// Do not pass the returned function to [`run_recorded`](super::ControllerExt::run_recorded), and
    /// do not call [`record`](crate::RecordReconcile::record) inside `reconcile`: each reconcile
    /// would then count twice, which `gotkmetrics_attempts_overlapping_total` shows.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use std::{io, sync::Arc};
    /// # use futures_util::StreamExt as _;
    /// # use k8s_openapi::api::core::v1::ConfigMap;
    /// use gotk_metrics::{Recorder, kube::RecorderExt as _};
    /// use kube_runtime::{Controller, controller::Action}; // kube::runtime in a controller
    ///
    /// # fn error_policy(_: Arc<ConfigMap>, _: &io::Error, _: Arc<()>) -> Action { Action::await_change() }
    /// async fn reconcile(map: Arc<ConfigMap>, _: Arc<()>) -> Result<Action, io::Error> {
    ///     Ok(Action::await_change())
    /// }
    ///
    /// # async fn run(recorder: Recorder, controller: Controller<ConfigMap>) {
    /// controller
    ///     .run(recorder.instrument(reconcile), error_policy, Arc::new(()))
    ///     .for_each(|_| async {})
    ///     .await;
    /// # }
    /// ```
    fn instrument<K, Ctx, Fut, F, E>(
        &self,
        reconcile: F,
    ) -> impl FnMut(Arc<K>, Arc<Ctx>) -> ReconcileFuture<Fut, E> + use<Self, K, Ctx, Fut, F, E>
    where
        K: Lookup,
        K::DynamicType: Default,
        F: FnMut(Arc<K>, Arc<Ctx>) -> Fut,
        Fut: Future<Output = Result<Action, E>>,
        E: 'static,
    {
        self.controller_of(|_| Observed::new())
            .instrument(reconcile)
    }
}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for Recorder {}

impl RecorderExt for Recorder {
    fn source_with<K: Lookup>(
        &self,
        dyntype: K::DynamicType,
        observe: impl for<'a> Fn(&'a K) -> Observed<'a> + Send + Sync + 'static,
    ) -> SourceOptions<K> {
        SourceOptions::new(self, dyntype, Box::new(observe))
    }
}
