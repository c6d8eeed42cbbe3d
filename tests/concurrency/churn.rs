//! Objects come and go under scrapes: no deadlock, and the right ones are there at the end.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::{ConditionType, Format, Recorder};

use crate::manual::on_manual_clock;
use crate::{GRACE, app, bounded, encode, join, while_scraping};

const READY: ConditionType = ConditionType::READY;

/// The state of each object whose Ready is exposed.
fn ready(text: &str) -> BTreeMap<&str, &str> {
    let mut states = BTreeMap::new();
    for line in text
        .lines()
        .filter(|line| line.ends_with("type=\"Ready\"} 1"))
    {
        let label = |name| {
            let after = line.split_once(name).map(|(_, after)| after);
            after.and_then(|after| Some(after.split_once('"')?.0))
        };
        let twice = states.insert(label("name=\"").unwrap(), label("status=\"").unwrap());
        assert_eq!(twice, None, "{line} is not the only one");
    }
    states
}

fn create(recorder: &Recorder, number: usize) {
    recorder.record_condition(&app(number), &READY, True);
    recorder.record_duration(&app(number), Duration::from_secs(1));
    recorder.record_suspend(&app(number), false);
}

#[test]
fn after_any_churn_exactly_the_right_objects_are_left() {
    const EACH: usize = 500;
    bounded(|| {
        let (recorder, clock) = on_manual_clock(Recorder::builder().max_objects(4 * EACH));
        // Each thread has objects of its own and leaves a third of them alive, a third deleted.
        let churn = |thread: usize| {
            let recorder = &recorder;
            move || {
                for round in 0..10 {
                    for number in thread * EACH..(thread + 1) * EACH {
                        create(recorder, number);
                        match (number + round) % 3 {
                            0 => drop(recorder.start(&app(number))),
                            1 => recorder.forget(&app(number)),
                            _ => recorder.record_deleted(&app(number)),
                        }
                    }
                }
            }
        };
        let churns = [churn(0), churn(1), churn(2), churn(3)];
        let writers = churns.each_ref().map(|churn| churn as &(dyn Fn() + Sync));
        let mut text = String::new();
        let mut more = String::new();
        while_scraping(5, &writers, || {
            thread::scope(|scope| {
                let other = scope.spawn(|| encode(&recorder, &mut more));
                encode(&recorder, &mut text);
                join(other);
            });
            ready(&text);
            ready(&more);
        });

        let expected = |deleted: bool| -> BTreeMap<String, &str> {
            let states = (0..4 * EACH).map(|number| (number, (number + 9) % 3));
            let left = states.filter(|(_, state)| *state == 0 || deleted && *state == 2);
            left.map(|(number, state)| {
                let state = if state == 0 { "True" } else { "Deleted" };
                (format!("a{number:05}"), state)
            })
            .collect()
        };
        assert!(
            ready(&text)
                .iter()
                .map(|(name, state)| ((*name).to_owned(), *state))
                .eq(expected(true))
        );
        clock.advance(GRACE);
        encode(&recorder, &mut text);
        assert!(
            ready(&text)
                .iter()
                .map(|(name, state)| ((*name).to_owned(), *state))
                .eq(expected(false))
        );
        assert!(text.contains("refused_total{limit=\"objects\"} 0\n"));
    });
}

#[test]
fn ten_rounds_of_creating_and_deleting_leave_no_series() {
    const OBJECTS: usize = 5000;
    bounded(|| {
        // No room for what an earlier round would leave behind.
        let (recorder, clock) = on_manual_clock(Recorder::builder().max_objects(OBJECTS));
        for round in 0..10 {
            for number in 0..OBJECTS {
                create(&recorder, round * OBJECTS + number);
            }
            for number in 0..OBJECTS {
                recorder.record_deleted(&app(round * OBJECTS + number));
            }
            let mut text = String::new();
            encode(&recorder, &mut text);
            assert_eq!(ready(&text).len(), OBJECTS);
            clock.advance(GRACE);
            assert_eq!(recorder.encode(Format::Text), "");
        }
    });
}

#[test]
fn a_deletion_during_a_clear_is_not_forgotten() {
    bounded(|| {
        let (recorder, clock) = on_manual_clock(Recorder::builder());
        for _ in 0..100 {
            for number in 0..2000 {
                create(&recorder, number);
            }
            thread::scope(|scope| {
                let clear = scope.spawn(|| recorder.clear());
                for number in 2000..4000 {
                    recorder.record_condition(&app(number), &READY, True);
                    recorder.record_deleted(&app(number));
                }
                join(clear);
            });
            clock.advance(GRACE);
            let text = recorder.encode(Format::Text);
            assert!(
                text.is_empty(),
                "{} would stay for ever",
                ready(&text).len()
            );
        }
    });
}

#[test]
fn after_a_clear_that_races_with_everything_the_next_clear_leaves_nothing() {
    bounded(|| {
        let (recorder, clock) = on_manual_clock(Recorder::builder().max_objects(300));
        let record = || {
            for number in 0..20_000 {
                let id = app(number % 200);
                create(&recorder, number % 200);
                let attempt = recorder.start(&id);
                recorder.record_deleted(&id);
                attempt.succeed();
            }
        };
        while_scraping(0, &[&record, &record], || recorder.clear());
        recorder.clear();
        let text = recorder.encode(Format::Text);
        assert!(!text.contains("gotk_"), "in\n{text}");
        assert!(
            text.contains("{controller=\"app\",result=\"success\"} 40000\n"),
            "in\n{text}"
        );
        // The room of all of them is free.
        for number in 0..300 {
            create(&recorder, number);
        }
        clock.advance(GRACE);
        let mut text = String::new();
        encode(&recorder, &mut text);
        assert_eq!(ready(&text).len(), 300);
    });
}

#[test]
fn a_sweep_never_takes_an_object_that_came_back() {
    bounded(|| {
        let (recorder, clock) = on_manual_clock(Recorder::builder());
        let live_and_die = || {
            for _ in 0..20_000 {
                recorder.record_condition(&app(0), &READY, True);
                recorder.record_deleted(&app(0));
                clock.advance(GRACE);
                // Back to life, or anew if the scrape was faster. Nobody else writes.
                recorder.record_condition(&app(0), &READY, False);
                recorder.record_suspend(&app(0), true);
                let text = recorder.encode(Format::Text);
                assert_eq!(
                    ready(&text),
                    BTreeMap::from([("a00000", "False")]),
                    "in\n{text}"
                );
            }
        };
        let mut text = String::new();
        while_scraping(0, &[&live_and_die], || encode(&recorder, &mut text));
        assert!(text.contains("gotk_suspend_status"), "in\n{text}");
    });
}

#[test]
fn ends_of_attempts_that_race_with_deletions_never_show_an_object_alive() {
    bounded(|| {
        let (recorder, clock) = on_manual_clock(Recorder::builder());
        for _ in 0..200 {
            let attempts: Vec<_> = (0..50).map(|number| recorder.start(&app(number))).collect();
            thread::scope(|scope| {
                let deletions = scope
                    .spawn(|| (0..50).for_each(|number| recorder.record_deleted(&app(number))));
                attempts
                    .into_iter()
                    .for_each(gotk_metrics::Attempt::succeed);
                join(deletions);
            });
            let mut text = String::new();
            encode(&recorder, &mut text);
            let states = ready(&text);
            assert_eq!(states.len(), 50);
            assert!(
                states.values().all(|state| *state == "Deleted"),
                "{states:?}"
            );
            clock.advance(GRACE);
        }
    });
}

#[test]
fn threads_that_race_for_condition_types_share_the_room() {
    bounded(|| {
        for _ in 0..50 {
            let recorder = Recorder::new();
            let write = || {
                for number in 0..20 {
                    let condition = ConditionType::new(format!("Type{number:02}"));
                    recorder.record_condition(&app(0), &condition, True);
                }
            };
            thread::scope(|scope| {
                for writer in [(); 4].map(|()| scope.spawn(write)) {
                    join(writer);
                }
            });
            let text = recorder.encode(Format::Text);
            let current = text
                .lines()
                .filter(|line| line.contains("type=") && line.ends_with(" 1"));
            // Three of sixteen places belong to the built-in types.
            assert_eq!(current.count(), 13, "in\n{text}");
            assert!(
                text.contains("{limit=\"condition_types\"} 28\n"),
                "in\n{text}"
            );
        }
    });
}
