//! A controller's store as a source of state.
//!
//! An object that is the same as at the last sync is neither read nor looked up again: its `Arc`
//! says so.

use std::any::type_name;
use std::fmt;
use std::hash::Hash;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kube_core::Resource;
use kube_runtime::reflector::{ObjectRef, Store};

use super::id_of;
use super::options::Observer;
use crate::ConditionType;
use crate::object::{Key, MAX_NAME, cap, capped_kind};
use crate::resource_info::{Info, InfoKind, InfoLabels};
use crate::series::View;
use crate::status::{Reading, Slot};
use crate::sync::{Arc, AtomicBool, Mutex, Ordering, Weak};
use crate::tracking::{Pass, Seen, Source};

/// How many objects of the last sync one is compared with before it is taken for a new one. Those
/// that went or changed meanwhile stand before it, and a run of so many is unlikely unless all have
/// changed.
const WINDOW: usize = 64;

/// A store of kube-rs that is tracked.
pub(super) struct StoreSource<K, O>
where
    K: Resource + 'static,
    K::DynamicType: Eq + Hash,
{
    store: Store<K>,
    dyntype: K::DynamicType,
    observer: O,
    kind: InfoKind,
    /// The labels of an object without any of its own.
    plain: Arc<Info>,
    conditions: Box<[(ConditionType, Slot)]>,
    /// Whether its first list is complete, by whatever sign. Shared with the controller that
    /// `run_recorded` runs.
    ready: Arc<AtomicBool>,
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
        labels: InfoLabels,
        ready: Arc<AtomicBool>,
    ) -> Self {
        let kind = InfoKind {
            group: cap(&K::group(&dyntype), MAX_NAME).into(),
            kind: capped_kind(&K::kind(&dyntype)).into(),
            version: cap(&K::version(&dyntype), MAX_NAME).into(),
            labels,
        };
        Self {
            store,
            plain: Arc::new(kind.info(None, |_| None)),
            kind,
            dyntype,
            observer,
            conditions,
            ready,
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
        let (view, behind) = guarded(pass, || self.read(object)).unzip();
        cached.behind = behind.flatten();
        cached.seen = pass.see(id.key(), view.as_ref());
    }

    fn read(&self, object: &K) -> (View, Option<bool>) {
        let meta = object.meta();
        let deletion = meta.deletion_timestamp.as_ref();
        let deletion = deletion.map(|time| time.0.as_second());
        let mut reading = Reading::default();
        let mut observed_generation = None;
        let mut is_suspended = false;
        let mut info = Arc::clone(&self.plain);
        self.observer.show(object, &mut |observed| {
            for (condition, slot) in &self.conditions {
                if let Some(status) = observed.condition(condition.as_str()) {
                    reading = reading.with_condition(*slot, status);
                }
            }
            if let Some(suspended) = observed.suspended() {
                reading = reading.with_suspended(suspended);
                is_suspended = suspended;
            }
            observed_generation = observed.observed_generation();
            if deletion.is_some() || !self.kind.labels.is_empty() {
                info = Arc::new(self.kind.info(deletion, |label| observed.info(label)));
            }
        });
        // Suspended, or held by a finalizer, it has another generation that nobody is to get to.
        let is_awaited = deletion.is_none() && !is_suspended;
        let behind = meta.generation.zip(observed_generation);
        let behind = behind.map(|(current, observed)| is_awaited && observed < current);
        (View { reading, info }, behind)
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
        &self.kind.kind
    }

    fn is_ready(&self) -> bool {
        // Acquire: with the release of whoever set it, who had seen the list, what is read
        // afterwards has it too.
        self.ready.load(Ordering::Acquire)
    }

    fn believe(&self) {
        self.ready.store(true, Ordering::Release);
    }

    fn visit(&self, pass: &Pass<'_>) -> bool {
        // Before they are read: a list that comes afterwards is not in them.
        let was_ready = self.is_ready();
        let objects = self.store.state();
        let is_complete = was_ready || !objects.is_empty();
        if is_complete {
            self.believe();
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
        is_complete
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
            .field("kind", &self.kind.kind)
            .field("type", &type_name::<K>())
            .finish_non_exhaustive()
    }
}
