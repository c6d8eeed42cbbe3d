//! One object's lines in one family are of one moment.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True, Unknown};
use gotk_metrics::{ConditionType, ObjectId, Recorder};

use crate::manual::on_manual_clock;
use crate::{app, bounded, encode, while_scraping};

const OBJECTS: usize = 50;

/// Changes the Ready of one object after the other, in every way there is.
fn transitions(recorder: &Recorder, ids: &[ObjectId<'_>], count: usize) {
    let ready = ConditionType::READY;
    for number in 0..count {
        let id = &ids[number % ids.len()];
        match number / ids.len() % 8 {
            0 | 4 => recorder.record_condition(id, &ready, True),
            1 | 5 => recorder.record_condition(id, &ready, False),
            2 => recorder.record_condition(id, &ready, Unknown),
            3 => recorder.record_deleted(id),
            6 => recorder.start(id).succeed(),
            _ => recorder.start(id).fail(),
        }
    }
}

/// The four lines of each object, one of which ends in 1.
#[track_caller]
fn assert_one_state_each(text: &str) {
    let lines = text.lines();
    let mut lines = lines.filter(|line| line.starts_with("gotk_reconcile_condition{"));
    let mut objects = 0;
    while let Some(deleted) = lines.next() {
        let states = [Some(deleted), lines.next(), lines.next(), lines.next()];
        let ones = states.iter().flatten().filter(|line| line.ends_with("} 1"));
        let zeros = states.iter().flatten().filter(|line| line.ends_with("} 0"));
        let whole = (ones.count(), zeros.count()) == (1, 3);
        assert!(
            whole && deleted.contains("status=\"Deleted\""),
            "{states:#?}"
        );
        objects += 1;
    }
    assert_eq!(objects, OBJECTS, "in\n{text}");
}

#[test]
fn no_scrape_sees_other_than_one_ready_state_in_a_million_transitions() {
    bounded(|| {
        let (recorder, _) = on_manual_clock(Recorder::builder());
        let ids: Vec<ObjectId<'_>> = (0..OBJECTS).map(app).collect();
        transitions(&recorder, &ids, OBJECTS);
        let write = || transitions(&recorder, &ids, 500_000);
        let mut text = String::new();
        while_scraping(50, &[&write, &write], || {
            encode(&recorder, &mut text);
            assert_one_state_each(&text);
        });
    });
}

/// Counts of each object: each bucket, then all.
type Histograms = BTreeMap<String, Vec<u64>>;

/// Checks each histogram against itself.
#[track_caller]
fn histograms(text: &str) -> Histograms {
    let mut histograms = Histograms::new();
    let mut buckets: Vec<u64> = Vec::new();
    for line in text.lines() {
        let Some(sample) = line.strip_prefix("gotk_reconcile_duration_seconds_") else {
            continue;
        };
        let value = sample
            .rsplit(' ')
            .next()
            .and_then(|value| value.parse().ok());
        if sample.starts_with("bucket") {
            buckets.push(value.unwrap_or_else(|| panic!("no count: {line}")));
        } else if sample.starts_with("count") {
            assert!(buckets.is_sorted(), "{line} after {buckets:?}");
            assert_eq!(buckets.last().copied(), value, "{line} after {buckets:?}");
            histograms.insert(sample.to_owned(), std::mem::take(&mut buckets));
        }
    }
    histograms
        .into_iter()
        .map(|(sample, buckets)| (sample.split(' ').next().unwrap_or_default().into(), buckets))
        .collect()
}

#[test]
fn histograms_agree_with_themselves_and_never_decrease() {
    const EACH: usize = 400_000;
    bounded(|| {
        let recorder = Recorder::new();
        let ids: Vec<ObjectId<'_>> = (0..10).map(app).collect();
        let written = AtomicU64::new(0);
        let write = || {
            for number in 0..EACH {
                // Through all buckets, in an order that is none.
                let millis = 10_u64 << (number * 7 % 19);
                recorder.record_duration(&ids[number % 10], Duration::from_millis(millis));
            }
            written.fetch_add(EACH as u64, Ordering::Relaxed);
        };
        let mut text = String::new();
        let mut last = Histograms::new();
        while_scraping(50, &[&write, &write], || {
            encode(&recorder, &mut text);
            let now = histograms(&text);
            for (object, before) in &last {
                let after = now
                    .get(object)
                    .unwrap_or_else(|| panic!("{object} is gone"));
                let rising = before
                    .iter()
                    .zip(after)
                    .all(|(before, after)| before <= after);
                assert!(rising, "{object}: {before:?} then {after:?}");
            }
            last = now;
        });
        let total: u64 = last.values().filter_map(|buckets| buckets.last()).sum();
        assert_eq!(total, written.into_inner());
        assert_eq!(last.len(), 10);
    });
}

#[test]
fn a_sum_is_of_the_same_moment_as_its_counts() {
    bounded(|| {
        let recorder = Recorder::new();
        let write = || {
            for _ in 0..100_000 {
                recorder.record_duration(&app(0), Duration::from_millis(500));
            }
        };
        let mut text = String::new();
        while_scraping(50, &[&write, &write], || {
            encode(&recorder, &mut text);
            let values = ["_sum{", "_count{"].map(|suffix| {
                let line = text.lines().find(|line| line.contains(suffix));
                let value = line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
                value.unwrap_or_default()
            });
            // Halves add up without loss, so this is exact.
            assert!(
                (values[0] - values[1] / 2.0).abs() < 0.25,
                "{values:?} in\n{text}"
            );
        });
    });
}

#[test]
fn scrapes_of_one_moment_are_equal() {
    bounded(|| {
        let recorder = Recorder::new();
        for number in 0..2000 {
            recorder.start(&app(number)).succeed();
        }
        let texts: Vec<String> = std::thread::scope(|scope| {
            let scrape = || {
                let mut text = String::new();
                encode(&recorder, &mut text);
                text
            };
            let scrapers = [(); 4].map(|()| scope.spawn(scrape));
            scrapers.map(|scraper| scraper.join().unwrap()).into()
        });
        assert!(texts.windows(2).all(|pair| pair[0] == pair[1]));
        assert!(texts[0].len() > 1_000_000);
    });
}

#[test]
fn an_object_that_comes_back_is_never_seen_in_a_state_that_nobody_recorded() {
    bounded(|| {
        let (recorder, _) = on_manual_clock(Recorder::builder());
        let ready = ConditionType::READY;
        recorder.record_condition(&app(0), &ready, True);
        let write = || {
            for _ in 0..100_000 {
                recorder.record_deleted(&app(0));
                recorder.record_condition(&app(0), &ready, True);
            }
        };
        let mut text = String::new();
        while_scraping(1000, &[&write], || {
            encode(&recorder, &mut text);
            assert!(
                text.contains("status=\"Unknown\",type=\"Ready\"} 0"),
                "in\n{text}"
            );
        });
    });
}
