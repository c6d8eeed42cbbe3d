//! Objects as a store reads them, of kinds known at run time or at compile time.

use gotk_metrics::ConditionStatus::True;
use gotk_metrics::kube::RecorderExt as _;
use gotk_metrics::{ConditionType, Format, ObjectId, Observe as _, Recorder};
use kube_core::{ApiResource, DynamicObject, GroupVersionKind};
use kube_runtime::reflector::store::Writer;
use kube_runtime::watcher::Event;
use serde_json::{Value, json};

use crate::common::{assert_objects, on_manual_clock};
use crate::{App, Cache, id};

struct Dynamic {
    recorder: Recorder,
    resource: ApiResource,
    writer: Writer<DynamicObject>,
    _tracked: gotk_metrics::kube::TrackGuard,
}

impl Dynamic {
    fn new(group: &str, kind: &str) -> Self {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
        let writer = Writer::new(resource.clone());
        let (recorder, _) = on_manual_clock(Recorder::builder());
        let options = recorder.source_with(resource.clone(), DynamicObject::observe);
        Self {
            _tracked: options.track(writer.as_reader()),
            recorder,
            resource,
            writer,
        }
    }

    fn apply(&mut self, name: &str, data: Value) {
        let mut object = DynamicObject::new(name, &self.resource).within("ns");
        object.data = data;
        self.writer.apply_watcher_event(&Event::Apply(object));
    }
}

#[test]
fn an_object_of_flux_without_suspend_is_not_suspended() {
    let mut flux = Dynamic::new("kustomize.toolkit.fluxcd.io", "Kustomization");
    flux.apply("apps", json!({ "spec": { "interval": "10m" } }));
    flux.apply("off", json!({ "spec": { "suspend": true } }));
    let lines = [
        "Kustomization ns/apps suspended=0",
        "Kustomization ns/off suspended=1",
    ];
    assert_objects(&flux.recorder, &lines);
}

#[test]
fn an_object_without_suspend_is_not_suspended_if_another_of_its_kind_has_the_field() {
    let mut shops = Dynamic::new("example.com", "Shop");
    shops.apply("a", json!({ "spec": {} }));
    shops.apply("b", json!({ "spec": {} }));
    assert_objects(&shops.recorder, &[]);
    shops.apply("b", json!({ "spec": { "suspend": true } }));
    let lines = ["Shop ns/a suspended=0", "Shop ns/b suspended=1"];
    assert_objects(&shops.recorder, &lines);
    shops.apply("b", json!({ "spec": {} }));
    let lines = lines.map(|line| line.replace("=1", "=0"));
    assert_objects(&shops.recorder, &[&lines[0], &lines[1]]);
}

#[test]
fn odd_conditions_of_an_object_break_nothing() {
    let mut shops = Dynamic::new("example.com", "Shop");
    let conditions = |conditions: Value| json!({ "status": { "conditions": conditions } });
    let twice =
        json!([{ "type": "Ready", "status": "False" }, { "type": "Ready", "status": "True" }]);
    for (name, data) in [
        (
            "bool",
            conditions(json!([{ "type": "Ready", "status": true }])),
        ),
        (
            "case",
            conditions(json!([{ "type": "ready", "status": "True" }])),
        ),
        (
            "empty",
            conditions(json!([{ "type": "Ready", "status": "" }])),
        ),
        (
            "lower",
            conditions(json!([{ "type": "Ready", "status": "true" }])),
        ),
        ("map", conditions(json!({ "Ready": "True" }))),
        ("missing", conditions(json!([{ "type": "Ready" }]))),
        ("null", Value::Null),
        ("twice", conditions(twice)),
    ] {
        shops.apply(name, data);
    }
    let unknown = ["bool", "case", "empty", "lower", "map", "missing", "null"];
    let lines = unknown.map(|name| format!("Shop ns/{name} Ready=Unknown"));
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.push("Shop ns/twice Ready=False");
    assert_objects(&shops.recorder, &lines);
}

#[test]
fn an_observed_generation_above_the_generation_counts_as_behind() {
    // As after a restore from a backup.
    for (observed, behind) in [(6, 1), (7, 0), (8, 1)] {
        let (recorder, _) = on_manual_clock(Recorder::builder());
        let cache = Cache::of([App::new("a").generations(observed, 7)]);
        let _tracked = recorder.track(cache.store());
        let line = format!("gotkmetrics_objects_behind{{kind=\"App\"}} {behind}\n");
        let text = recorder.encode(Format::Text);
        assert!(text.contains(&line), "observed {observed}, in\n{text}");
    }
}

#[test]
fn a_kind_without_ready_and_without_attempts_exposes_no_ready() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    let mut cache = Cache::of([App::new("a").suspended(false), App::new("b")]);
    let _tracked = recorder.track(cache.store());
    assert_objects(&recorder, &["App ns/a suspended=0"]);
    let text = recorder.encode(Format::Text);
    assert_eq!(text.matches("gotk_resource_info{").count(), 2, "in\n{text}");
    assert!(!text.contains(",ready="), "in\n{text}");
    cache.delete("b");
    assert_objects(&recorder, &["App ns/a suspended=0"]);
}

#[test]
fn all_objects_get_ready_as_soon_as_one_has_it() {
    for with_ready in ["a", "c", "m", "z"] {
        let (recorder, _) = on_manual_clock(Recorder::builder());
        let names = ["a", "c", "m", "z"];
        let mut cache = Cache::of(names.map(App::new));
        let _tracked = recorder.track(cache.store());
        assert_objects(&recorder, &[]);
        let expect = |status: &str| {
            let lines = names.map(|name| {
                let is_it = name == with_ready;
                format!(
                    "App ns/{name} Ready={}",
                    if is_it { status } else { "Unknown" }
                )
            });
            assert_objects(&recorder, &[&lines[0], &lines[1], &lines[2], &lines[3]]);
        };
        cache.apply(App::new(with_ready).with("Ready", True));
        // They all get it in the same scrape, in any order of the store.
        expect("True");
        expect("True");
        cache.apply(App::new(with_ready));
        expect("Unknown");
    }
}

#[test]
fn all_objects_get_ready_as_soon_as_attempts_are_recorded() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    let cache = Cache::of(["a", "b"].map(App::new));
    let _tracked = recorder.track(cache.store());
    recorder.start(&ObjectId::new("Other", "o")).succeed();
    let other = "Other /o Ready=True durations=1 sum=0";
    assert_objects(&recorder, &[other]);
    recorder.start(&id("b")).succeed();
    let lines = [
        "App ns/a Ready=Unknown",
        "App ns/b Ready=True durations=1 sum=0",
        other,
    ];
    assert_objects(&recorder, &lines);
}

#[test]
fn an_empty_condition_type_is_refused() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    recorder.record_condition(&id("a"), &ConditionType::new(""), True);
    assert_objects(&recorder, &[]);
    crate::common::assert_counters(&recorder, &["refused condition_types 1"]);
}
