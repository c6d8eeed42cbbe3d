//! R3, R4: what a scrape sees of one object is of one moment.
//!
//! Two threads write, this one scrapes until they are done and once more.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True, Unknown};
use gotk_metrics::{ConditionType, ObjectId, Recorder};

use crate::parse;
use crate::{Effort, Row, app, encode};

const OBJECTS: usize = 50;
const WRITERS: usize = 2;

/// Runs `write` with each number below `count`, half of them on each thread, and `scrape` meanwhile.
fn under_scrapes(count: usize, write: impl Fn(usize) + Sync, mut scrape: impl FnMut()) -> usize {
    let (working, mut scrapes) = (AtomicUsize::new(WRITERS), 0);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (write, working) = (&write, &working);
            scope.spawn(move || {
                (writer..count).step_by(WRITERS).for_each(write);
                working.fetch_sub(1, Ordering::Relaxed);
            });
        }
        loop {
            let last = working.load(Ordering::Relaxed) == 0;
            scrape();
            scrapes += 1;
            if last {
                return scrapes;
            }
        }
    })
}

pub(crate) fn conditions(effort: Effort) -> Row {
    let recorder = Recorder::new();
    let ids: Vec<ObjectId<'_>> = (0..OBJECTS).map(app).collect();
    let ready = ConditionType::READY;
    for id in &ids {
        recorder.record_condition(id, &ready, True);
    }
    let count = effort.of(1_000_000, 100_000);
    let (mut torn, mut text) = (0, String::new());
    let transition = |number: usize| {
        let id = &ids[number / 2 % OBJECTS];
        match number / 2 / OBJECTS % 6 {
            0 => recorder.record_condition(id, &ready, True),
            1 => recorder.record_condition(id, &ready, False),
            2 => recorder.record_condition(id, &ready, Unknown),
            3 => recorder.record_deleted(id),
            4 => recorder.start(id).succeed(),
            _ => recorder.start(id).fail(),
        }
    };
    let scrapes = under_scrapes(count, transition, || {
        encode(&recorder, &mut text);
        let mut ones = BTreeMap::new();
        for line in text
            .lines()
            .filter(|line| line.starts_with("gotk_reconcile_condition{"))
        {
            let name = line
                .split("name=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            *ones.entry(name).or_insert(0) += usize::from(line.ends_with("} 1"));
        }
        torn += usize::from(ones.len() != OBJECTS || ones.values().any(|ones| *ones != 1));
    });
    (
        torn == 0,
        format!("{torn} of {scrapes} scrapes torn, {count} transitions"),
    )
}

pub(crate) fn histograms(effort: Effort) -> Row {
    let recorder = Recorder::new();
    let ids: Vec<ObjectId<'_>> = (0..OBJECTS).map(app).collect();
    let count = effort.of(3_000_000, 300_000);
    let mut last: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let (mut torn, mut text) = (0, String::new());
    let observe = |number: usize| {
        let millis = 10_u64 << (number * 7 % 19);
        recorder.record_duration(&ids[number / 2 % OBJECTS], Duration::from_millis(millis));
    };
    let scrapes = under_scrapes(count, observe, || {
        encode(&recorder, &mut text);
        let mut now: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let mut whole = true;
        for sample in parse::samples(&text) {
            let value = sample.value.parse::<f64>().unwrap_or(f64::NAN);
            // Counts below a million are written as integers, those above as floats.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count, and a small one"
            )]
            let value = value as u64;
            let buckets = now.entry(sample.label("name").to_owned()).or_default();
            if sample.name.ends_with("_bucket") {
                buckets.push(value);
            } else if sample.name.ends_with("_count") {
                whole &= buckets.is_sorted() && buckets.last() == Some(&value);
            }
        }
        let grows = |(name, before): (&String, &Vec<u64>)| {
            now.get(name)
                .is_some_and(|now| before.iter().zip(now).all(|(before, now)| before <= now))
        };
        torn += usize::from(!whole || !last.iter().all(grows));
        last = now;
    });
    let total: u64 = last.values().filter_map(|buckets| buckets.last()).sum();
    let pass = torn == 0 && total == count as u64;
    (
        pass,
        format!("{torn} of {scrapes} scrapes incoherent, {total} of {count} observations counted"),
    )
}
