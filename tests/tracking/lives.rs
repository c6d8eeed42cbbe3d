//! Objects that are created again under the same name.

use std::time::Duration;

use gotk_metrics::ConditionStatus::False;
use gotk_metrics::kube::RecorderExt as _;
use gotk_metrics::{ConditionType, Format};

use crate::attempts::controller_of;
use crate::common::assert_objects;
use crate::{App, Cache, id, recorder};

#[test]
fn an_object_does_not_inherit_the_outcome_of_the_one_before_it() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("a").with_uid("one")]);
    let _tracked = recorder.track(cache.store());
    recorder.start(&id("a")).fail();
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=0"]);
    // Deleted and created again between two scrapes.
    cache.list([App::new("a").with_uid("two")]);
    assert_objects(&recorder, &["App ns/a Ready=Unknown durations=1 sum=0"]);
}

#[test]
fn the_attempt_on_an_object_before_has_no_outcome_on_the_next_one() {
    let (recorder, clock) = recorder();
    let mut cache = Cache::of([App::new("a").with_uid("one")]);
    let _tracked = recorder.track(cache.store());
    let attempt = recorder.start(&id("a"));
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
    cache.list([App::new("a").with_uid("two")]);
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
    clock.advance(Duration::from_secs(2));
    attempt.fail();
    assert_objects(&recorder, &["App ns/a Ready=Unknown durations=1 sum=2"]);
}

#[test]
fn ready_follows_the_attempts_again_after_an_object_was_created_again() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("a").with_uid("one")]);
    let tracked = recorder.track(cache.store());
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
    recorder.record_condition(&id("a"), &ConditionType::READY, False);
    assert_objects(&recorder, &["App ns/a Ready=False"]);
    let next = || App::new("a").with_uid("two");
    cache.apply(next());
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
    controller_of(&recorder, &tracked)(next(), true);
    assert_objects(&recorder, &["App ns/a Ready=True durations=1 sum=0"]);
}

#[test]
fn an_attempt_on_an_object_that_was_created_again_begins_its_life() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("a").with_uid("one")]);
    let tracked = recorder.track(cache.store());
    let mut reconcile = controller_of(&recorder, &tracked);
    reconcile(App::new("a").with_uid("one"), false);
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=0"]);
    cache.apply(App::new("a").with_uid("two"));
    reconcile(App::new("a").with_uid("two"), true);
    assert_objects(&recorder, &["App ns/a Ready=True durations=2 sum=0"]);
}

#[test]
fn any_number_of_revivals_between_two_scrapes_loses_nothing() {
    // The number of a life has eight bits.
    for revivals in [255, 256, 257, 512] {
        let (recorder, _) = recorder();
        let app = App::new("a").with("Ready", False).suspended(true);
        let cache = Cache::of([app.terminating(1_700_000_000)]);
        let _tracked = recorder.track(cache.store());
        let shown = |recorder: &gotk_metrics::Recorder| {
            let text = recorder.encode(Format::Text);
            let families = [
                "gotk_resource_info{",
                "gotkmetrics_deletion_timestamp_seconds{",
            ];
            families.map(|family| {
                text.lines()
                    .find(|line| line.starts_with(family))
                    .map(str::to_owned)
            })
        };
        let before = shown(&recorder);
        assert!(before.iter().all(Option::is_some));
        for _ in 0..revivals {
            let attempt = recorder.start(&id("a"));
            recorder.record_deleted(&id("a"));
            attempt.succeed();
        }
        recorder.start(&id("a")).succeed();
        let line = format!(
            "App ns/a Ready=False durations={} sum=0 suspended=1",
            revivals + 1
        );
        assert_objects(&recorder, &[&line]);
        assert_eq!(shown(&recorder), before);
    }
}

#[test]
fn an_object_without_uid_does_not_hide_the_uid_that_its_attempts_have() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("a")]);
    let tracked = recorder.track(cache.store());
    let mut reconcile = controller_of(&recorder, &tracked);
    reconcile(App::new("a").with_uid("one"), false);
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=0"]);
    cache.delete("a");
    assert_objects(&recorder, &["App ns/a Ready=Deleted durations=1 sum=0"]);
    cache.apply(App::new("a").with_uid("one"));
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=0"]);
}
