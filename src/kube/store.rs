//! A controller's store as a source of state.
//!
//! An object that is the same as at the last sync is neither read nor looked up again: its `Arc`
//! shows that.

use std::any::{TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::mem;

use super::deps::kube_core::{DynamicObject, Resource};
use super::deps::kube_runtime::reflector::{ObjectRef, Store};
use super::id_of;
use super::source::Observer;
use crate::ConditionType;
use crate::object::{Key, MAX_NAME, cap, capped_kind};
use crate::resource_info::{Guest, Info, InfoKind, InfoLabels};
use crate::series::View;
use crate::status::{Reading, Slot};
use crate::store::Denied;
use crate::sync::{Arc, Mutex, Weak};
use crate::tracking::{Pass, Seen, Source};
use crate::unwind::catch;

/// How many objects of the last sync one is compared with before it is taken for a new one. Those
/// that went or changed meanwhile stand before it, and a run of so many is unlikely unless all have
/// changed.
const WINDOW: usize = 64;

/// The API groups of Flux, all of whose kinds leave `spec.suspend` out if it is false.
const FLUX_GROUPS: &str = ".toolkit.fluxcd.io";

/// A store of kube-rs that is tracked.
pub(super) struct StoreSource<K>
where
    K: Resource + 'static,
    K::DynamicType: Eq + Hash,
{
    store: Store<K>,
    dyntype: K::DynamicType,
    observer: Observer<K>,
    kind: InfoKind,
    /// The labels of an object without any of its own.
    plain: Arc<Info>,
    conditions: Box<[(ConditionType, Slot)]>,
    /// How many condition types found no place in the recorder.
    refused_types: u64,
    last: Mutex<Last<K>>,
}

/// What the last sync has found.
struct Last<K> {
    /// In the order of the store.
    objects: Vec<Cached<K>>,
    facts: Facts,
    behind: Option<u64>,
    guests: Vec<Arc<Guest>>,
}

/// What is known of a kind by its objects. Each fact stays true once it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Facts {
    /// An object has had Ready, or attempts on the kind are recorded: then each object has it.
    has_ready: bool,
    /// An object has had a suspension, so that one without is not suspended.
    has_suspended: bool,
}

/// An object as the last sync found it. Weak, so that what has left the cache is freed.
struct Cached<K> {
    object: Weak<K>,
    /// A hash of its uid and its resourceVersion; None if it lacks one of them.
    version: Option<u64>,
    /// None if it was refused or could not be named.
    seen: Option<Seen>,
    /// Whether the cap has refused it, which counts once.
    is_refused: bool,
    /// Whether its status is about another generation than its spec; None without generations.
    behind: Option<bool>,
    /// If its record belongs to another group's object.
    guest: Option<Arc<Guest>>,
}

impl<K> Cached<K> {
    fn new(object: &Arc<K>, pass: &Pass<'_>) -> Self
    where
        K: Resource,
    {
        Self {
            object: Arc::downgrade(object),
            version: version(&**object, pass),
            seen: None,
            is_refused: false,
            behind: None,
            guest: None,
        }
    }

    fn is(&self, object: &Arc<K>) -> bool {
        self.object.as_ptr() == Arc::as_ptr(object)
    }
}

/// What is left of the last sync while another one looks for its objects in it.
struct Rest<K> {
    objects: Vec<Option<Cached<K>>>,
    /// Where the next object is expected.
    next: usize,
    /// How many objects in a row were not there.
    misses: usize,
    /// The places by version. Made when so many are not there that the store was listed again.
    by_version: Option<HashMap<u64, usize>>,
}

impl<K: Resource> Rest<K> {
    fn new(objects: Vec<Cached<K>>) -> Self {
        Self {
            objects: objects.into_iter().map(Some).collect(),
            next: 0,
            misses: 0,
            by_version: None,
        }
    }

    /// Takes out the object, or one of the same uid and version: a list makes new allocations of
    /// objects that have not changed.
    fn take(&mut self, object: &Arc<K>, pass: &Pass<'_>) -> Option<Cached<K>> {
        if self.misses < WINDOW {
            let near = self.objects.iter_mut().skip(self.next).take(WINDOW);
            let is_it = |slot: &Option<Cached<K>>| slot.as_ref().is_some_and(|one| one.is(object));
            if let Some((at, slot)) = near.enumerate().find(|(_, slot)| is_it(slot)) {
                self.next += at + 1;
                self.misses = 0;
                return slot.take();
            }
            self.misses += 1;
            return None;
        }
        let by_version = self.by_version.get_or_insert_with(|| {
            let places = self.objects.iter().enumerate();
            let places = places.filter_map(|(at, slot)| Some((slot.as_ref()?.version?, at)));
            places.collect()
        });
        let at = by_version.get(&version(&**object, pass)?)?;
        let mut found = self.objects.get_mut(*at)?.take()?;
        found.object = Arc::downgrade(object);
        Some(found)
    }
}

fn version<K: Resource>(object: &K, pass: &Pass<'_>) -> Option<u64> {
    let meta = object.meta();
    let (uid, version) = (meta.uid.as_ref()?, meta.resource_version.as_ref()?);
    Some(pass.hash((uid, version)))
}

impl<K> Default for Last<K> {
    fn default() -> Self {
        Self {
            objects: Vec::new(),
            facts: Facts::default(),
            behind: None,
            guests: Vec::new(),
        }
    }
}

impl<K> StoreSource<K>
where
    K: Resource + Clone + 'static,
    K::DynamicType: Eq + Hash + Clone,
{
    pub(super) fn new(
        store: Store<K>,
        dyntype: K::DynamicType,
        observer: Observer<K>,
        conditions: Box<[(ConditionType, Slot)]>,
        refused_types: u64,
        labels: InfoLabels,
    ) -> Self {
        let kind = InfoKind {
            group: cap(&K::group(&dyntype), MAX_NAME).into(),
            kind: capped_kind(&K::kind(&dyntype)).into(),
            version: cap(&K::version(&dyntype), MAX_NAME).into(),
            labels,
        };
        let has_suspended = is_dynamic::<K>() && kind.group.ends_with(FLUX_GROUPS);
        let facts = Facts {
            has_ready: false,
            has_suspended,
        };
        Self {
            store,
            plain: Arc::new(kind.info(None, |_| None)),
            kind,
            dyntype,
            observer,
            conditions,
            refused_types,
            last: Mutex::new(Last {
                facts,
                ..Last::default()
            }),
        }
    }

    /// Reads the objects that are not those of `last`.
    fn read_all(&self, pass: &Pass<'_>, objects: &[Arc<K>], last: &mut Last<K>) {
        let mut before = mem::take(&mut last.objects);
        let same = before.iter_mut().zip(objects);
        let same = same.take_while(|(cached, object)| cached.is(object));
        let same = same
            .map(|(cached, object)| self.renew(pass, object, cached, &mut last.facts))
            .count();
        // From here on something came, went or changed.
        let mut rest = Rest::new(before.split_off(same));
        last.objects = before;
        for object in objects.iter().skip(same) {
            let known = rest.take(object, pass);
            let mut cached = known.unwrap_or_else(|| Cached::new(object, pass));
            self.renew(pass, object, &mut cached, &mut last.facts);
            last.objects.push(cached);
        }
    }

    /// Reads the object unless it is the same as last time.
    fn renew(&self, pass: &Pass<'_>, object: &K, cached: &mut Cached<K>, facts: &mut Facts) {
        if let Some(seen) = &mut cached.seen
            && pass.see_again(seen)
            && pass.is_guest(seen) == cached.guest.is_some()
        {
            return;
        }
        cached.seen = None;
        cached.guest = None;
        let Some(id) = guarded(pass, || id_of(object, &self.dyntype)) else {
            return;
        };
        let (view, behind) = guarded(pass, || self.read_object(object, facts)).unzip();
        cached.behind = behind.flatten();
        let uid = pass.uid(object.meta().uid.as_deref());
        match pass.see(id.key(), uid, view.as_ref(), facts.has_ready) {
            Ok(seen) => {
                pass.count_refused_types(self.refused_types);
                cached.is_refused = false;
                if let Some(view) = view.filter(|_| pass.is_guest(&seen)) {
                    cached.guest = Some(Arc::new(Guest {
                        id: id.into_owned(),
                        info: view.info,
                        ready: view.reading.ready(),
                        suspended: view.reading.suspended(),
                    }));
                }
                cached.seen = Some(seen);
            }
            Err(Denied::Full) if !cached.is_refused => {
                pass.count_refused();
                cached.is_refused = true;
            }
            Err(_) => {}
        }
    }

    fn read_object(&self, object: &K, facts: &mut Facts) -> (View, Option<bool>) {
        let meta = object.meta();
        let deletion = meta.deletion_timestamp.as_ref();
        let deletion = deletion.map(|time| time.0.as_second());
        let observed = (self.observer)(object);
        let mut reading = Reading::default();
        for (condition, slot) in &self.conditions {
            if let Some(found) = observed.condition_of(condition.as_str()) {
                reading = reading.with_condition(*slot, found.status());
            }
        }
        let info = if deletion.is_some() || !self.kind.labels.is_empty() {
            Arc::new(self.kind.info(deletion, |label| observed.info_of(label)))
        } else {
            Arc::clone(&self.plain)
        };
        let suspended = observed.suspended;
        facts.has_ready |= reading.ready().is_some();
        facts.has_suspended |= suspended.is_some() && is_dynamic::<K>();
        let suspended = suspended.or(facts.has_suspended.then_some(false));
        if let Some(suspended) = suspended {
            reading = reading.with_suspended(suspended);
        }
        // Suspended, or held by a finalizer, it has another generation that nobody is to get to.
        let is_awaited = deletion.is_none() && suspended != Some(true);
        let behind = meta.generation.zip(observed.generation);
        // Also one above it, after a restore: kstatus compares for inequality too.
        let behind = behind.map(|(current, observed)| is_awaited && observed != current);
        (View { reading, info }, behind)
    }
}

/// Whether objects of `K` are read as they are, without a type of their own.
fn is_dynamic<K: 'static>() -> bool {
    TypeId::of::<K>() == TypeId::of::<DynamicObject>()
}

fn count_behind<K>(objects: &[Cached<K>]) -> Option<u64> {
    let owned = |cached: &&Cached<K>| cached.seen.as_ref().is_some_and(Seen::is_owned);
    let generations = objects.iter().filter(owned);
    let generations = generations.filter_map(|cached| cached.behind);
    let (mut any, mut behind) = (false, 0);
    for is_behind in generations {
        any = true;
        behind += u64::from(is_behind);
    }
    any.then_some(behind)
}

/// Runs the user's code; None if it panics, which is counted.
fn guarded<T>(pass: &Pass<'_>, read: impl FnOnce() -> T) -> Option<T> {
    let read = catch(read);
    if read.is_none() {
        pass.count_panic();
    }
    read
}

impl<K> Source for StoreSource<K>
where
    K: Resource + Clone + Send + Sync + 'static,
    K::DynamicType: Eq + Hash + Clone,
{
    fn group(&self) -> &str {
        &self.kind.group
    }

    fn kind(&self) -> &str {
        &self.kind.kind
    }

    fn read(&self, pass: &Pass<'_>) -> bool {
        let objects = self.store.state();
        // Taken out: user code runs under no lock.
        let mut last = mem::take(&mut *self.last.lock());
        let known = last.facts;
        last.facts.has_ready |= pass.has_attempts;
        if last.facts != known {
            last.objects.clear();
        }
        let known = last.facts;
        self.read_all(pass, &objects, &mut last);
        // A fact that an object has shown holds for those before it too.
        if last.facts != known {
            last.objects.clear();
            self.read_all(pass, &objects, &mut last);
        }
        last.behind = count_behind(&last.objects);
        let guests = last.objects.iter();
        last.guests = guests.filter_map(|cached| cached.guest.clone()).collect();
        *self.last.lock() = last;
        !objects.is_empty()
    }

    fn behind(&self) -> Option<u64> {
        self.last.lock().behind
    }

    fn guests(&self) -> Vec<Arc<Guest>> {
        self.last.lock().guests.clone()
    }

    fn holds(&self, key: Key<'_>) -> bool {
        let object = ObjectRef::<K>::new_with(key.name, self.dyntype.clone());
        let object = match key.namespace {
            "" => object,
            namespace => object.within(namespace),
        };
        if self.store.get(&object).is_some() {
            return true;
        }
        // The type is part of what the store looks up. One made at run time may differ from that of
        // the store, by a guessed plural for instance, without being another kind.
        let is_static = TypeId::of::<K::DynamicType>() == TypeId::of::<()>();
        !is_static
            && self
                .store
                .find(|object| id_of(object, &self.dyntype).key() == key)
                .is_some()
    }
}

impl<K> fmt::Debug for StoreSource<K>
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
