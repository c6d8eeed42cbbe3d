//! What reads an object is the user's code: it may panic, record or scrape.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::kube::{RecorderExt as _, TrackGuard};
use gotk_metrics::{Format, ObjectId, Observed, Recorder};

use crate::common::{assert_counters, assert_objects};
use crate::{App, Cache, id, recorder};

#[test]
fn a_panic_leaves_the_object_as_it_was_and_is_counted() {
    let (recorder, _) = recorder();
    let mut cache = Cache::of([App::new("a").with("Ready", True).suspended(true)]);
    let _tracked = recorder.track(cache.store());
    assert_objects(&recorder, &["App ns/a Ready=True suspended=1"]);
    assert_counters(&recorder, &[]);
    let broken = |name| App {
        panics: true,
        ..App::new(name)
    };
    cache.apply(broken("a"));
    cache.apply(broken("b"));
    for _ in 0..2 {
        let expected = ["App ns/a Ready=True suspended=1", "App ns/b Ready=Unknown"];
        assert_objects(&recorder, &expected);
        // Once for each version of an object.
        assert_counters(&recorder, &["observe_panics 2"]);
    }
    cache.apply(App::new("a").with("Ready", False));
    assert_objects(
        &recorder,
        &["App ns/a Ready=False", "App ns/b Ready=Unknown"],
    );
    cache.delete("b");
    assert_objects(
        &recorder,
        &["App ns/a Ready=False", "App ns/b Ready=Deleted"],
    );
}

#[test]
fn a_closure_says_what_a_foreign_kind_does_not() {
    let (recorder, _) = recorder();
    let cache = Cache::of([App::new("a").with("Ready", False)]);
    let _tracked = recorder
        .source_of(|app: &App| {
            let ready = app.conditions.get("Ready").copied();
            Observed::new()
                .condition("Stalled", ready)
                .condition("Ready", True)
                .suspended(false)
        })
        .track(cache.store());
    assert_objects(
        &recorder,
        &["App ns/a Ready=True Stalled=False suspended=0"],
    );
}

/// Tracks a store of two objects whose state is read by `read`.
fn track(recorder: &Recorder, read: impl Fn() + Send + Sync + 'static) -> (Cache, TrackGuard) {
    let cache = Cache::of(["a", "b"].map(App::new));
    let tracked = recorder
        .source_of(move |_: &App| {
            read();
            Observed::new().condition("Ready", True)
        })
        .track(cache.store());
    (cache, tracked)
}

const BOTH: [&str; 2] = ["App ns/a Ready=True", "App ns/b Ready=True"];

#[test]
fn it_may_record_and_scrape() {
    let (recorder, _) = recorder();
    let inside = recorder.clone();
    let (_cache, _tracked) = track(&recorder, move || {
        inside.record_condition(&id("a"), &gotk_metrics::ConditionType::STALLED, False);
        inside.record_deleted(&ObjectId::new("Other", "o"));
        inside.start(&ObjectId::new("Other", "o")).succeed();
        assert!(!inside.encode(Format::Text).is_empty());
    });
    let other = "Other /o Ready=True durations=2 sum=0";
    let expected = [
        "App ns/a Ready=True Stalled=False",
        "App ns/b Ready=True",
        other,
    ];
    assert_objects(&recorder, &expected);
}

#[test]
fn it_may_track_and_untrack() {
    let (recorder, _) = recorder();
    let other = Cache::of([App::new("other")]);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (inside, store, keep) = (recorder.clone(), other.store(), Arc::clone(&kept));
    let (_cache, _tracked) = track(&recorder, move || {
        drop(inside.track(store.clone()));
        let tracked = inside.track(store.clone());
        keep.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(tracked);
    });
    assert_objects(&recorder, &BOTH);
    let [a, b] = BOTH;
    assert_objects(&recorder, &[a, b, "App ns/other Ready=Unknown"]);
    kept.lock().unwrap().clear();
    assert_objects(&recorder, &BOTH);
}

#[test]
fn it_may_clear_after_which_the_store_is_read_once_more() {
    let (recorder, _) = recorder();
    let inside = recorder.clone();
    let left = std::sync::atomic::AtomicUsize::new(1);
    let (_cache, _tracked) = track(&recorder, move || {
        if left.swap(0, Ordering::Relaxed) > 0 {
            inside.clear();
        }
    });
    assert_objects(&recorder, &BOTH);
    assert_objects(&recorder, &BOTH);
}

#[test]
fn a_scrape_after_one_that_a_panic_ended_is_whole() {
    let (recorder, _) = recorder();
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = Arc::clone(&broken);
    let (mut cache, _tracked) = track(&recorder, move || {
        if is_broken.load(Ordering::Relaxed) {
            resume_unwind(Box::new("read"));
        }
    });
    assert_objects(
        &recorder,
        &["App ns/a Ready=Unknown", "App ns/b Ready=Unknown"],
    );
    broken.store(false, Ordering::Relaxed);
    cache.list(["a", "b"].map(App::new));
    assert_objects(&recorder, &BOTH);
}

/// Whether `work` ends; a thread that does not is left behind.
fn ends(work: impl FnOnce() + Send + 'static) -> bool {
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        work();
        done.send(())
    });
    is_done
        .recv_timeout(std::time::Duration::from_secs(10))
        .is_ok()
}

#[test]
fn a_clock_may_track_while_objects_are_judged() {
    let cell = Arc::new(std::sync::OnceLock::<Recorder>::new());
    let inside = Arc::clone(&cell);
    let calls = Arc::new(std::sync::atomic::AtomicUsize::new(usize::MAX / 2));
    let left = Arc::clone(&calls);
    let clock = move || {
        // The second call of a scrape: the first one is for what is due.
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            drop(inside.get().unwrap().track(Cache::new().store()));
        }
        std::time::Duration::ZERO
    };
    let recorder = Recorder::builder().clock(clock).build().unwrap();
    assert!(cell.set(recorder.clone()).is_ok());
    let mut cache = Cache::of(["a", "b"].map(|name| App::new(name).with("Ready", True)));
    // Never dropped: that would hang too if the test fails.
    std::mem::forget(recorder.track(cache.store()));
    assert_objects(&recorder, &["App ns/a Ready=True", "App ns/b Ready=True"]);
    cache.delete("b");
    calls.store(2, Ordering::Relaxed);
    assert!(ends(move || drop(recorder.encode(Format::Text))));
}

#[test]
fn what_reads_an_object_may_scrape_when_it_is_dropped() {
    struct Scrapes(Recorder);
    impl Drop for Scrapes {
        fn drop(&mut self) {
            drop(self.0.encode(Format::Text));
        }
    }
    let (recorder, _) = recorder();
    let scrapes = Scrapes(recorder.clone());
    let cache = Cache::of([App::new("a")]);
    let tracked = recorder
        .source_of(move |_: &App| {
            let _ = &scrapes;
            Observed::new()
        })
        .track(cache.store());
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
    assert!(ends(move || drop(tracked)));
}
