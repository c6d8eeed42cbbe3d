//! What a scrape must show once time is frozen, as JSON for a test.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use gotk_metrics::ConditionStatus;
use serde_json::{Value, json};

use crate::counts::Counts;
use crate::object::Object;

/// Objects of which no series is left are left out.
fn json(objects: &[Arc<Object>], now: Duration) -> Value {
    let mut attempts = BTreeMap::<_, BTreeMap<String, u64>>::new();
    let mut shown = Vec::new();
    for object in objects {
        let state = object.state();
        let of_kind = attempts.entry(object.kind.name).or_default();
        for (ending, count) in &state.attempts {
            *of_kind.entry(format!("{ending:?}")).or_default() += count;
        }
        if !state.is_gone(now) {
            shown.push(json!({
                "kind": object.id.kind(),
                "name": object.id.name(),
                "namespace": object.id.namespace(),
                // As it was before, if the object is deleted.
                "ready": state.ready.map(ConditionStatus::as_str),
                "suspended": state.suspended,
                "deleted": state.deleted_at.is_some(),
                "durations": state.durations,
            }));
        }
    }
    json!({
        "summary": Counts::of(objects, now).to_string(),
        "attempts": attempts,
        "objects": shown,
    })
}

/// By a rename, so that a reader finds all of it or nothing.
pub(crate) fn write(file: &Path, objects: &[Arc<Object>], now: Duration) -> io::Result<()> {
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    fs::write(&partial, format!("{:#}\n", json(objects, now)))?;
    fs::rename(&partial, file)
}
