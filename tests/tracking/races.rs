//! Scrapes, stores and attempts at the same time.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use gotk_metrics::ConditionStatus::True;
use gotk_metrics::kube::RecorderExt as _;
use gotk_metrics::{Format, Observed};

use crate::common::assert_objects;
use crate::{App, Cache, id, recorder};

/// Far more than any wait here takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn an_object_that_appears_after_the_store_was_read_is_not_gone() {
    let (recorder, _) = recorder();
    let cache = std::sync::Mutex::new(Cache::of([App::new("a")]));
    let store = cache.lock().unwrap().store();
    let inside = recorder.clone();
    let cache = Arc::new(cache);
    let appears = Arc::clone(&cache);
    // The store has been read by the time an object of it is.
    let _tracked = recorder
        .source_of(move |app: &App| {
            if app.metadata.name.as_deref() == Some("a") {
                appears.lock().unwrap().apply(App::new("new"));
                drop(inside.start(&id("new")));
            }
            Observed::new().condition("Ready", True)
        })
        .track(store);
    assert_objects(
        &recorder,
        &["App ns/a Ready=True", "App ns/new Ready=Unknown"],
    );
    assert_objects(&recorder, &["App ns/a Ready=True", "App ns/new Ready=True"]);
    drop(cache);
}

#[test]
fn an_object_that_comes_back_after_the_store_was_read_keeps_its_attempt() {
    let (recorder, _) = recorder();
    let cache = Arc::new(std::sync::Mutex::new(Cache::of(
        ["a", "back"].map(App::new),
    )));
    let store = cache.lock().unwrap().store();
    let (inside, comes_back) = (recorder.clone(), Arc::clone(&cache));
    let attempt = Arc::new(std::sync::Mutex::new(None));
    let keep = Arc::clone(&attempt);
    let _tracked = recorder
        .source_of(move |app: &App| {
            // The second version of it.
            if app.suspended.is_some() {
                comes_back.lock().unwrap().apply(App::new("back"));
                *keep.lock().unwrap() = Some(inside.start(&id("back")));
            }
            Observed::new()
        })
        .track(store);
    assert_objects(
        &recorder,
        &["App ns/a Ready=Unknown", "App ns/back Ready=Unknown"],
    );
    cache.lock().unwrap().delete("back");
    cache.lock().unwrap().apply(App::new("a").suspended(true));
    assert_objects(
        &recorder,
        &["App ns/a Ready=Unknown", "App ns/back Ready=Unknown"],
    );
    attempt.lock().unwrap().take().unwrap().succeed();
    let expected = [
        "App ns/a Ready=Unknown",
        "App ns/back Ready=True durations=1 sum=0",
    ];
    assert_objects(&recorder, &expected);
}

#[test]
fn scrapes_at_the_same_time_share_one_sync() {
    let (recorder, _) = recorder();
    let cache = Cache::of([App::new("a")]);
    let reads = Arc::new(AtomicUsize::new(0));
    let (reading, is_reading) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (counted, may_go_on) = (Arc::clone(&reads), std::sync::Mutex::new(may_go_on));
    let _tracked = recorder
        .source_of(move |_: &App| {
            counted.fetch_add(1, Ordering::Relaxed);
            reading.send(()).unwrap();
            let _ = may_go_on.lock().unwrap().recv_timeout(PATIENCE);
            Observed::new().condition("Ready", True)
        })
        .track(cache.store());
    let scrape = || {
        let recorder = recorder.clone();
        thread::spawn(move || recorder.encode(Format::Text))
    };
    let first = scrape();
    is_reading.recv_timeout(PATIENCE).unwrap();
    let others = [scrape(), scrape(), scrape()];
    // Who records does not wait for them.
    recorder.start(&id("a")).succeed();
    recorder.forget(&id("other"));
    drop(go_on);
    let first = first.join().unwrap();
    for other in others {
        assert_eq!(other.join().unwrap(), first);
    }
    assert_eq!(reads.load(Ordering::Relaxed), 1);
    assert!(
        first.contains("status=\"True\",type=\"Ready\"} 1"),
        "{first}"
    );
}

#[test]
fn after_an_untracking_or_a_clear_that_races_with_scrapes_nothing_is_left() {
    for round in 0..200 {
        let (recorder, _) = recorder();
        let cache = Cache::of(["a", "b", "c", "d"].map(App::new));
        let tracked = recorder.track(cache.store());
        let (start, done) = (Barrier::new(3), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    while !done.load(Ordering::Relaxed) {
                        let _ = recorder.encode(Format::Text);
                    }
                });
            }
            start.wait();
            if round % 2 == 0 {
                drop(tracked);
            } else {
                recorder.clear();
            }
            done.store(true, Ordering::Relaxed);
        });
        assert_objects(&recorder, &[]);
    }
}

#[test]
fn objects_that_live_are_never_shown_as_deleted() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of((0..200).map(|number| App::new(&format!("a{number}"))));
    let _tracked = recorder.track(cache.store());
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let text = recorder.encode(Format::Text);
                    let dead = text
                        .lines()
                        .find(|line| line.ends_with("status=\"Deleted\",type=\"Ready\"} 1"));
                    assert_eq!(dead, None);
                }
            });
        }
        for number in 0..20_000 {
            let name = format!("a{}", 200 + number % 500);
            // A new object, reconciled at once, as a controller does.
            if number < 500 {
                cache.apply(App::new(&name));
                let id = gotk_metrics::ObjectId::new("App", name).within("ns");
                recorder.start(&id).succeed();
            } else {
                cache.apply(App::new(&name).with("Ready", True));
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_store_that_gets_its_first_list_after_it_was_read_judges_nothing() {
    let (recorder, _) = recorder();
    let listed = Arc::new(std::sync::Mutex::new(Cache::new()));
    let (store, other) = (
        listed.lock().unwrap().store(),
        Cache::of([App::new("other")]),
    );
    // Known from before, by calls.
    recorder.record_condition(&id("a"), &gotk_metrics::ConditionType::READY, True);
    recorder.record_condition(&id("b"), &gotk_metrics::ConditionType::READY, True);
    let _first = recorder.track(store);
    let (inside, list) = (recorder.clone(), Arc::clone(&listed));
    let _second = recorder
        .source_of(move |_: &App| {
            // The first store has been read, empty. Now its list comes, and its controller starts.
            list.lock().unwrap().list(["a", "b"].map(App::new));
            let done = |_: Arc<App>, _: Arc<()>| {
                std::future::ready(Ok::<_, std::io::Error>(
                    kube_runtime::controller::Action::await_change(),
                ))
            };
            drop(inside.instrument(done)(
                Arc::new(App::new("a")),
                Arc::new(()),
            ));
            Observed::new()
        })
        .track(other.store());
    let expected = [
        "App ns/a Ready=True",
        "App ns/b Ready=True",
        "App ns/other Ready=Unknown",
    ];
    assert_objects(&recorder, &expected);
}

#[test]
fn an_object_that_a_call_brings_back_after_the_store_was_read_is_not_gone() {
    let (recorder, _) = recorder();
    let cache = Arc::new(std::sync::Mutex::new(Cache::of(
        ["a", "back"].map(App::new),
    )));
    let store = cache.lock().unwrap().store();
    let (inside, comes_back) = (recorder.clone(), Arc::clone(&cache));
    let _tracked = recorder
        .source_of(move |app: &App| {
            // The second version of it.
            if app.suspended.is_some() {
                comes_back.lock().unwrap().apply(App::new("back"));
                inside.record_condition(&id("back"), &gotk_metrics::ConditionType::READY, True);
            }
            Observed::new()
        })
        .track(store);
    let [a, back] = ["App ns/a Ready=Unknown", "App ns/back Ready=Unknown"];
    assert_objects(&recorder, &[a, back]);
    cache.lock().unwrap().delete("back");
    assert_objects(&recorder, &[a, "App ns/back Ready=Deleted"]);
    cache.lock().unwrap().apply(App::new("a").suspended(true));
    assert_objects(&recorder, &[a, "App ns/back Ready=True"]);
    assert_objects(&recorder, &[a, "App ns/back Ready=True"]);
}
