//! The guard of a tracked store.
//!
//! A store is tracked for as long as its guard lives, since it has no sign of its own end.

use std::future::Future as _;
use std::hash::Hash;
use std::pin::pin;
use std::task::{Context, Poll};

use kube_core::Resource;
use kube_runtime::reflector::Store;

use super::observe::{Observe, Observed};
use crate::inner::Inner;
use crate::recorder::Recorder;
use crate::sync::Arc;
use crate::tracking::{Source, TrackedSource};

/// Keeps a store tracked until it is dropped.
///
/// When it is dropped, the series of the store's objects go without `Deleted`: this process no
/// longer watches them and does not know what becomes of them. They go at once if no other store
/// of the kind is tracked, otherwise at the next scrape, except for objects that another store has.
/// To track a store for as long as the process runs, keep the guard in `main`.
///
/// The reconciles of a controller whose store is tracked by hand should be linked to the guard with
/// [`ControllerOptions::of`](crate::ControllerOptions::of). Without the link, an attempt that
/// starts after the guard was dropped creates series that nothing removes.
#[derive(Debug)]
#[must_use = "the tracking ends when this is dropped, and the series of the objects go; bind it to a name (`let _ =` drops it at once)"]
pub struct TrackGuard {
    inner: Arc<Inner>,
    source: Arc<TrackedSource>,
}

/// Polls for the first list of a store; returns true once there is nothing more to poll.
pub(super) type FirstList = Box<dyn FnMut(&mut Context<'_>) -> bool + Send>;

impl TrackGuard {
    pub(super) fn new(inner: Arc<Inner>, source: Box<dyn Source>, is_started: bool) -> Self {
        let source = inner.tracking.add(source, is_started);
        Self { inner, source }
    }

    /// Declares that the first list of the store is complete, even if it is empty.
    ///
    /// An object that was recorded but is not in the store counts as deleted only after its store
    /// is known to have its first list. A store shows that by itself once it has contained an
    /// object. A store that stays empty does not, so deletions of objects that lived between two
    /// scrapes would never be exposed, and `gotkmetrics_sources` would show the store as waiting.
    /// Call this after `Store::wait_until_ready` has returned. [`run_recorded`] and a controller
    /// linked with [`of`] do it by themselves.
    ///
    /// [`run_recorded`]: crate::ControllerExt::run_recorded
    /// [`of`]: crate::ControllerOptions::of
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use gotk_metrics::{Observed, Recorder};
    /// # use k8s_openapi::api::core::v1::Node;
    /// # use kube_runtime::reflector::Store;
    /// # async fn track(recorder: Recorder, store: Store<Node>) -> Result<(), Box<dyn std::error::Error>> {
    /// let tracked = recorder.track_with(store.clone(), (), |_: &Node| Observed::new());
    /// store.wait_until_ready().await?;
    /// tracked.mark_synced();
    /// # Ok(())
    /// # }
    /// ```
    pub fn mark_synced(&self) {
        self.source.mark_synced();
    }

    /// The source, for a controller of `kind` that records to `recorder`.
    pub(super) fn source_of(
        &self,
        recorder: &Arc<Inner>,
        kind: &str,
    ) -> Option<Arc<TrackedSource>> {
        let fits = Arc::ptr_eq(&self.inner, recorder) && self.source.kind() == kind;
        fits.then(|| Arc::clone(&self.source))
    }

    pub(super) fn source(&self) -> &Arc<TrackedSource> {
        &self.source
    }

    /// Returns what polls for the first list of `store`, the store of this.
    pub(super) fn first_list<K>(&self, store: Store<K>) -> FirstList
    where
        K: Resource + Clone + Send + Sync + 'static,
        K::DynamicType: Eq + Hash + Clone,
    {
        let source = Arc::clone(&self.source);
        Box::new(move |cx| {
            source.mark_started();
            if source.is_synced() {
                return true;
            }
            let polled = pin!(store.wait_until_ready()).poll(cx);
            if matches!(polled, Poll::Ready(Ok(()))) {
                source.mark_synced();
            }
            polled.is_ready()
        })
    }
}

impl Drop for TrackGuard {
    fn drop(&mut self) {
        self.inner.tracking.end(&self.source, &self.inner.store);
    }
}

impl Recorder {
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
    /// [`run_recorded`](crate::ControllerExt::run_recorded) does this by itself.
    /// [`ControllerOptions::track`](crate::ControllerOptions::track) has options.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{Format, Observe, Recorder};
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
    ///     fn suspended(&self) -> Option<bool> {
    ///         Some(true)
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
    pub fn track<K>(&self, store: Store<K>) -> TrackGuard
    where
        K: Observe + Resource + Clone + Send + Sync + 'static,
        K::DynamicType: Default + Eq + Hash + Clone,
    {
        self.controller::<K>().track(store)
    }

    /// [`track`](Self::track), where a closure says what state an object is in.
    ///
    /// For a kind of another crate, or one that is known at run time only.
    ///
    /// # Panics
    ///
    /// Never. `observe` is treated as the methods of [`Observe`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{ConditionStatus, Format, Observed, Recorder};
    /// use k8s_openapi::api::core::v1::Node;
    /// use kube_runtime::reflector::store::Writer;
    /// use kube_runtime::watcher::Event;
    ///
    /// let mut writer = Writer::<Node>::default();
    /// let recorder = Recorder::new();
    /// let tracked = recorder.track_with(writer.as_reader(), (), |node: &Node| {
    ///     let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    ///     let ready = conditions.filter(|c| c.type_ == "Ready").map(|c| &*c.status).next();
    ///     Observed::new().condition("Ready", ready.map(ConditionStatus::parse))
    /// });
    /// # let node: Node = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "n1"}, "status": {"conditions": [{"type": "Ready", "status": "False"}]}}"#,
    /// # )?;
    /// writer.apply_watcher_event(&Event::Apply(node));
    ///
    /// let line = r#"{kind="Node",name="n1",namespace="",status="False",type="Ready"} 1"#;
    /// assert!(recorder.encode(Format::Text).contains(line));
    /// # drop(tracked);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn track_with<K>(
        &self,
        store: Store<K>,
        dyntype: K::DynamicType,
        observe: impl Fn(&K) -> Observed + Send + Sync + 'static,
    ) -> TrackGuard
    where
        K: Resource + Clone + Send + Sync + 'static,
        K::DynamicType: Eq + Hash + Clone,
    {
        self.controller_with(dyntype).observe(observe).track(store)
    }
}
