//! An object in a store shows the state that it has there.

use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True, Unknown};
use gotk_metrics::kube::RecorderExt as _;
use gotk_metrics::{ConditionType, Format};

use crate::common::{assert_counters, assert_objects};
use crate::{App, Cache, id, recorder};

#[test]
fn objects_are_there_before_any_reconcile() {
    let (recorder, _) = recorder();
    let cache = Cache::of([
        App::new("bare"),
        App::new("failing")
            .with("Ready", False)
            .with("Stalled", True),
        App::new("running").with("Ready", True).suspended(false),
        App::new("suspended").with("Ready", Unknown).suspended(true),
    ]);
    let _tracked = recorder.track(cache.store());
    let expected = [
        "App ns/bare Ready=Unknown",
        "App ns/failing Ready=False Stalled=True",
        "App ns/running Ready=True suspended=0",
        "App ns/suspended Ready=Unknown suspended=1",
    ];
    assert_objects(&recorder, &expected);
    assert_objects(&recorder, &expected);
}

#[test]
fn each_scrape_shows_the_store_as_it_is() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("a").with("Ready", Unknown)]);
    let _tracked = recorder.track(cache.store());
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
    cache.apply(App::new("a").with("Ready", True).suspended(false));
    assert_objects(&recorder, &["App ns/a Ready=True suspended=0"]);
    let stalled = App::new("a")
        .with("Ready", False)
        .with("Stalled", True)
        .suspended(true);
    cache.apply(stalled);
    assert_objects(
        &recorder,
        &["App ns/a Ready=False Stalled=True suspended=1"],
    );
    cache.apply(App::new("a").with("Ready", True));
    assert_objects(&recorder, &["App ns/a Ready=True"]);
}

#[test]
fn a_condition_of_the_object_goes_before_calls_and_results() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("a").with("Ready", True)]);
    let _tracked = recorder.track(cache.store());
    recorder.record_condition(&id("a"), &ConditionType::READY, False);
    recorder.start(&id("a")).fail();
    assert_objects(&recorder, &["App ns/a Ready=True durations=1 sum=0"]);
    // Without that condition, what was said last.
    cache.apply(App::new("a"));
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=0"]);
    recorder.record_condition(&id("a"), &ConditionType::READY, Unknown);
    assert_objects(&recorder, &["App ns/a Ready=Unknown durations=1 sum=0"]);
}

#[test]
fn a_kind_without_conditions_is_as_its_reconciles_end() {
    let (recorder, clock) = recorder();
    let cache = Cache::of([App::new("a")]);
    let _tracked = recorder.track(cache.store());
    let attempt = recorder.start(&id("a"));
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
    clock.advance(Duration::from_secs(1));
    attempt.succeed();
    assert_objects(&recorder, &["App ns/a Ready=True durations=1 sum=1"]);
    recorder.start(&id("a")).fail();
    assert_objects(&recorder, &["App ns/a Ready=False durations=2 sum=1"]);
}

#[test]
fn what_a_call_said_and_the_object_never_did_stays() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("a").with("Ready", True)]);
    let _tracked = recorder.track(cache.store());
    assert_objects(&recorder, &["App ns/a Ready=True"]);
    recorder.record_condition(&id("a"), &ConditionType::STALLED, False);
    recorder.record_condition(&id("a"), &ConditionType::new("Healthy"), True);
    recorder.record_suspend(&id("a"), true);
    cache.apply(App::new("a").with("Ready", False));
    assert_objects(
        &recorder,
        &["App ns/a Healthy=True Ready=False Stalled=False suspended=1"],
    );
}

#[test]
fn what_the_object_says_is_not_overruled() {
    let (recorder, _) = recorder();
    let app = || App::new("a").with("Stalled", False).suspended(false);
    let mut cache = Cache::of([app(), App::new("b")]);
    let _tracked = recorder.track(cache.store());
    let (a, b) = (
        "App ns/a Ready=Unknown Stalled=False suspended=0",
        "App ns/b Ready=Unknown",
    );
    assert_objects(&recorder, &[a, b]);
    recorder.record_condition(&id("a"), &ConditionType::STALLED, True);
    recorder.record_suspend(&id("a"), true);
    assert_objects(&recorder, &[a, b]);
    // Once it says nothing, nobody is.
    cache.apply(App::new("a"));
    assert_objects(&recorder, &["App ns/a Ready=Unknown", b]);
    recorder.record_suspend(&id("a"), true);
    assert_objects(&recorder, &["App ns/a Ready=Unknown suspended=1", b]);
}

#[test]
fn the_conditions_that_are_read_are_the_users_choice() {
    let (recorder, _) = recorder();
    let app = App::new("a")
        .with("Healthy", False)
        .with("Ready", True)
        .with("Stalled", True);
    let cache = Cache::of([app]);
    let options = recorder.source::<App>().conditions(["Healthy"]);
    let _tracked = options.track(cache.store());
    assert_objects(&recorder, &["App ns/a Healthy=False Ready=True"]);
}

#[test]
fn a_seventeenth_condition_is_refused_where_it_is_set_up() {
    let (recorder, _) = recorder();
    let cache = Cache::of([App::new("a").with("Ready", True)]);
    let conditions = (0..14).map(|number| format!("Type{number}"));
    let options = recorder.source::<App>().conditions(conditions);
    let _tracked = options.track(cache.store());
    assert_objects(&recorder, &["App ns/a Ready=True"]);
    assert_counters(&recorder, &["refused condition_types 1"]);
}

#[test]
fn a_cluster_scoped_object_has_no_namespace() {
    let (recorder, clock) = recorder();
    let mut app = App::new("a");
    app.metadata.namespace = None;
    let mut cache = Cache::of([app.clone(), App::new("other")]);
    let _tracked = recorder.track(cache.store());
    assert_objects(
        &recorder,
        &["App /a Ready=Unknown", "App ns/other Ready=Unknown"],
    );
    cache.list([App::new("other")]);
    assert_objects(
        &recorder,
        &["App /a Ready=Deleted", "App ns/other Ready=Unknown"],
    );
    // Back: the store is asked for it by its key.
    cache.list([app, App::new("other")]);
    recorder
        .start(&gotk_metrics::ObjectId::new("App", "a"))
        .succeed();
    assert_objects(
        &recorder,
        &[
            "App /a Ready=True durations=1 sum=0",
            "App ns/other Ready=Unknown",
        ],
    );
    clock.advance(Duration::from_secs(300));
}

#[test]
fn every_way_out_shows_it() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("a").with("Ready", True)]);
    let _tracked = recorder.track(cache.store());
    let chunks: Vec<_> = recorder.encode_chunks(Format::Text).collect();
    assert!(
        String::from_utf8(chunks.concat())
            .unwrap()
            .contains("status=\"True\",type=\"Ready\"} 1")
    );
    cache.apply(App::new("a").with("Ready", False));
    let mut registry = prometheus_client::registry::Registry::default();
    recorder.register(&mut registry).unwrap();
    let mut out = String::new();
    prometheus_client::encoding::text::encode(&mut out, &registry).unwrap();
    assert!(out.contains("status=\"False\",type=\"Ready\"} 1"), "{out}");
}

#[test]
fn objects_beyond_the_cap_are_refused_and_counted_and_come_in_when_there_is_room() {
    let (recorder, clock) = crate::recorder_of(gotk_metrics::Recorder::builder().max_objects(2));
    let mut cache = Cache::of(["a", "b"].map(App::new));
    let _tracked = recorder.track(cache.store());
    assert_objects(
        &recorder,
        &["App ns/a Ready=Unknown", "App ns/b Ready=Unknown"],
    );
    cache.apply(App::new("c"));
    assert_objects(
        &recorder,
        &["App ns/a Ready=Unknown", "App ns/b Ready=Unknown"],
    );
    // Once, however often it is scraped.
    assert_counters(&recorder, &["refused objects 1"]);
    cache.delete("a");
    assert_objects(
        &recorder,
        &["App ns/a Ready=Deleted", "App ns/b Ready=Unknown"],
    );
    clock.advance(Duration::from_secs(300));
    assert_objects(
        &recorder,
        &["App ns/b Ready=Unknown", "App ns/c Ready=Unknown"],
    );
}

#[test]
fn objects_whose_status_is_behind_are_counted() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("a")]);
    let _tracked = recorder.track(cache.store());
    let line = |recorder: &gotk_metrics::Recorder| {
        let text = recorder.encode(Format::Text);
        let mut lines = text.lines();
        let line = lines.find(|line| line.starts_with("gotkmetrics_objects_behind{"));
        line.map(str::to_owned)
    };
    assert_eq!(line(&recorder), None, "nobody told");
    cache.apply(App::new("a").generations(2, 2));
    cache.apply(App::new("b").generations(-1, 1));
    cache.apply(App::new("c").generations(1, 2));
    let counted = |count| {
        Some(format!(
            "gotkmetrics_objects_behind{{kind=\"App\"}} {count}"
        ))
    };
    assert_eq!(line(&recorder), counted(2));
    // Nobody is to get to these.
    cache.apply(App::new("d").generations(1, 2).suspended(true));
    cache.apply(App::new("e").generations(1, 2).terminating(1));
    assert_eq!(line(&recorder), counted(2));
    // In another store too, which counts only what is not in the first.
    let others = ["a", "f"].map(|name| App::new(name).generations(1, 2));
    let other = Cache::of(others);
    let tracked = recorder.track(other.store());
    assert_eq!(line(&recorder), counted(3));
    drop(tracked);
    cache.delete("b");
    assert_eq!(line(&recorder), counted(1));
    cache.apply(App::new("c").generations(2, 2));
    assert_eq!(line(&recorder), counted(0));
}
