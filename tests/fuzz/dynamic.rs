//! Any JSON as an object of a kind that is known at run time only: it shows what its JSON says, and nothing else.
//!
//! What it says is looked up by JSON pointers.

use std::collections::BTreeMap;

use gotk_metrics::kube::RecorderExt as _;
use gotk_metrics::{Format, Observe as _, Recorder};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::Event;
use serde_json::Value;

use crate::model::capped;
use crate::parse::{self, Sample};

const TYPES: [&str; 2] = ["Ready", "Stalled"];
/// The longest value of a label of `gotk_resource_info` that was added.
const INFO_CAP: usize = 1024;

/// Tracks an object with the content that `data` spells.
///
/// # Panics
///
/// Where its series say something else than its JSON.
pub fn dynamic(data: &[u8]) {
    let Ok(content) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    // A whole object, should it be one: its metadata may be anything too, but for a name, without which kube-runtime's
    // store would panic.
    if let Ok(object) = serde_json::from_value::<DynamicObject>(content.clone())
        && object.metadata.name.is_some()
    {
        parse::samples(&exposed(object));
    }
    let mut object = DynamicObject::new("a", &resource()).within("ns");
    object.data = content.clone();
    assert_shows(&exposed(object), &content);
}

fn resource() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("example.org", "v1", "App"))
}

/// What a recorder exposes that tracks this object only.
fn exposed(object: DynamicObject) -> String {
    let recorder = Recorder::new();
    let mut writer = Writer::new(resource());
    writer.apply_watcher_event(&Event::Apply(object));
    let options = recorder
        .source_with(resource(), DynamicObject::observe)
        .conditions(["Stalled"]);
    let options = options
        .info_labels(["reason"])
        .expect("a label that is not there yet");
    let _tracked = options.track(writer.as_reader());
    recorder.encode(Format::Text)
}

/// The state of each condition that is asked for: of two of one type, the first.
fn conditions(content: &Value) -> BTreeMap<&str, &'static str> {
    let list = content
        .pointer("/status/conditions")
        .and_then(Value::as_array);
    let mut found = BTreeMap::new();
    for condition in list.into_iter().flatten() {
        if let Some(name) = condition.pointer("/type").and_then(Value::as_str) {
            found.entry(name).or_insert(
                match condition.pointer("/status").and_then(Value::as_str) {
                    Some("True") => "True",
                    Some("False") => "False",
                    _ => "Unknown",
                },
            );
        }
    }
    found
}

#[track_caller]
fn assert_shows(text: &str, content: &Value) {
    let samples = parse::samples(text);
    let of = |name: &str| {
        samples
            .iter()
            .filter(move |sample| sample.name == name)
            .collect::<Vec<&Sample>>()
    };
    let shown = of("gotk_reconcile_condition");
    let shown = shown.iter().filter(|sample| sample.value == "1");
    let shown: BTreeMap<&str, &str> = shown
        .map(|sample| (sample.label("type"), sample.label("status")))
        .collect();
    let mut expected = conditions(content);
    expected.retain(|condition, _| TYPES.contains(condition));
    assert_eq!(shown, expected, "{content} in\n{text}");
    assert_eq!(of("gotk_reconcile_condition").len(), 4 * expected.len());

    let suspended = content.pointer("/spec/suspend").and_then(Value::as_bool);
    let values: Vec<&str> = of("gotk_suspend_status")
        .iter()
        .map(|sample| &*sample.value)
        .collect();
    let expected: Vec<&str> = suspended
        .iter()
        .map(|suspended| if *suspended { "1" } else { "0" })
        .collect();
    assert_eq!(values, expected, "{content} in\n{text}");

    let info = of("gotk_resource_info");
    assert_eq!(info.len(), 1, "{content} in\n{text}");
    assert_eq!(
        info[0].label("reason"),
        capped(reason(content), INFO_CAP),
        "{content} in\n{text}"
    );
}

/// That of the first condition Ready.
fn reason(content: &Value) -> &str {
    let list = content
        .pointer("/status/conditions")
        .and_then(Value::as_array);
    let ready = list
        .into_iter()
        .flatten()
        .find(|one| one.pointer("/type").and_then(Value::as_str) == Some("Ready"));
    ready
        .and_then(|ready| ready.pointer("/reason")?.as_str())
        .unwrap_or_default()
}
