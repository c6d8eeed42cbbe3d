//! How the objects of a store are exposed.

use std::borrow::Cow;
use std::fmt;
use std::hash::Hash;

use super::deps::kube_core::Resource;
use super::deps::kube_runtime::reflector::{Lookup, Store};
use super::store::StoreSource;
use super::track::TrackGuard;
use crate::object::capped_kind;
use crate::recorder::Recorder;
use crate::resource_info::{InfoLabelError, InfoLabels};
use crate::status::Slot;
use crate::sync::Arc;
use crate::{ConditionType, Observed};

/// Reads what is exposed of an object.
pub(super) type Observer<K> = Box<dyn for<'a> Fn(&'a K) -> Observed<'a> + Send + Sync>;

/// How the objects of a store are exposed.
///
/// Made by [`RecorderExt::source`](super::RecorderExt::source) and its siblings, for a store that is
/// tracked by hand. The options of a controller contain these.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{Observed, Recorder, kube::RecorderExt as _};
/// use k8s_openapi::api::core::v1::Node;
/// use kube_runtime::reflector::store::Writer; // kube::runtime in a controller
///
/// let writer = Writer::<Node>::default();
/// let recorder = Recorder::new();
/// let tracked = recorder
///     .source_of(|node: &Node| {
///         Observed::new().conditions(node.status.as_ref().map(|status| &status.conditions))
///     })
///     .conditions(["MemoryPressure"])
///     .track(writer.as_reader());
/// # drop(tracked);
/// ```
#[must_use = "options do nothing by themselves; call `track`"]
pub struct SourceOptions<K: Lookup> {
    pub(super) recorder: Recorder,
    pub(super) dyntype: K::DynamicType,
    observer: Observer<K>,
    conditions: Vec<ConditionType>,
    info_labels: InfoLabels,
}

impl<K: Lookup> SourceOptions<K> {
    pub(super) fn new(recorder: &Recorder, dyntype: K::DynamicType, observer: Observer<K>) -> Self {
        Self {
            recorder: recorder.clone(),
            dyntype,
            observer,
            conditions: vec![ConditionType::RECONCILING, ConditionType::STALLED],
            info_labels: InfoLabels::default(),
        }
    }

    /// Sets the condition types besides Ready that are exposed, if an object has them.
    ///
    /// Each costs four series per object. Defaults to Reconciling and Stalled, which Flux's kinds
    /// have.
    pub fn conditions<T>(mut self, types: impl IntoIterator<Item = T>) -> Self
    where
        T: Into<ConditionType>,
    {
        self.conditions = types.into_iter().map(Into::into).collect();
        self
    }

    /// Adds labels to `gotk_resource_info`, whose values [`Observed::info`] sets.
    ///
    /// Names of labels only: their values are bounded and come from each object. Defaults to none.
    ///
    /// # Errors
    ///
    /// Returns [`InfoLabelError`] if a name is not valid for a label, is reserved, or occurs twice.
    pub fn info_labels<T>(
        mut self,
        names: impl IntoIterator<Item = T>,
    ) -> Result<Self, InfoLabelError>
    where
        T: Into<Cow<'static, str>>,
    {
        self.info_labels = InfoLabels::new(names.into_iter().map(T::into).collect())?;
        Ok(self)
    }

    /// Reads the state of the store's objects at each scrape, until the guard is dropped; see
    /// [`RecorderExt::track`](super::RecorderExt::track).
    pub fn track(self, store: Store<K>) -> TrackGuard
    where
        K: Resource<DynamicType = <K as Lookup>::DynamicType> + Clone + Send + Sync + 'static,
        <K as Lookup>::DynamicType: Eq + Hash + Clone,
    {
        self.track_started(store, true)
    }

    /// Unless it `is_started`, the store is not expected to have its first list yet.
    pub(super) fn track_started(self, store: Store<K>, is_started: bool) -> TrackGuard
    where
        K: Resource<DynamicType = <K as Lookup>::DynamicType> + Clone + Send + Sync + 'static,
        <K as Lookup>::DynamicType: Eq + Hash + Clone,
    {
        let inner = &self.recorder.inner;
        let types = [ConditionType::READY].into_iter().chain(self.conditions);
        let mut refused = 0;
        let types = types.filter_map(|condition| {
            let slot = inner.types.slot(&condition);
            refused += u64::from(slot.is_none());
            Some((condition, slot?))
        });
        let types: Box<[(ConditionType, Slot)]> = types.collect();
        let labels = self.info_labels;
        let source = StoreSource::new(store, self.dyntype, self.observer, types, refused, labels);
        TrackGuard::new(Arc::clone(inner), Box::new(source), is_started)
    }

    /// The kind, capped.
    pub(super) fn kind(&self) -> String {
        capped_kind(&K::kind(&self.dyntype)).to_owned()
    }
}

impl<K: Lookup> fmt::Debug for SourceOptions<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceOptions")
            .field("kind", &K::kind(&self.dyntype))
            .field("conditions", &self.conditions)
            .field("info_labels", &self.info_labels)
            .finish_non_exhaustive()
    }
}
