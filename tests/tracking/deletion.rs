//! What is no longer in its store is gone, and what is there is alive.

use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::kube::RecorderExt as _;
use gotk_metrics::{ConditionType, Format, ObjectId, Recorder};

use crate::common::assert_objects;
use crate::{App, Cache, id, recorder};

const GRACE: Duration = Duration::from_secs(300);

#[test]
fn a_deletion_is_seen_with_and_without_an_event() {
    let (recorder, clock) = recorder();
    let ready = |name| {
        App::new(name)
            .with("Ready", True)
            .with("Stalled", False)
            .suspended(true)
    };
    let mut cache = Cache::of(["a", "b", "c"].map(ready));
    let _tracked = recorder.track(cache.store());
    let _ = recorder.encode(Format::Text);
    recorder.start(&id("a")).succeed();
    cache.delete("a");
    assert_objects(
        &recorder,
        &[
            "App ns/a Ready=Deleted Stalled=Deleted durations=1 sum=0 suspended=1",
            "App ns/b Ready=True Stalled=False suspended=1",
            "App ns/c Ready=True Stalled=False suspended=1",
        ],
    );
    clock.advance(GRACE / 2);
    cache.list([ready("c")]);
    assert_objects(
        &recorder,
        &[
            "App ns/a Ready=Deleted Stalled=Deleted durations=1 sum=0 suspended=1",
            "App ns/b Ready=Deleted Stalled=Deleted suspended=1",
            "App ns/c Ready=True Stalled=False suspended=1",
        ],
    );
    clock.advance(GRACE / 2);
    assert_objects(
        &recorder,
        &[
            "App ns/b Ready=Deleted Stalled=Deleted suspended=1",
            "App ns/c Ready=True Stalled=False suspended=1",
        ],
    );
    clock.advance(GRACE / 2);
    assert_objects(
        &recorder,
        &["App ns/c Ready=True Stalled=False suspended=1"],
    );
}

#[test]
fn without_a_grace_a_deleted_object_is_gone_at_once() {
    let (recorder, _) = crate::recorder_of(Recorder::builder().deleted_grace(Duration::ZERO));
    let mut cache = Cache::of(["a", "b"].map(App::new));
    let _tracked = recorder.track(cache.store());
    assert_objects(
        &recorder,
        &["App ns/a Ready=Unknown", "App ns/b Ready=Unknown"],
    );
    cache.delete("a");
    assert_objects(&recorder, &["App ns/b Ready=Unknown"]);
}

#[test]
fn an_object_that_comes_back_is_alive_with_its_histogram() {
    let (recorder, clock) = recorder();
    let mut cache = Cache::of([App::new("a").with("Ready", False), App::new("b")]);
    let _tracked = recorder.track(cache.store());
    recorder.record_condition(&id("a"), &ConditionType::new("Healthy"), True);
    recorder.start(&id("a")).fail();
    cache.delete("a");
    let b = "App ns/b Ready=Unknown";
    let deleted = "App ns/a Healthy=Deleted Ready=Deleted durations=1 sum=0";
    assert_objects(&recorder, &[deleted, b]);
    cache.apply(App::new("a").with("Ready", True));
    assert_objects(
        &recorder,
        &["App ns/a Healthy=Unknown Ready=True durations=1 sum=0", b],
    );
    clock.advance(GRACE);
    assert_objects(
        &recorder,
        &["App ns/a Healthy=Unknown Ready=True durations=1 sum=0", b],
    );
}

#[test]
fn the_same_object_is_alive_again_if_only_a_call_said_that_it_is_not() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("a").with("Ready", True)]);
    let _tracked = recorder.track(cache.store());
    assert_objects(&recorder, &["App ns/a Ready=True"]);
    // As a finalizer says it, before the object is gone.
    recorder.record_deleted(&id("a"));
    assert_objects(&recorder, &["App ns/a Ready=True"]);
    recorder.forget(&id("a"));
    assert_objects(&recorder, &["App ns/a Ready=True"]);
    recorder.record_deleted(&id("a"));
    cache.delete("a");
    assert_objects(&recorder, &["App ns/a Ready=Deleted"]);
}

#[test]
fn calls_and_attempts_bring_back_only_what_is_in_the_store() {
    let (recorder, clock) = recorder();
    let mut cache = Cache::of(["a", "b"].map(App::new));
    let _tracked = recorder.track(cache.store());
    let b = "App ns/b Ready=Unknown";
    assert_objects(&recorder, &["App ns/a Ready=Unknown", b]);
    cache.delete("a");
    assert_objects(&recorder, &["App ns/a Ready=Deleted", b]);
    recorder.record_condition(&id("a"), &ConditionType::READY, False);
    recorder.start(&id("a")).fail();
    assert_objects(&recorder, &["App ns/a Ready=Deleted durations=1 sum=0", b]);
    // A kind that nobody tracks has only its calls.
    let job = ObjectId::new("Job", "j");
    recorder.record_condition(&job, &ConditionType::READY, False);
    recorder.record_deleted(&job);
    recorder.record_condition(&job, &ConditionType::READY, True);
    assert_objects(
        &recorder,
        &[
            "App ns/a Ready=Deleted durations=1 sum=0",
            b,
            "Job /j Ready=True",
        ],
    );
    clock.advance(GRACE);
    assert_objects(&recorder, &[b, "Job /j Ready=True"]);
}

#[test]
fn an_attempt_on_an_object_that_is_back_counts_before_the_next_scrape() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of(["a", "b"].map(App::new));
    let _tracked = recorder.track(cache.store());
    let late = recorder.start(&id("a"));
    cache.delete("a");
    let b = "App ns/b Ready=Unknown";
    assert_objects(&recorder, &["App ns/a Ready=Deleted", b]);
    cache.apply(App::new("a"));
    let attempt = recorder.start(&id("a"));
    // From before the deletion: it has its duration and no say.
    late.fail();
    attempt.succeed();
    assert_objects(&recorder, &["App ns/a Ready=True durations=2 sum=0", b]);
}

#[test]
fn an_object_that_no_store_ever_had_lives_until_its_deletion_is_recorded() {
    let (recorder, _) = recorder();
    let cache = Cache::of([App::new("a")]);
    // Came and went between two scrapes.
    recorder.start(&id("short")).succeed();
    let _tracked = recorder.track(cache.store());
    let (a, short) = (
        "App ns/a Ready=Unknown",
        "App ns/short Ready=True durations=1 sum=0",
    );
    assert_objects(&recorder, &[a, short]);
    recorder.record_deleted(&id("short"));
    assert_objects(&recorder, &[a, &short.replace("True", "Deleted")]);
}

#[test]
fn after_clear_the_store_is_read_again() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("a").with("Ready", True)]);
    let tracked = recorder.track(cache.store());
    let attempt = recorder.start(&id("a"));
    assert_objects(&recorder, &["App ns/a Ready=True"]);
    recorder.clear();
    attempt.fail();
    assert_objects(&recorder, &["App ns/a Ready=True"]);
    cache.apply(App::new("a").with("Ready", False));
    recorder.clear();
    assert_objects(&recorder, &["App ns/a Ready=False"]);
    drop(tracked);
    assert_objects(&recorder, &[]);

    recorder.start(&id("a")).succeed();
    assert_objects(&recorder, &["App ns/a Ready=True durations=1 sum=0"]);
    let _tracked = recorder.track(cache.store());
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=0"]);
}

#[test]
fn an_object_that_comes_back_unchanged_is_read_again() {
    let (recorder, _) = recorder();
    let cache = Cache::of([App::new("a").with("Ready", True).suspended(true)]);
    let _tracked = recorder.track(cache.store());
    let alive = ["App ns/a Ready=True suspended=1"];
    assert_objects(&recorder, &alive);
    // As a finalizer whose patch fails: it is still in the store, as the same `Arc`, and is reconciled again.
    recorder.record_deleted(&id("a"));
    drop(recorder.start(&id("a")));
    assert_objects(&recorder, &alive);
    let text = recorder.encode(gotk_metrics::Format::Text);
    assert!(text.contains("gotk_resource_info{"), "in\n{text}");
}
