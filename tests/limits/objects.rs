//! At the object cap: due tombstones go first, then new objects are refused and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gotk_metrics::ConditionStatus::True;
use gotk_metrics::{Format, ManualClock, ObjectId, Recorder};

use crate::READY;
use crate::common::{assert_counters, assert_objects, on_manual_clock, parse};

const GRACE: Duration = Duration::from_secs(300);

fn id(name: &str) -> ObjectId<'_> {
    ObjectId::new("App", name)
}

fn numbered(number: usize) -> ObjectId<'static> {
    ObjectId::new("App", format!("{number:07}"))
}

/// A recorder with room for as many objects as it holds.
fn full(objects: usize) -> (Recorder, ManualClock) {
    let (recorder, clock) = on_manual_clock(Recorder::builder().max_objects(objects));
    for number in 0..objects {
        recorder.record_condition(&numbered(number), &READY, True);
    }
    assert_counters(&recorder, &[]);
    (recorder, clock)
}

/// How many objects have a condition.
fn objects(recorder: &Recorder) -> usize {
    let text = recorder.encode(Format::Text);
    let samples = parse::samples(&text).into_iter();
    let ready = samples.filter(|s| s.label("type") == "Ready" && s.value == "1");
    ready.count()
}

#[test]
fn every_call_on_a_new_object_is_refused_and_counted() {
    let (recorder, _) = full(2);
    recorder.record_condition(&id("new"), &READY, True);
    recorder.record_suspend(&id("new"), true);
    recorder.record_duration(&id("new"), GRACE);
    recorder.start(&id("new")).succeed();
    let both = ["App /0000000 Ready=True", "App /0000001 Ready=True"];
    assert_objects(&recorder, &both);
    // The attempt has a controller, if no object.
    assert_counters(&recorder, &["reconcile app success 1", "refused objects 4"]);
    // These are about objects that exist, or do nothing.
    recorder.record_deleted(&id("new"));
    recorder.forget(&id("new"));
    assert_counters(&recorder, &["reconcile app success 1", "refused objects 4"]);
}

#[test]
fn existing_objects_are_unaffected() {
    let (recorder, _) = full(2);
    recorder.record_condition(&id("new"), &READY, True);
    recorder.start(&numbered(0)).fail();
    recorder.record_suspend(&numbered(1), true);
    let expected = [
        "App /0000000 Ready=True durations=1 sum=0",
        "App /0000001 Ready=True suspended=1",
    ];
    assert_objects(&recorder, &expected);
}

#[test]
fn an_attempt_that_was_refused_stays_without_an_object() {
    let (recorder, _) = full(1);
    let attempt = recorder.start(&id("new"));
    recorder.forget(&numbered(0));
    recorder.record_suspend(&id("new"), true);
    attempt.succeed();
    assert_objects(&recorder, &["App /new suspended=1"]);
    assert_counters(&recorder, &["reconcile app success 1", "refused objects 1"]);
}

#[test]
fn what_is_forgotten_or_cleared_makes_room() {
    let (recorder, _) = full(2);
    recorder.forget(&numbered(0));
    recorder.record_condition(&id("new"), &READY, True);
    assert_objects(
        &recorder,
        &["App /0000001 Ready=True", "App /new Ready=True"],
    );
    recorder.clear();
    for number in 2..4 {
        recorder.record_condition(&numbered(number), &READY, True);
    }
    assert_counters(&recorder, &[]);
    recorder.record_condition(&id("new"), &READY, True);
    assert_counters(&recorder, &["refused objects 1"]);
}

#[test]
fn deleted_objects_take_room_until_they_are_due() {
    let (recorder, clock) = full(2);
    recorder.record_deleted(&numbered(0));
    clock.advance(Duration::from_nanos(299_999_999_999));
    recorder.record_condition(&id("new"), &READY, True);
    assert_counters(&recorder, &["refused objects 1"]);
    clock.advance(Duration::from_nanos(1));
    // No scrape in between.
    recorder.record_condition(&id("new"), &READY, True);
    assert_objects(
        &recorder,
        &["App /0000001 Ready=True", "App /new Ready=True"],
    );
    assert_counters(&recorder, &["refused objects 1"]);
}

#[test]
fn an_object_revives_at_the_cap() {
    let (recorder, clock) = full(2);
    recorder.record_deleted(&numbered(0));
    recorder.record_condition(&numbered(0), &READY, True);
    recorder.record_deleted(&numbered(1));
    clock.advance(GRACE);
    // Due and not swept: gone, but its own room is free.
    recorder.start(&numbered(1)).succeed();
    let expected = [
        "App /0000000 Ready=True",
        "App /0000001 Ready=True durations=1 sum=0",
    ];
    assert_objects(&recorder, &expected);
    assert_counters(&recorder, &["reconcile app success 1"]);
}

#[test]
fn a_whole_generation_of_due_objects_makes_room_without_a_scrape() {
    let (recorder, clock) = full(1000);
    for number in 0..1000 {
        recorder.record_deleted(&numbered(number));
    }
    clock.advance(GRACE);
    for number in 1000..2000 {
        recorder.record_condition(&numbered(number), &READY, True);
    }
    assert_counters(&recorder, &[]);
    assert_eq!(objects(&recorder), 1000);
}

#[test]
fn one_call_clears_away_at_most_64_due_objects() {
    let seconds = Arc::new(AtomicU64::new(0));
    let clock = {
        let seconds = Arc::clone(&seconds);
        move || Duration::from_secs(seconds.load(Ordering::Relaxed))
    };
    let recorder = Recorder::builder().max_objects(200).clock(clock).build();
    let recorder = recorder.unwrap();
    for number in 0..200 {
        recorder.record_condition(&numbered(number), &READY, True);
        recorder.record_deleted(&numbered(number));
    }
    seconds.store(300, Ordering::Relaxed);
    recorder.record_condition(&id("new"), &READY, True);
    // Back in time nothing is due, so that this scrape removes nothing.
    seconds.store(0, Ordering::Relaxed);
    assert_eq!(objects(&recorder), 200 - 64 + 1);
    assert_counters(&recorder, &[]);
}

#[test]
fn objects_that_revived_do_not_hide_a_due_one() {
    let (recorder, clock) = full(200);
    for number in 0..199 {
        recorder.record_deleted(&numbered(number));
        recorder.record_condition(&numbered(number), &READY, True);
    }
    recorder.record_deleted(&numbered(199));
    clock.advance(GRACE);
    recorder.record_condition(&id("new"), &READY, True);
    assert_counters(&recorder, &[]);
    assert_eq!(objects(&recorder), 200);
}

#[test]
fn an_object_that_dies_and_revives_at_one_moment_leaves_nothing_behind_each_time() {
    let (recorder, clock) = full(1);
    // Were the deletions kept, this would take the square of their number.
    for _ in 0..1_000_000 {
        recorder.record_deleted(&numbered(0));
        recorder.record_condition(&numbered(0), &READY, True);
    }
    recorder.record_deleted(&numbered(0));
    clock.advance(GRACE);
    assert_eq!(recorder.encode(Format::Text), "");
}

#[test]
fn the_default_cap_is_a_hundred_thousand() {
    let recorder = Recorder::new();
    for number in 0..100_000 {
        recorder.record_suspend(&numbered(number), true);
    }
    assert_counters(&recorder, &[]);
    recorder.record_suspend(&id("new"), true);
    assert_counters(&recorder, &["refused objects 1"]);
}

#[test]
fn a_million_hostile_objects_stay_below_the_cap_and_every_refusal_is_counted() {
    let (recorder, _) = full(1000);
    let before = recorder.encode(Format::Text);
    let long = "\"} 1\n\\".repeat(60);
    for number in 0..1_000_000_u32 {
        let name = format!("\n\"{number}{long}");
        let id = ObjectId::new("App", name).within(&*long);
        match number % 4 {
            0 => recorder.record_condition(&id, &READY, True),
            1 => recorder.record_suspend(&id, true),
            2 => recorder.record_duration(&id, GRACE),
            _ => drop(recorder.start(&id)),
        }
    }
    let counters = ["attempts_cancelled app 250000", "refused objects 1e+06"];
    assert_counters(&recorder, &counters);
    assert_eq!(objects(&recorder), 1000);
    assert!(recorder.encode(Format::Text).contains(&before));
}

#[test]
fn threads_that_race_for_room_never_exceed_the_cap() {
    for _ in 0..20 {
        let recorder = Recorder::builder().max_objects(500).build().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let recorder = &recorder;
                scope.spawn(move || {
                    for number in 0..500 {
                        recorder.record_condition(&numbered(thread * 500 + number), &READY, True);
                    }
                });
            }
        });
        assert_eq!(objects(&recorder), 500);
        assert_counters(&recorder, &["refused objects 1500"]);
    }
}

#[test]
fn recording_on_a_deleted_object_takes_no_room_from_a_new_one() {
    let (recorder, _) = full(2);
    recorder.forget(&numbered(1));
    recorder.record_deleted(&numbered(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..100_000 {
                recorder.record_suspend(&numbered(0), true);
            }
        });
        // There is room for this one at any time.
        for _ in 0..100_000 {
            recorder.record_suspend(&id("new"), true);
            recorder.forget(&id("new"));
        }
    });
    assert_counters(&recorder, &[]);
}
