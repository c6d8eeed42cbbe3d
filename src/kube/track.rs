//! A controller's store as a source of state.
//!
//! An object that is the same as at the last sync is neither read nor looked up again: its `Arc` says so.

use std::any::type_name;
use std::fmt;
use std::hash::Hash;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kube_core::Resource;
use kube_runtime::reflector::{ObjectRef, Store};

use super::id_of;
use super::observe::{Observe, Observed};
use super::options::Observer;
use crate::ConditionType;
use crate::inner::Inner;
use crate::object::{Key, capped_kind};
use crate::recorder::Recorder;
use crate::status::{Reading, Slot};
use crate::sync::{Arc, AtomicBool, Mutex, Ordering, Weak};
use crate::tracking::{Pass, Seen, Source, TrackedSource};

/// How many objects of the last sync one is compared with before it is taken for a new one. Those that went or changed
/// meanwhile stand before it, and a run of so many is unlikely unless all have changed.
const WINDOW: usize = 64;

/// The tracking of a store, which ends when this is dropped.
///
/// Then the series of its objects go at once, without `Deleted`, except for those that another tracked store of the
/// kind holds: this process watches them no longer and does not know what becomes of them.
/// [`forever`](Self::forever) keeps the tracking for as long as the recorder lives.
///
/// After [`clear`](crate::RecordReconcile::clear) it does nothing more.
#[derive(Debug)]
#[must_use = "the tracking ends when this is dropped, and the series of the objects go; keep it or call `forever`"]
pub struct Tracked {
    /// None once it is kept for ever.
    live: Option<(Arc<Inner>, Arc<TrackedSource>)>,
}

impl Tracked {
    pub(super) fn new(inner: Arc<Inner>, source: Box<dyn Source>) -> Self {
        let source = inner.tracking.add(source);
        Self {
            live: Some((inner, source)),
        }
    }

    /// Keeps the store tracked until the recorder is cleared, or dropped with all its clones.
    pub fn forever(mut self) {
        self.live = None;
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        if let Some((inner, source)) = &self.live {
            inner.tracking.remove(source, &inner.store);
        }
    }
}

impl Recorder {
    /// Reads the state of the store's objects at each scrape, for as long as the returned guard lives.
    ///
    /// What is in the store is exposed: Ready and whichever of the conditions Reconciling and Stalled an object has, its
    /// suspension, also before its first reconcile and right after a restart. What is no longer in it was deleted in the
    /// cluster, and shows `Deleted` until the grace is over; no finalizer is needed for that. An object that is only about
    /// to be deleted, because a finalizer holds it, shows its real state.
    ///
    /// A store is believed once it was seen with an object in it, or once an [instrumented](Self::instrument)
    /// attempt on an object of the kind has started: before that its first list is not complete. Where two stores of a
    /// kind hold one object, the one that was tracked first says what state it is in.
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
    pub fn track<K>(&self, store: Store<K>) -> Tracked
    where
        K: Observe + Resource + Clone + Send + Sync + 'static,
        K::DynamicType: Default + Eq + Hash + Clone,
    {
        self.controller::<K>().track(store)
    }

    /// [`track`](Self::track) for a kind of another crate or one that is known at run time only: `observe` says what state
    /// an object is in.
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
    ) -> Tracked
    where
        K: Resource + Clone + Send + Sync + 'static,
        K::DynamicType: Eq + Hash + Clone,
    {
        self.controller_with(dyntype).observe(observe).track(store)
    }
}

/// A store of kube-rs that is tracked.
pub(super) struct StoreSource<K, O>
where
    K: Resource + 'static,
    K::DynamicType: Eq + Hash,
{
    store: Store<K>,
    dyntype: K::DynamicType,
    kind: Box<str>,
    observer: O,
    conditions: Box<[(ConditionType, Slot)]>,
    /// Whether an attempt of its controller has started, which waits for the first list.
    started: Arc<AtomicBool>,
    /// Whether it was ever seen with an object in it.
    filled: AtomicBool,
    /// In the order in which the store told them.
    last: Mutex<Vec<Cached<K>>>,
    /// As of the last visit.
    behind: Mutex<Option<u64>>,
}

/// An object as the last sync found it. Weak, so that what has left the cache is freed.
struct Cached<K> {
    object: Weak<K>,
    /// None if it was refused or could not be named.
    seen: Option<Seen>,
    /// Whether its status is of an older generation than its spec; None if it does not tell.
    behind: Option<bool>,
}

impl<K> Cached<K> {
    fn is(&self, object: &Arc<K>) -> bool {
        self.object.as_ptr() == Arc::as_ptr(object)
    }
}

impl<K, O> StoreSource<K, O>
where
    K: Resource + Clone + 'static,
    K::DynamicType: Eq + Hash + Clone,
    O: Observer<K>,
{
    pub(super) fn new(
        store: Store<K>,
        dyntype: K::DynamicType,
        observer: O,
        conditions: Box<[(ConditionType, Slot)]>,
        started: Arc<AtomicBool>,
    ) -> Self {
        Self {
            store,
            kind: capped_kind(&K::kind(&dyntype)).into(),
            dyntype,
            observer,
            conditions,
            started,
            filled: AtomicBool::new(false),
            last: Mutex::default(),
            behind: Mutex::default(),
        }
    }

    /// Reads the object unless it is the same as last time.
    fn renew(&self, pass: &Pass<'_>, object: &K, cached: &mut Cached<K>) {
        let known = cached.seen.as_mut();
        if known.is_some_and(|seen| pass.see_again(seen)) {
            return;
        }
        cached.seen = None;
        let Some(id) = guarded(pass, || id_of(object, &self.dyntype)) else {
            return;
        };
        let (reading, behind) = guarded(pass, || self.read(object)).unzip();
        cached.behind = behind.flatten();
        cached.seen = pass.see(id.key(), reading);
    }

    fn read(&self, object: &K) -> (Reading, Option<bool>) {
        let mut reading = Reading::default();
        let mut observed_generation = None;
        self.observer.show(object, &mut |observed| {
            for (condition, slot) in &self.conditions {
                if let Some(status) = observed.condition(condition.as_str()) {
                    reading = reading.with_condition(*slot, status);
                }
            }
            if let Some(suspended) = observed.suspended() {
                reading = reading.with_suspended(suspended);
            }
            observed_generation = observed.observed_generation();
        });
        let generation = object.meta().generation;
        let behind = generation.zip(observed_generation);
        (
            reading,
            behind.map(|(current, observed)| observed < current),
        )
    }

    fn count_behind(&self, objects: &[Cached<K>]) {
        let written = |cached: &&Cached<K>| cached.seen.as_ref().is_some_and(Seen::is_written);
        let told = objects.iter().filter(written);
        let told = told.filter_map(|cached| cached.behind);
        let (mut any, mut behind) = (false, 0);
        for is_behind in told {
            any = true;
            behind += u64::from(is_behind);
        }
        *self.behind.lock() = any.then_some(behind);
    }
}

/// Runs the user's code; None if it panics, which is counted.
fn guarded<T>(pass: &Pass<'_>, read: impl FnOnce() -> T) -> Option<T> {
    let read = catch_unwind(AssertUnwindSafe(read));
    read.map_err(|payload| {
        // Leaked: its drop is the user's code and could panic too.
        mem::forget(payload);
        pass.count_panic();
    })
    .ok()
}

impl<K, O> Source for StoreSource<K, O>
where
    K: Resource + Clone + Send + Sync + 'static,
    K::DynamicType: Eq + Hash + Clone,
    O: Observer<K>,
{
    fn kind(&self) -> &str {
        &self.kind
    }

    fn is_ready(&self) -> bool {
        // Relaxed: the store's own lock orders it, which whoever set it had before.
        self.filled.load(Ordering::Relaxed) || self.started.load(Ordering::Relaxed)
    }

    fn visit(&self, pass: &Pass<'_>) {
        let objects = self.store.state();
        if !objects.is_empty() {
            self.filled.store(true, Ordering::Relaxed);
        }
        // Taken out: user code runs under no lock.
        let mut last = mem::take(&mut *self.last.lock());
        let same = last.iter_mut().zip(&objects);
        let same = same.take_while(|(cached, object)| cached.is(object));
        let same = same
            .map(|(cached, object)| self.renew(pass, object, cached))
            .count();
        // From here on something came, went or changed.
        let mut before = last.split_off(same).into_iter();
        for object in objects.iter().skip(same) {
            let mut near = before.as_slice().iter().take(WINDOW);
            let known = near.position(|cached| cached.is(object));
            let known = known.and_then(|at| before.nth(at));
            let mut cached = known.unwrap_or_else(|| Cached {
                object: Arc::downgrade(object),
                seen: None,
                behind: None,
            });
            self.renew(pass, object, &mut cached);
            last.push(cached);
        }
        self.count_behind(&last);
        *self.last.lock() = last;
    }

    fn behind(&self) -> Option<u64> {
        *self.behind.lock()
    }

    fn holds(&self, key: Key<'_>) -> bool {
        let object = ObjectRef::<K>::new_with(key.name, self.dyntype.clone());
        let object = match key.namespace {
            "" => object,
            namespace => object.within(namespace),
        };
        self.store.get(&object).is_some()
    }
}

impl<K, O> fmt::Debug for StoreSource<K, O>
where
    K: Resource,
    K::DynamicType: Eq + Hash,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSource")
            .field("kind", &self.kind)
            .field("type", &type_name::<K>())
            .finish_non_exhaustive()
    }
}
