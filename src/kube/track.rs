//! The stores that a user has tracked.
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

/// The tracking of a store, which ends when this is dropped.
///
/// Then the series of its objects go at once, without `Deleted`, except for those that another
/// tracked store of the kind holds: this process watches them no longer and does not know what
/// becomes of them. [`forever`](Self::forever) keeps the tracking for as long as the recorder
/// lives.
///
/// After [`clear`](crate::RecordReconcile::clear) it does nothing more.
#[derive(Debug)]
#[must_use = "the tracking ends when this is dropped, and the series of the objects go; bind it to a name (`let _ =` drops it at once) or call `forever`"]
pub struct TrackGuard {
    /// None once it is kept for ever.
    live: Option<(Arc<Inner>, Arc<TrackedSource>)>,
}

pub(super) type Readiness = Box<dyn FnMut(&mut Context<'_>) -> bool + Send>;

impl TrackGuard {
    pub(super) fn new(inner: Arc<Inner>, source: Box<dyn Source>) -> Self {
        let source = inner.tracking.add(source);
        Self {
            live: Some((inner, source)),
        }
    }

    /// What asks whether the first list of `store`, the store of this, is complete. Returns true
    /// once there is no more to ask.
    pub(super) fn readiness<K>(&self, store: Store<K>) -> Readiness
    where
        K: Resource + Clone + Send + Sync + 'static,
        K::DynamicType: Eq + Hash + Clone,
    {
        let source = self.live.as_ref().map(|(_, source)| Arc::clone(source));
        Box::new(move |cx| {
            let Some(source) = source.as_ref().filter(|source| !source.is_ready()) else {
                return true;
            };
            let asked = pin!(store.wait_until_ready()).poll(cx);
            if matches!(asked, Poll::Ready(Ok(()))) {
                source.believe();
            }
            asked.is_ready()
        })
    }

    /// Keeps the store tracked until the recorder is cleared, or dropped with all its clones.
    pub fn forever(mut self) {
        self.live = None;
    }
}

impl Drop for TrackGuard {
    fn drop(&mut self) {
        if let Some((inner, source)) = &self.live {
            inner.tracking.remove(source, &inner.store);
        }
    }
}

impl Recorder {
    /// Reads the state of the store's objects at each scrape, until the guard is dropped.
    ///
    /// What is in the store is exposed: Ready and whichever of the conditions Reconciling and
    /// Stalled an object has, its suspension, also before its first reconcile and right after a
    /// restart. What is no longer in it was deleted in the cluster, and shows `Deleted` until
    /// the grace is over; no finalizer is needed for that. An object that is only about
    /// to be deleted, because a finalizer holds it, shows its real state.
    ///
    /// A store is believed once it was seen with an object in it, or once an
    /// [instrumented](Self::instrument) attempt on one of its objects has started: before that
    /// its first list may not be complete. Where two stores of a kind hold one object, the one
    /// that was tracked first says what state it is in.
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
    /// # let mut node = Node::default();
    /// # node.metadata.name = Some("n1".into());
    /// writer.apply_watcher_event(&Event::Apply(node));
    ///
    /// let line = r#"{kind="Node",name="n1",namespace="",status="Unknown",type="Ready"} 1"#;
    /// assert!(recorder.encode(Format::Text).contains(line));
    /// # drop(tracked);
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
