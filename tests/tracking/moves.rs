//! Objects that move between two stores, or are in both.

use std::sync::{Arc, Mutex};

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::kube::RecorderExt as _;
use gotk_metrics::{ObjectId, Observe as _, Observed};
use kube_core::{ApiResource, DynamicObject, GroupVersionKind};
use kube_runtime::reflector::store::Writer;
use kube_runtime::watcher::Event;

use crate::attempts::controller_of;
use crate::common::{assert_objects, on_manual_clock};
use crate::{App, Cache, id, recorder};

#[test]
fn an_object_that_moves_while_the_stores_are_read_is_not_deleted() {
    let (recorder, _) = recorder();
    let first = Arc::new(Mutex::new(Cache::of([App::new("a")])));
    let second = Arc::new(Mutex::new(Cache::of(["b", "moves"].map(App::new))));
    let stores = [&first, &second].map(|cache| cache.lock().unwrap().store());
    let [first_store, second_store] = stores;
    let moves = {
        let (first, second) = (Arc::clone(&first), Arc::clone(&second));
        move || {
            first
                .lock()
                .unwrap()
                .apply(App::new("moves").suspended(true));
            second.lock().unwrap().delete("moves");
        }
    };
    let _first = recorder
        .source_of(move |app: &App| {
            // The first store has been read, the second one has not.
            if app.suspended == Some(false) {
                moves();
            }
            Observed::new().suspended(app.suspended)
        })
        .track(first_store);
    let _second = recorder.track(second_store);
    recorder.start(&id("moves")).fail();
    let failed = "App ns/moves Ready=False durations=1 sum=0";
    let b = "App ns/b Ready=Unknown";
    assert_objects(&recorder, &["App ns/a Ready=Unknown", b, failed]);
    first.lock().unwrap().apply(App::new("a").suspended(false));
    let a = "App ns/a Ready=Unknown suspended=0";
    let failed = "App ns/moves Ready=False durations=1 sum=0 suspended=1";
    assert_objects(&recorder, &[a, b, failed]);
    assert_objects(&recorder, &[a, b, failed]);
}

#[test]
fn a_store_that_is_read_twice_in_one_sync_shows_what_has_changed_in_between() {
    let (recorder, _) = recorder();
    let first = Arc::new(Mutex::new(Cache::of([App::new("a")])));
    let mut second = Cache::of(["b", "gone"].map(App::new));
    let changes = Arc::clone(&first);
    let (first_store, second_store) = (first.lock().unwrap().store(), second.store());
    let _first = recorder.track(first_store);
    let _second = recorder
        .source_of(move |app: &App| {
            // The first store has been read, and is read again for the object that is missing.
            if app.suspended.is_some() {
                changes
                    .lock()
                    .unwrap()
                    .apply(App::new("a").with("Ready", False));
            }
            Observed::new().condition("Ready", True)
        })
        .track(second_store);
    let [b, gone] = ["b", "gone"].map(|name| format!("App ns/{name} Ready=True"));
    assert_objects(&recorder, &["App ns/a Ready=Unknown", &b, &gone]);
    second.delete("gone");
    second.apply(App::new("b").suspended(true));
    let gone = gone.replace("True", "Deleted");
    assert_objects(&recorder, &["App ns/a Ready=False", &b, &gone]);
}

#[test]
fn an_object_that_no_store_had_for_a_moment_is_as_it_was_if_its_uid_is() {
    let (recorder, _) = recorder();
    let moves = |uid| App::new("moves").with_uid(uid);
    let mut first = Cache::of([App::new("a")]);
    let mut second = Cache::of([App::new("b"), moves("one")]);
    let _first = recorder.track(first.store());
    let _second = recorder.track(second.store());
    recorder.start(&id("moves")).fail();
    let expect = |state: &str| {
        let line = format!("App ns/moves Ready={state} durations=1 sum=0");
        let others = ["App ns/a Ready=Unknown", "App ns/b Ready=Unknown"];
        assert_objects(&recorder, &[others[0], others[1], &line]);
    };
    expect("False");
    second.delete("moves");
    expect("Deleted");
    first.apply(moves("one"));
    expect("False");
    first.delete("moves");
    expect("Deleted");
    first.apply(moves("two"));
    expect("Unknown");
}

#[test]
fn two_stores_that_differ_in_the_uid_of_an_object_do_not_reset_its_outcome() {
    let (recorder, _) = recorder();
    let [old, new] = ["old", "new"].map(|uid| App::new("a").with_uid(uid));
    let (first, second) = (Cache::of([old]), Cache::of([new.clone()]));
    let _first = recorder.track(first.store());
    let tracked = recorder.track(second.store());
    let mut reconcile = controller_of(&recorder, &tracked);
    for count in 1..4 {
        reconcile(new.clone(), false);
        let line = format!("App ns/a Ready=False durations={count} sum=0");
        assert_objects(&recorder, &[&line]);
        assert_objects(&recorder, &[&line]);
    }
}

#[test]
fn a_new_term_takes_over_from_the_last_one_without_a_scrape_in_between() {
    let (recorder, _) = recorder();
    let a = || App::new("a").with_uid("one");
    let cache = Cache::of([a()]);
    let last = recorder.track(cache.store());
    recorder.start(&id("a")).fail();
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=0"]);
    let next = recorder.track(cache.store());
    drop(last);
    controller_of(&recorder, &next)(a(), true);
    assert_objects(&recorder, &["App ns/a Ready=True durations=2 sum=0"]);
    drop(next);
    assert_objects(&recorder, &[]);
}

#[test]
fn the_term_that_began_first_may_end_last_and_leaves_nothing() {
    let (recorder, _) = recorder();
    let (first, second) = (Cache::of([App::new("a")]), Cache::of([App::new("b")]));
    let first_tracked = recorder.track(first.store());
    let second_tracked = recorder.track(second.store());
    let [a, b] = ["a", "b"].map(|name| format!("App ns/{name} Ready=Unknown"));
    assert_objects(&recorder, &[&a, &b]);
    // No scrape in between.
    drop(second_tracked);
    drop(first_tracked);
    assert_objects(&recorder, &[]);
}

#[test]
fn a_call_finds_its_object_although_the_plural_was_guessed() {
    let kind = GroupVersionKind::gvk("example.com", "v1", "Chassis");
    let guessed = ApiResource::from_gvk(&kind);
    let real = ApiResource::from_gvk_with_plural(&kind, "chassis");
    assert_ne!(guessed.plural, real.plural);
    let (recorder, _) = on_manual_clock(gotk_metrics::Recorder::builder());
    let mut writers = [(); 2].map(|()| Writer::<DynamicObject>::new(real.clone()));
    let track = |writer: &Writer<DynamicObject>| {
        let options = recorder.source_with(guessed.clone(), DynamicObject::observe);
        options.track(writer.as_reader())
    };
    let [first, _second] = [track(&writers[0]), track(&writers[1])];
    for (writer, name) in writers.iter_mut().zip(["one", "two"]) {
        let object = DynamicObject::new(name, &real).within("ns");
        writer.apply_watcher_event(&Event::Apply(object));
    }
    // Before any scrape: the call itself has to find whose object it is.
    let two = ObjectId::new("Chassis", "two").within("ns");
    recorder.start(&two).fail();
    let lines = [
        "Chassis ns/one Ready=Unknown",
        "Chassis ns/two Ready=False durations=1 sum=0",
    ];
    assert_objects(&recorder, &lines);
    drop(first);
    assert_objects(&recorder, &lines[1..]);
}
