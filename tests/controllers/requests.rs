//! What tests ask of the API, as other users of the cluster would.
//!
//! Each request is over, and whoever watches has been told, when it returns.

use std::fmt::Debug;
use std::time::Duration;

use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::kinds::Step;

/// Lets every task run until all wait for time to pass.
pub(crate) async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

pub(crate) async fn create<K>(api: &Api<K>, object: K) -> K
where
    K: Clone + Debug + DeserializeOwned + Serialize,
{
    let created = api.create(&PostParams::default(), &object).await;
    settle().await;
    created.unwrap()
}

pub(crate) async fn change<K>(api: &Api<K>, name: &str, patch: Value) -> K
where
    K: Clone + Debug + DeserializeOwned,
{
    let patch = Patch::Merge(patch);
    let changed = api.patch(name, &PatchParams::default(), &patch).await;
    settle().await;
    changed.unwrap()
}

/// What the object is to do when it is reconciled from now on.
pub(crate) async fn tell<K>(api: &Api<K>, name: &str, step: Step) -> K
where
    K: Clone + Debug + DeserializeOwned,
{
    change(api, name, json!({ "spec": { "step": step } })).await
}

/// The object has these conditions from now on, and no others.
pub(crate) async fn judge<K>(api: &Api<K>, name: &str, conditions: &[(&str, &str)]) -> K
where
    K: Clone + Debug + DeserializeOwned,
{
    let status = json!({ "conditions": list(conditions) });
    let judged = set_status(api, name, status).await;
    settle().await;
    judged.unwrap()
}

pub(crate) async fn delete<K>(api: &Api<K>, name: &str)
where
    K: Clone + Debug + DeserializeOwned,
{
    let deleted = api.delete(name, &DeleteParams::default()).await;
    settle().await;
    deleted.unwrap();
}

/// As a controller does it, which goes on at once.
pub(crate) async fn set_status<K>(api: &Api<K>, name: &str, status: Value) -> kube::Result<K>
where
    K: Clone + Debug + DeserializeOwned,
{
    let patch = Patch::Merge(json!({ "status": status }));
    let parameters = PatchParams::default();
    api.patch_status(name, &parameters, &patch).await
}

/// The conditions of a status, by type and status.
pub(crate) fn list(conditions: &[(&str, &str)]) -> Vec<Value> {
    let conditions = conditions.iter();
    let conditions = conditions.map(|(type_, status)| condition(type_, status));
    conditions.collect()
}

fn condition(type_: &str, status: &str) -> Value {
    json!({
        "type": type_,
        "status": status,
        "reason": "Test",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    })
}
