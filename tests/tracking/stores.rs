//! When a store is believed, and several stores of one kind.

use std::future::ready;
use std::io;
use std::sync::Arc;

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::kube::RecorderExt as _;
use kube_runtime::controller::Action;

use crate::common::assert_objects;
use crate::{App, Cache, id, recorder};

const A: &str = "App ns/a Ready=Unknown";

#[test]
fn a_store_before_its_first_list_judges_nothing() {
    let (recorder, _) = recorder();
    let mut cache = Cache::new();
    recorder.record_suspend(&id("a"), true);
    let _tracked = recorder.track(cache.store());
    assert_objects(&recorder, &["App ns/a suspended=1"]);
    cache.list([App::new("b")]);
    assert_objects(
        &recorder,
        &["App ns/a suspended=1", "App ns/b Ready=Unknown"],
    );
}

#[test]
fn a_store_that_was_full_once_is_believed_when_it_is_empty() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("a")]);
    let _tracked = recorder.track(cache.store());
    assert_objects(&recorder, &[A]);
    cache.list([]);
    assert_objects(&recorder, &["App ns/a Ready=Deleted"]);
}

#[test]
fn an_instrumented_attempt_tells_that_the_store_of_its_object_is_complete() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("b")]);
    let mut unlisted = Cache::new();
    let first = recorder.track(unlisted.store());
    let _tracked = recorder.track(cache.store());
    recorder.start(&id("a")).succeed();
    let done = |_: Arc<App>, _: Arc<()>| ready(Ok::<_, io::Error>(Action::await_change()));
    let mut instrumented = recorder.instrument(done);
    drop(instrumented(Arc::new(App::new("b")), Arc::new(())));
    // Never seen with an object in it.
    cache.delete("b");
    let (a, b) = (
        "App ns/a Ready=True durations=1 sum=0",
        "App ns/b Ready=Unknown",
    );
    let b = b.replace("Unknown", "Deleted");
    assert_objects(&recorder, &[a, &b]);
    unlisted.list([App::new("a")]);
    assert_objects(&recorder, &[a, &b]);
    drop(first);
    assert_objects(&recorder, &[&b]);
}

#[test]
fn the_store_that_was_tracked_first_says_what_state_an_object_is_in() {
    let (recorder, _) = recorder();
    let mut first = Cache::of([App::new("a").with("Ready", True)]);
    let mut second = Cache::of([App::new("a").with("Ready", False).with("Stalled", True)]);
    let _first = recorder.track(first.store());
    let _second = recorder.track(second.store());
    assert_objects(&recorder, &["App ns/a Ready=True"]);
    second.apply(
        App::new("a")
            .with("Ready", False)
            .with("Stalled", False)
            .suspended(true),
    );
    assert_objects(&recorder, &["App ns/a Ready=True"]);
    // The second one has not changed when it gets to say something, and when it no longer does.
    first.delete("a");
    assert_objects(
        &recorder,
        &["App ns/a Ready=False Stalled=False suspended=1"],
    );
    first.apply(App::new("a").with("Ready", True));
    assert_objects(&recorder, &["App ns/a Ready=True"]);
    second.delete("a");
    assert_objects(&recorder, &["App ns/a Ready=True"]);
    first.delete("a");
    assert_objects(&recorder, &["App ns/a Ready=Deleted"]);
}

#[test]
fn a_store_without_its_first_list_hides_no_deletion_of_another() {
    let (recorder, _) = recorder();
    let mut first = Cache::of(["a", "b"].map(App::new));
    let mut second = Cache::new();
    let _first = recorder.track(first.store());
    let _second = recorder.track(second.store());
    assert_objects(&recorder, &[A, "App ns/b Ready=Unknown"]);
    first.delete("b");
    assert_objects(&recorder, &[A, "App ns/b Ready=Deleted"]);
    second.list([App::new("b").with("Ready", True)]);
    assert_objects(&recorder, &[A, "App ns/b Ready=True"]);
    second.delete("b");
    assert_objects(&recorder, &[A, "App ns/b Ready=Deleted"]);
}

#[test]
fn untracking_takes_only_what_no_other_store_holds() {
    let (recorder, _) = recorder();
    let mut first = Cache::of(["a", "b", "gone"].map(|name| App::new(name).with("Ready", True)));
    let second = Cache::of(["b", "c"].map(|name| App::new(name).with("Ready", False)));
    let first_tracked = recorder.track(first.store());
    let second_tracked = recorder.track(second.store());
    let c = "App ns/c Ready=False";
    first.delete("gone");
    assert_objects(
        &recorder,
        &["App ns/a Ready=True", "App ns/b Ready=True", c],
    );
    drop(first_tracked);
    assert_objects(&recorder, &["App ns/b Ready=False", c]);
    drop(second_tracked);
    assert_objects(&recorder, &[]);
}

#[test]
fn untracking_takes_what_is_in_its_grace_too() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of(["a", "b"].map(App::new));
    let tracked = recorder.track(cache.store());
    assert_objects(&recorder, &[A, "App ns/b Ready=Unknown"]);
    cache.delete("b");
    assert_objects(&recorder, &[A, "App ns/b Ready=Deleted"]);
    drop(tracked);
    assert_objects(&recorder, &[]);
}

#[test]
fn a_change_among_many_is_seen_wherever_it_is() {
    let (recorder, _) = recorder();
    let app = |number: usize| App::new(&format!("a{number:04}"));
    let mut cache = Cache::of((0..2_000).map(app));
    let _tracked = recorder.track(cache.store());
    let line = |number: usize, state| format!("App ns/a{number:04} Ready={state}");
    let mut expected: Vec<_> = (0..2_000).map(|number| line(number, "Unknown")).collect();
    let assert = |expected: &[String]| {
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        assert_objects(&recorder, &expected);
    };
    assert(&expected);
    // One, a run longer than what is compared nearby, some that go, and all.
    for (step, numbers) in [(1, 700..701), (1, 100..400), (7, 0..2_000), (1, 0..2_000)] {
        for number in numbers.step_by(step) {
            let ready = if step == 7 { False } else { True };
            let state = if step == 7 { "False" } else { "True" };
            cache.apply(app(number).with("Ready", ready));
            expected[number] = line(number, state);
        }
        assert(&expected);
    }
    for number in (0..2_000).step_by(3) {
        cache.delete(&format!("a{number:04}"));
        expected[number] = line(number, "Deleted");
    }
    assert(&expected);
    cache.list((0..2_000).map(|number| app(number).with("Ready", False)));
    assert(
        &(0..2_000)
            .map(|number| line(number, "False"))
            .collect::<Vec<_>>(),
    );
}
