//! Which stores are synced, and what one that is not does not hide.

use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::kube::RecorderExt as _;
use gotk_metrics::{ConditionType, Format, Observe as _, Recorder};

use crate::attempts::controller_of;
use crate::common::{assert_objects, on_manual_clock};
use crate::{App, Cache, id, recorder};

const DAY: Duration = Duration::from_secs(86_400);

/// Compares the numbers of synced and of waiting stores, which are absent without any store.
#[track_caller]
fn assert_sources(recorder: &Recorder, expected: Option<[u64; 2]>) {
    let text = recorder.encode(Format::Text);
    let found = ["synced", "waiting"].map(|state| {
        let start = format!("gotkmetrics_sources{{kind=\"App\",state=\"{state}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.map(|value| value.parse().unwrap())
    });
    assert_eq!(
        found,
        expected.map_or([None; 2], |both| both.map(Some)),
        "in\n{text}"
    );
}

#[test]
fn an_empty_store_hides_no_deletion_of_its_kind() {
    let (recorder, clock) = recorder();
    let mut full = Cache::of([App::new("a")]);
    let empty = Cache::of([]);
    let _full = recorder.track(full.store());
    let _empty = recorder.track(empty.store());
    recorder.record_condition(&id("a"), &ConditionType::READY, False);
    assert_objects(&recorder, &["App ns/a Ready=False"]);
    full.delete("a");
    assert_objects(&recorder, &["App ns/a Ready=Deleted"]);
    clock.advance(DAY);
    assert_objects(&recorder, &[]);
}

#[test]
fn a_store_is_synced_once_it_has_had_an_object() {
    let (recorder, _) = recorder();
    assert_sources(&recorder, None);
    let (mut first, second) = (Cache::new(), Cache::new());
    let first_tracked = recorder.track(first.store());
    assert_sources(&recorder, Some([0, 1]));
    let second_tracked = recorder.track(second.store());
    assert_sources(&recorder, Some([0, 2]));
    first.list([App::new("a")]);
    assert_sources(&recorder, Some([1, 1]));
    first.list([]);
    assert_sources(&recorder, Some([1, 1]));
    drop(first_tracked);
    assert_sources(&recorder, Some([0, 1]));
    drop(second_tracked);
    assert_sources(&recorder, None);
}

#[test]
fn an_empty_store_that_was_declared_synced_exposes_deletions() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([]);
    let tracked = recorder.track(cache.store());
    assert_sources(&recorder, Some([0, 1]));
    tracked.mark_synced();
    assert_sources(&recorder, Some([1, 0]));
    // It lives between two scrapes, so no sync ever sees it in the store.
    cache.apply(App::new("a"));
    recorder.start(&id("a")).fail();
    cache.delete("a");
    assert_objects(&recorder, &["App ns/a Ready=Deleted durations=1 sum=0"]);
}

#[test]
fn a_call_that_finds_its_object_in_a_store_shows_that_the_store_is_synced() {
    let (recorder, clock) = recorder();
    let mut cache = Cache::of([]);
    let _tracked = recorder.track(cache.store());
    for name in ["a", "b"] {
        cache.apply(App::new(name));
        recorder.start(&id(name)).fail();
        cache.delete(name);
        let line = format!("App ns/{name} Ready=Deleted durations=1 sum=0");
        assert_objects(&recorder, &[&line]);
        clock.advance(DAY);
    }
    assert_objects(&recorder, &[]);
    assert_sources(&recorder, Some([1, 0]));
}

#[test]
fn an_attempt_of_a_linked_controller_shows_that_its_store_is_synced() {
    let (recorder, _) = recorder();
    let cache = Cache::of([]);
    let tracked = recorder.track(cache.store());
    assert_sources(&recorder, Some([0, 1]));
    controller_of(&recorder, &tracked)(App::new("a"), true);
    assert_sources(&recorder, Some([1, 0]));
    assert_objects(&recorder, &["App ns/a Ready=Deleted durations=1 sum=0"]);
}

#[test]
fn a_record_that_a_store_takes_over_goes_with_the_store() {
    let (recorder, _) = recorder();
    recorder.record_condition(&id("a"), &ConditionType::READY, False);
    let mut cache = Cache::new();
    let tracked = recorder.track(cache.store());
    assert_objects(&recorder, &["App ns/a Ready=False"]);
    cache.apply(App::new("a"));
    assert_objects(&recorder, &["App ns/a Ready=False"]);
    drop(tracked);
    assert_objects(&recorder, &[]);
}

#[test]
fn attempts_after_the_end_of_their_store_leave_nothing() {
    let (recorder, _) = recorder();
    let (cache, other) = (Cache::of([App::new("a")]), Cache::of([App::new("b")]));
    let tracked = recorder.track(cache.store());
    let _other = recorder.track(other.store());
    let mut reconcile = controller_of(&recorder, &tracked);
    reconcile(App::new("a"), true);
    let b = "App ns/b Ready=Unknown";
    assert_objects(&recorder, &["App ns/a Ready=True durations=1 sum=0", b]);
    drop(tracked);
    reconcile(App::new("a"), true);
    reconcile(App::new("c"), true);
    assert_objects(&recorder, &[b]);
}

#[test]
fn records_of_an_ended_store_make_room_at_the_cap() {
    let builder = Recorder::builder().max_objects(3);
    let (recorder, _) = on_manual_clock(builder);
    let (ended, live) = (
        Cache::of(["a", "b"].map(App::new)),
        Cache::of([App::new("c")]),
    );
    let tracked = recorder.track(ended.store());
    let _live = recorder.track(live.store());
    recorder.start(&id("c")).succeed();
    let c = "App ns/c Ready=True durations=1 sum=0";
    assert_objects(
        &recorder,
        &["App ns/a Ready=Unknown", "App ns/b Ready=Unknown", c],
    );
    drop(tracked);
    for name in ["x", "y"] {
        recorder.record_condition(&id(name), &ConditionType::READY, True);
    }
    assert_objects(
        &recorder,
        &[c, "App ns/x Ready=True", "App ns/y Ready=True"],
    );
    assert!(
        recorder
            .encode(Format::Text)
            .contains("gotkmetrics_refused_total{limit=\"objects\"} 0\n")
    );
}

#[test]
fn a_list_without_changes_is_not_read_again() {
    let (recorder, _) = recorder();
    let reads = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&reads);
    let listed = |version: &str| {
        let app = |number: usize| {
            let mut app = App::new(&format!("a{number:04}")).with_uid(&format!("u{number}"));
            app.metadata.resource_version = Some(version.to_owned());
            app
        };
        (0..1_000).map(app).collect::<Vec<_>>()
    };
    let mut cache = Cache::of(listed("1"));
    let _tracked = recorder
        .source_of(move |app: &App| {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            app.observe()
        })
        .track(cache.store());
    let reads = || {
        drop(recorder.encode(Format::Text));
        reads.swap(0, std::sync::atomic::Ordering::Relaxed)
    };
    assert_eq!(reads(), 1_000);
    assert_eq!(reads(), 0);
    // New allocations of the same objects: the store's order may be another one, so some are read.
    cache.list(listed("1"));
    assert!(reads() <= 64);
    cache.list(listed("2"));
    assert_eq!(reads(), 1_000);
}
