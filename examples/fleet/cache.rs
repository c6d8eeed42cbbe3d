//! Feature kube: the objects as a controller of kube-rs has them, in a store that the recorder reads.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use gotk_metrics::kube::{RecorderExt as _, TrackGuard};
use gotk_metrics::{ConditionStatus, Observe as _, Recorder};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube_core::{ApiResource, DynamicObject, GroupVersionKind};
use kube_runtime::reflector::store::Writer;
use kube_runtime::watcher::Event;
use serde_json::json;

use crate::kind::KINDS;
use crate::object::Object;
use crate::state::State;

pub(crate) struct Cache {
    kinds: HashMap<&'static str, Kept>,
}

struct Kept {
    resource: ApiResource,
    /// What a watch writes to, and here the simulation.
    writer: Mutex<Writer<DynamicObject>>,
    _tracked: TrackGuard,
}

impl Cache {
    /// Whether an object that is in it shows Ready, reconciled or not.
    pub(crate) const IS_TRACKED: bool = true;

    pub(crate) fn new(recorder: &Recorder) -> Self {
        let kept = KINDS.iter().map(|kind| {
            let (group, version) = group(kind.name);
            let gvk = GroupVersionKind::gvk(group, version, kind.name);
            let resource = ApiResource::from_gvk(&gvk);
            let mut writer = Writer::new(resource.clone());
            // The first list: nothing is there yet.
            writer.apply_watcher_event(&Event::InitDone);
            let options = recorder.source_with(resource.clone(), DynamicObject::observe);
            let tracked = options.track(writer.as_reader());
            tracked.mark_synced();
            let kept = Kept {
                resource,
                writer: Mutex::new(writer),
                _tracked: tracked,
            };
            (kind.name, kept)
        });
        let kinds = kept.collect();
        Self { kinds }
    }

    /// The object is as its state says from now on, or gone.
    pub(crate) fn put(&self, object: &Object) {
        let Some(kept) = self.kinds.get(object.kind.name) else {
            return;
        };
        let state = object.state();
        let now = as_dynamic(object, &state, &kept.resource);
        let event = match state.deleted_at {
            None => Event::Apply(now),
            Some(_) => Event::Delete(now),
        };
        let mut writer = kept.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.apply_watcher_event(&event);
    }
}

fn group(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "Kustomization" => ("kustomize.toolkit.fluxcd.io", "v1"),
        "HelmRelease" => ("helm.toolkit.fluxcd.io", "v2"),
        _ => ("source.toolkit.fluxcd.io", "v1"),
    }
}

fn as_dynamic(object: &Object, state: &State, resource: &ApiResource) -> DynamicObject {
    let ready = state.ready.map(|ready| ("Ready", ready.as_str()));
    let others = state
        .conditions
        .iter()
        .map(|(condition, &holds)| (condition.as_str(), ConditionStatus::from(holds).as_str()));
    let conditions = ready.into_iter().chain(others);
    let conditions = conditions.map(|(type_, status)| json!({ "type": type_, "status": status }));
    let mut made = DynamicObject::new(object.id.name(), resource).within(object.id.namespace());
    made.metadata.generation = Some(state.generation);
    made.metadata.deletion_timestamp = state.asked_to_go.map(|at| {
        let seconds = i64::try_from(at.as_secs()).unwrap_or_default();
        Time(Timestamp::from_second(seconds).unwrap_or_default())
    });
    made.data = json!({
        "spec": { "suspend": state.suspended },
        "status": {
            "observedGeneration": state.observed_generation,
            "conditions": conditions.collect::<Vec<_>>(),
        },
    });
    made
}
