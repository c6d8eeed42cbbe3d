//! `gotk_resource_info`, and the deletion timestamp beside it.

use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::Format::{OpenMetrics, Text};
use gotk_metrics::kube::RecorderExt as _;
use gotk_metrics::{Family, Format, Observe as _, Recorder};

use kube_core::{ApiResource, DynamicObject, GroupVersionKind};
use kube_runtime::reflector::store::Writer;
use kube_runtime::watcher::Event;
use serde_json::json;

use crate::{App, Cache, id, recorder};

/// The lines of the family, without its name and value, which is 1.
#[track_caller]
fn assert_infos(recorder: &Recorder, expected: &[&str]) {
    let text = recorder.encode(Text);
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("gotk_resource_info"));
    let lines: Vec<_> = lines
        .map(|line| line.strip_suffix(" 1").unwrap_or(line))
        .collect();
    let start = "{customresource_group=\"example.com\",customresource_kind=\"App\",customresource_version=\"v1\",exported_namespace=\"ns\",name=\"";
    let expected: Vec<_> = expected
        .iter()
        .map(|rest| format!("{start}{rest}}}"))
        .collect();
    assert_eq!(lines, expected, "in\n{text}");
}

#[test]
fn each_tracked_object_has_its_labels_and_its_state() {
    let (recorder, clock) = recorder();
    let apps = [
        App::new("a").with("Ready", True).suspended(false),
        App::new("b").with("Ready", False).suspended(true),
        App::new("c"),
    ];
    let mut cache = Cache::of(apps);
    let _tracked = recorder.track(cache.store());
    recorder.record_suspend(&gotk_metrics::ObjectId::new("Job", "untracked"), true);
    let a = r#"a",ready="True",suspended="false""#;
    let b = r#"b",ready="False",suspended="true""#;
    assert_infos(&recorder, &[a, b, r#"c",ready="Unknown""#]);
    recorder.start(&id("c")).succeed();
    cache.apply(App::new("a").with("Ready", False).suspended(true));
    let a = r#"a",ready="False",suspended="true""#;
    assert_infos(&recorder, &[a, b, r#"c",ready="True""#]);
    // Without a grace.
    cache.delete("a");
    assert_infos(&recorder, &[b, r#"c",ready="True""#]);
    recorder.record_deleted(&id("b"));
    // In the store still.
    assert_infos(&recorder, &[b, r#"c",ready="True""#]);
    cache.apply(App::new("a"));
    assert_infos(
        &recorder,
        &[r#"a",ready="Unknown""#, b, r#"c",ready="True""#],
    );
    clock.advance(Duration::from_secs(300));
    cache.list([App::new("c")]);
    assert_infos(&recorder, &[r#"c",ready="True""#]);
}

#[test]
fn a_user_adds_labels_and_a_value_that_changes_is_another_series() {
    let (recorder, _) = recorder();
    let app = |revision| {
        App::new("a")
            .with("Ready", True)
            .labelled("revision", revision)
    };
    let mut cache = Cache::of([app("main@1"), App::new("b").labelled("other", "x")]);
    let options = recorder.source::<App>();
    let options = options.info_labels(["revision", "a_first"]).unwrap();
    let _tracked = options.track(cache.store());
    let b = r#"b",ready="Unknown""#;
    assert_infos(&recorder, &[r#"a",ready="True",revision="main@1""#, b]);
    cache.apply(app("say \"hi\"\n"));
    let expected = r#"a",ready="True",revision="say \"hi\"\n""#;
    assert_infos(&recorder, &[expected, b]);
    let long = "x".repeat(2_000);
    cache.apply(app(&long));
    let expected = format!(r#"a",ready="True",revision="{}""#, &long[..512]);
    assert_infos(&recorder, &[&expected, b]);
}

#[test]
fn an_object_that_is_being_deleted_has_the_time_of_that() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of(["a", "b"].map(App::new));
    let _tracked = recorder.track(cache.store());
    let lines = |format| {
        let text = recorder.encode(format);
        let lines = text
            .lines()
            .filter(|line| line.contains("deletion_timestamp_seconds{"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(Text), [""; 0]);
    cache.apply(App::new("b").with("Ready", True).terminating(1_700_000_000));
    let line =
        r#"gotkmetrics_deletion_timestamp_seconds{kind="App",name="b",namespace="ns"} 1.7e+09"#;
    assert_eq!(lines(Text), [line]);
    assert_eq!(lines(OpenMetrics), [line]);
    assert_infos(&recorder, &[r#"a",ready="Unknown""#, r#"b",ready="True""#]);
    cache.delete("b");
    assert_eq!(lines(Text), [""; 0]);
}

#[test]
fn it_is_a_gauge_in_both_formats_and_can_be_switched_off() {
    let cache = Cache::of([App::new("a")]);
    let (recorder, _) = recorder();
    let tracked = recorder.track(cache.store());
    for (format, value) in [(Text, "1"), (OpenMetrics, "1.0")] {
        let text = recorder.encode(format);
        assert!(text.contains("# TYPE gotk_resource_info gauge\n"), "{text}");
        let line = format!("name=\"a\",ready=\"Unknown\"}} {value}\n");
        assert!(text.contains(&line), "{text}");
    }
    drop(tracked);
    assert_infos(&recorder, &[]);
    let recorder = Recorder::builder()
        .without(Family::ResourceInfo)
        .build()
        .unwrap();
    let _tracked = recorder.track(cache.store());
    assert!(!recorder.encode(Format::Text).contains("gotk_resource_info"));
}

#[test]
fn prometheus_client_writes_the_same_labels() {
    let (recorder, _) = recorder();
    let app = App::new("a")
        .labelled("revision", "say \"hi\"\n\\")
        .suspended(true);
    let cache = Cache::of([app.terminating(5)]);
    let options = recorder.source::<App>().info_labels(["revision"]).unwrap();
    let _tracked = options.track(cache.store());
    let mut registry = prometheus_client::registry::Registry::default();
    recorder.register(&mut registry).unwrap();
    let mut out = String::new();
    prometheus_client::encoding::text::encode(&mut out, &registry).unwrap();
    let ours = recorder.encode(Text);
    let line = |text: &str, name: &str| {
        let mut lines = text.lines();
        lines.find(|line| line.starts_with(name)).map(str::to_owned)
    };
    for name in [
        "gotk_resource_info{",
        "gotkmetrics_deletion_timestamp_seconds{",
    ] {
        assert!(line(&ours, name).is_some(), "{ours}");
        assert_eq!(line(&out, name), line(&ours, name));
    }
}

#[test]
fn hundreds_of_objects_are_written_over_many_chunks() {
    let (recorder, _) = recorder();
    let app =
        |number: usize| App::new(&format!("a{number:04}")).labelled("revision", &"r".repeat(200));
    let cache = Cache::of((0..3_000).map(app));
    let options = recorder.source::<App>().info_labels(["revision"]).unwrap();
    let _tracked = options.track(cache.store());
    let text = recorder.encode(Text);
    let names = text
        .lines()
        .filter(|line| line.starts_with("gotk_resource_info{"));
    let names: Vec<_> = names
        .map(|line| line.split("name=\"").nth(1).unwrap()[..5].to_owned())
        .collect();
    let expected: Vec<_> = (0..3_000).map(|number| format!("a{number:04}")).collect();
    assert_eq!(names, expected);
}

#[test]
fn a_dynamic_object_knows_the_reason_of_its_ready() {
    let (recorder, _) = recorder();
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("example.com", "v1", "App"));
    let app = |name, condition| {
        let data = json!({ "spec": { "suspend": true }, "status": { "conditions": [condition] } });
        let app = DynamicObject::new(name, &resource).within("ns").data(data);
        Event::Apply(app)
    };
    let mut writer = Writer::<DynamicObject>::new(resource.clone());
    let failed = json!({ "type": "Ready", "status": "False", "reason": "ArtifactFailed" });
    writer.apply_watcher_event(&app("a", failed));
    writer.apply_watcher_event(&app(
        "b",
        json!({ "type": "Ready", "status": 1, "reason": 2 }),
    ));
    writer.apply_watcher_event(&app("c", json!({ "type": "Stalled", "reason": "Other" })));
    let options = recorder.source_with(resource.clone(), DynamicObject::observe);
    let options = options.info_labels(["reason", "revision"]).unwrap();
    let _tracked = options.track(writer.as_reader());
    let a = r#"a",ready="False",reason="ArtifactFailed",suspended="true""#;
    let [b, c] = ["b", "c"].map(|name| format!(r#"{name}",ready="Unknown",suspended="true""#));
    assert_infos(&recorder, &[a, &b, &c]);
}
