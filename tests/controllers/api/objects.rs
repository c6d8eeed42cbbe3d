//! How an object changes: what the server keeps for itself, what it counts, and when it lets go.
//!
//! Pure functions of JSON; nothing here knows versions or watches.

use json_patch::PatchOperation;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::request::{Change, Part, Place};

/// The object as it is stored first. Like the real one, it has no status yet.
pub(crate) fn created(mut object: Value, place: &Place, uid: &str) -> Result<Value, Refusal> {
    let fields = object.as_object_mut();
    let fields = fields.ok_or_else(|| Refusal::bad_request("an object is wanted"))?;
    fields.remove("status");
    let metadata = &mut object["metadata"];
    if let Some(namespace) = &place.namespace {
        metadata["namespace"] = json!(namespace);
    }
    metadata["uid"] = json!(uid);
    metadata["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    metadata["generation"] = json!(1);
    Ok(object)
}

/// The object after a change; equal to the old one if there is nothing to do.
pub(crate) fn updated(old: &Value, part: Part, change: Change) -> Result<Value, Refusal> {
    let wanted = changed(old, change)?;
    let version = &wanted["metadata"]["resourceVersion"];
    if !version.is_null() && version != &old["metadata"]["resourceVersion"] {
        return Err(Refusal::conflict("the object has been modified"));
    }
    let mut new = old.clone();
    if part == Part::Status {
        put(&mut new, "status", &wanted["status"]);
        return Ok(new);
    }
    for field in ["finalizers", "labels", "annotations"] {
        put(&mut new["metadata"], field, &wanted["metadata"][field]);
    }
    let fields = wanted.as_object().into_iter().flatten();
    let mut differs = false;
    for (field, value) in fields.filter(|(field, _)| *field != "metadata" && *field != "status") {
        differs |= &new[field] != value;
        put(&mut new, field, value);
    }
    if differs {
        count_generation(&mut new);
    }
    Ok(new)
}

/// The object once somebody wants it deleted while a finalizer still holds it.
pub(crate) fn condemned(old: &Value) -> Value {
    let mut new = old.clone();
    if !is_condemned(&new) {
        new["metadata"]["deletionTimestamp"] = json!("2026-01-02T00:00:00Z");
        count_generation(&mut new);
    }
    new
}

pub(crate) fn is_condemned(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

pub(crate) fn is_held(object: &Value) -> bool {
    let finalizers = object["metadata"]["finalizers"].as_array();
    finalizers.is_some_and(|finalizers| !finalizers.is_empty())
}

fn changed(old: &Value, change: Change) -> Result<Value, Refusal> {
    let mut new = old.clone();
    match change {
        Change::Replace(object) => return Ok(object),
        Change::Merge(patch) | Change::Apply(patch) => json_patch::merge(&mut new, &patch),
        Change::Json(mut patch) => {
            // In the library of the real server, a test for null holds where nothing is.
            patch.0.retain(|operation| match operation {
                PatchOperation::Test(test) => {
                    !test.value.is_null() || test.path.resolve(&new).is_ok()
                }
                _ => true,
            });
            json_patch::patch(&mut new, &patch).map_err(Refusal::invalid)?;
        }
    }
    Ok(new)
}

fn count_generation(object: &mut Value) {
    let generation = &mut object["metadata"]["generation"];
    *generation = json!(generation.as_u64().unwrap_or(0) + 1);
}

/// Sets a field or, since no field is null here, removes it.
fn put(object: &mut Value, field: &str, value: &Value) {
    if !value.is_null() {
        object[field] = value.clone();
    } else if let Some(fields) = object.as_object_mut() {
        fields.remove(field);
    }
}
