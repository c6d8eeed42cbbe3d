//! Two API groups with the same kind: their objects of one name share a record, since the group is
//! not one of Flux's labels. `gotk_resource_info` has the group and exposes both.

use std::iter;

use gotk_metrics::ConditionStatus::False;
use gotk_metrics::Format::{OpenMetrics, Text};
use gotk_metrics::kube::{RecorderExt as _, TrackGuard};
use gotk_metrics::{ConditionType, ObjectId, Observe as _, Recorder};
use kube_core::{ApiResource, DynamicObject, GroupVersionKind};
use kube_runtime::reflector::store::Writer;
use kube_runtime::watcher::Event;
use prometheus_client::registry::Registry;
use serde_json::json;

use crate::common::{assert_objects, on_manual_clock};
use crate::{App, Cache};

/// A store of `App` in a group.
struct Group {
    resource: ApiResource,
    writer: Writer<DynamicObject>,
}

impl Group {
    fn new(group: &str) -> Self {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", "App"));
        Self {
            writer: Writer::new(resource.clone()),
            resource,
        }
    }

    fn track(&self, recorder: &Recorder) -> TrackGuard {
        let options = recorder.source_with(self.resource.clone(), DynamicObject::observe);
        options.track(self.writer.as_reader())
    }

    fn object(&self, name: &str, ready: &str, suspended: bool) -> DynamicObject {
        let mut object = DynamicObject::new(name, &self.resource).within("ns");
        object.data = json!({
            "spec": { "suspend": suspended },
            "status": { "conditions": [{ "type": "Ready", "status": ready }] },
        });
        object
    }

    fn apply(&mut self, name: &str, ready: &str, suspended: bool) {
        let event = Event::Apply(self.object(name, ready, suspended));
        self.writer.apply_watcher_event(&event);
    }

    fn delete(&mut self, name: &str) {
        let event = Event::Delete(self.object(name, "True", false));
        self.writer.apply_watcher_event(&event);
    }
}

/// A recorder, and a registry of prometheus-client that has it.
fn registered() -> (Recorder, Registry) {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    let mut registry = Registry::default();
    recorder.register(&mut registry).unwrap();
    (recorder, registry)
}

/// The lines of `gotk_resource_info` as `group name ready suspended`, by every way to read them.
#[track_caller]
fn assert_infos((recorder, registry): &(Recorder, Registry), expected: &[&str]) {
    let whole = recorder.encode(Text);
    let mut chunks = recorder.encode_chunks(Text);
    let mut chunked = String::new();
    while chunks.fill(&mut chunked) {}
    let mut collected = String::new();
    prometheus_client::encoding::text::encode(&mut collected, registry).unwrap();
    for text in [whole, chunked, recorder.encode(OpenMetrics), collected] {
        let mut found: Vec<String> = infos(&text);
        found.sort_unstable();
        assert_eq!(found, expected, "in\n{text}");
    }
}

fn infos(text: &str) -> Vec<String> {
    let samples = crate::common::parse::samples(text);
    let infos = samples
        .iter()
        .filter(|sample| sample.name == "gotk_resource_info");
    let labels = ["customresource_group", "name", "ready", "suspended"];
    infos
        .map(|info| labels.map(|label| info.label(label)).join(" "))
        .collect()
}

#[test]
fn objects_of_two_groups_with_one_name_both_have_their_info() {
    let both = registered();
    let recorder = &both.0;
    let [mut one, mut two] = ["one.example.com", "two.example.com"].map(Group::new);
    let first = one.track(recorder);
    let second = two.track(recorder);
    one.apply("a", "True", false);
    two.apply("a", "False", true);
    two.apply("b", "True", false);
    let b = "App ns/b Ready=True suspended=0";
    let info_b = "two.example.com b True false";
    let info_a = [
        "one.example.com a True false",
        "two.example.com a False true",
    ];
    assert_infos(&both, &[info_a[0], info_a[1], info_b]);
    // The other families show the one that was tracked first.
    assert_objects(recorder, &["App ns/a Ready=True suspended=0", b]);

    two.apply("a", "Unknown", false);
    assert_infos(
        &both,
        &[info_a[0], "two.example.com a Unknown false", info_b],
    );
    one.delete("a");
    assert_infos(&both, &["two.example.com a Unknown false", info_b]);
    assert_objects(recorder, &["App ns/a Ready=Unknown suspended=0", b]);
    one.apply("a", "True", false);
    assert_infos(
        &both,
        &[info_a[0], "two.example.com a Unknown false", info_b],
    );
    two.delete("a");
    assert_infos(&both, &[info_a[0], info_b]);
    drop(second);
    assert_infos(&both, &[info_a[0]]);
    drop(first);
    assert_infos(&both, &[]);
}

#[test]
fn an_object_in_two_stores_of_the_other_group_has_one_info() {
    let both = registered();
    let recorder = &both.0;
    let mut one = Group::new("one.example.com");
    let mut two = [(); 2].map(|()| Group::new("two.example.com"));
    let _tracked = (
        one.track(recorder),
        two[0].track(recorder),
        two[1].track(recorder),
    );
    one.apply("a", "True", false);
    two[0].apply("a", "False", false);
    two[1].apply("a", "True", true);
    let first = "one.example.com a True false";
    assert_infos(&both, &[first, "two.example.com a False false"]);
    two[0].delete("a");
    assert_infos(&both, &[first, "two.example.com a True true"]);
}

#[test]
fn objects_of_a_group_that_is_recorded_by_calls_are_alive() {
    let (recorder, clock) = on_manual_clock(Recorder::builder());
    let mut tracked = Group::new("one.example.com");
    tracked.apply("a", "True", false);
    let _guard = tracked.track(&recorder);
    let other = ObjectId::new("App", "other").within("ns");
    let a = "App ns/a Ready=True suspended=0";
    for count in 1..4 {
        recorder.start(&other).fail();
        let line = format!("App ns/other Ready=False durations={count} sum=0");
        assert_objects(&recorder, &[a, &line]);
        assert_objects(&recorder, &[a, &line]);
        clock.advance(std::time::Duration::from_secs(600));
    }
}

#[test]
fn many_objects_of_two_groups_are_written_in_chunks() {
    let both = registered();
    let recorder = &both.0;
    let mut groups = ["one.example.com", "two.example.com"].map(Group::new);
    let _tracked = [groups[0].track(recorder), groups[1].track(recorder)];
    let names = (0..500).map(|number| format!("a{number:03}"));
    let names: Vec<String> = names.collect();
    for (group, ready) in iter::zip(&mut groups, ["True", "False"]) {
        for name in &names {
            group.apply(name, ready, false);
        }
    }
    let expected = ["one.example.com", "two.example.com"]
        .into_iter()
        .zip(["True", "False"]);
    let expected = expected.flat_map(|(group, ready)| {
        names
            .iter()
            .map(move |name| format!("{group} {name} {ready} false"))
    });
    let expected: Vec<String> = expected.collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    assert_infos(&both, &expected);
}

#[test]
fn without_conditions_everything_else_is_the_same() {
    let exposed = |without: bool| {
        let mut builder = Recorder::builder();
        if without {
            builder = builder.without(gotk_metrics::Family::ReconcileCondition);
        }
        let (recorder, _) = crate::recorder_of(builder);
        let cache = Cache::of([
            App::new("good").with("Ready", gotk_metrics::ConditionStatus::True),
            App::new("bad").suspended(true),
            App::new("bare"),
        ]);
        let _tracked = recorder.track(cache.store());
        recorder.start(&crate::id("bad")).fail();
        recorder.record_condition(&crate::id("bare"), &ConditionType::READY, False);
        recorder.record_condition(&crate::id("called"), &ConditionType::READY, False);
        recorder.record_suspend(&crate::id("suspended"), true);
        recorder.record_deleted(&crate::id("suspended"));
        let text = recorder.encode(Text);
        let rest = text
            .lines()
            .filter(|line| !line.contains("gotk_reconcile_condition"));
        let rest = rest.filter(|line| !line.starts_with("gotkmetrics_objects "));
        rest.map(str::to_owned).collect::<Vec<_>>()
    };
    let all = exposed(false);
    assert!(
        all.iter()
            .any(|line| line.contains("name=\"bad\",ready=\"False\""))
    );
    assert_eq!(exposed(true), all);
}
