//! Chunks are the exposition in pieces: same bytes, whole lines, membership fixed at the start.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::Format::{OpenMetrics, Text};
use gotk_metrics::{Chunks, ConditionType, ManualClock, ObjectId, Recorder};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::parse::samples;
use crate::whole::assert_text;

/// What a chunk is cut at, and how far its last lines may go over that.
const CHUNK: usize = 64 * 1024;
const MARGIN: usize = 4 * 1024;

fn app(number: usize) -> ObjectId<'static> {
    ObjectId::new("App", format!("a{number:05}")).within("ns")
}

/// Records an object; which families it has depends on its number.
fn record(recorder: &Recorder, number: usize) {
    let id = app(number);
    if number.is_multiple_of(2) {
        recorder.record_condition(&id, &ConditionType::READY, True);
    }
    if number.is_multiple_of(3) {
        recorder.record_condition(&id, &ConditionType::STALLED, False);
    }
    if number.is_multiple_of(5) {
        recorder.record_duration(&id, Duration::from_secs(1));
    }
    if number % 7 < 2 {
        recorder.record_suspend(&id, number.is_multiple_of(7));
    }
}

fn fleet(objects: usize) -> Recorder {
    let recorder = Recorder::new();
    for number in 0..objects {
        record(&recorder, number);
    }
    recorder
}

fn strings(chunks: Chunks) -> Vec<String> {
    let strings = chunks.map(String::from_utf8);
    strings
        .map(|chunk| chunk.expect("each chunk is UTF-8 of its own"))
        .collect()
}

#[track_caller]
fn assert_sizes(chunks: &[String]) {
    let sizes: Vec<usize> = chunks.iter().map(String::len).collect();
    for (chunk, position) in chunks.iter().zip(1..) {
        let last = position == chunks.len();
        assert!(chunk.ends_with('\n'), "chunk {position} of {sizes:?}");
        assert!(
            chunk.len() < CHUNK + MARGIN,
            "chunk {position} of {sizes:?}"
        );
        assert!(
            last || chunk.len() >= CHUNK,
            "chunk {position} of {sizes:?}"
        );
    }
}

#[test]
fn chunks_are_the_exposition() {
    for objects in [0, 1, 100, 1023, 1024, 1025, 5000] {
        let recorder = fleet(objects);
        if objects == 5000 {
            recorder.start(&app(0)).succeed();
        }
        for format in [Text, OpenMetrics] {
            let chunks = strings(recorder.encode_chunks(format));
            assert_sizes(&chunks);
            assert_text(&chunks.concat(), &recorder.encode(format));
        }
    }
}

#[test]
fn the_lines_of_many_objects_are_those_of_each_one_alone() {
    let mut expected = [const { String::new() }; 3];
    for number in 0..2500 {
        let alone = Recorder::new();
        record(&alone, number);
        for line in alone.encode(Text).lines().filter(|l| !l.starts_with('#')) {
            let families = [
                "gotk_reconcile_condition",
                "gotk_reconcile_duration",
                "gotk_suspend",
            ];
            let family = families.iter().position(|family| line.starts_with(family));
            expected[family.unwrap()].extend([line, "\n"]);
        }
    }
    let text = fleet(2500).encode(Text);
    // Each family is opened once, not with each run of objects.
    let headers = text.lines().filter(|line| line.starts_with('#'));
    assert_eq!(headers.count(), 2 * 3);
    let lines = text.split_inclusive('\n').filter(|l| !l.starts_with('#'));
    assert_text(&lines.collect::<String>(), &expected.concat());
}

#[test]
fn an_appended_registry_is_in_the_chunks() {
    let gauges = Family::<Vec<(String, String)>, Gauge>::default();
    let mut registry = Registry::default();
    registry.register("app_queue", "Length of each queue", gauges.clone());
    for number in 0..8000 {
        let queue = vec![("queue".to_owned(), number.to_string())];
        gauges.get_or_create(&queue).set(number);
    }
    let registry = Arc::new(registry);
    // Of several sizes: our own part ends at another place of a chunk each time.
    for objects in [100, 300, 500, 700, 900] {
        let recorder = fleet(objects);
        recorder.append(Arc::clone(&registry)).unwrap();
        for format in [Text, OpenMetrics] {
            let chunks = strings(recorder.encode_chunks(format));
            assert_text(&chunks.concat(), &recorder.encode(format));
            assert_sizes(&chunks);
        }
    }
}

#[test]
fn fill_appends_and_says_when_it_is_done() {
    let recorder = fleet(3000);
    for format in [Text, OpenMetrics] {
        let whole = recorder.encode(format);
        let mut chunks = recorder.encode_chunks(format);
        let mut out = String::from("before\n");
        let mut last = out.len();
        while chunks.fill(&mut out) {
            assert!(out.len() > last);
            last = out.len();
        }
        assert_text(&out, &format!("before\n{whole}"));
        assert!(!chunks.fill(&mut out));
        assert_eq!(out.len(), last);
        assert_eq!(chunks.next(), None);
    }
}

#[test]
fn membership_is_fixed_at_the_start() {
    let recorder = fleet(5000);
    let before = recorder.encode(Text);
    let mut chunks = recorder.encode_chunks(Text);
    let mut text = String::new();
    assert!(chunks.fill(&mut text));

    for id in [
        ObjectId::new("A", "first"),
        app(99_999),
        ObjectId::new("Z", "last"),
    ] {
        recorder.record_condition(&id, &ConditionType::READY, True);
        recorder.record_duration(&id, Duration::from_secs(1));
        recorder.record_suspend(&id, true);
    }
    for number in (0..5000).step_by(9) {
        recorder.forget(&app(number));
    }
    while chunks.fill(&mut text) {}
    assert_text(&text, &before);

    let after = recorder.encode(Text);
    let names: BTreeSet<_> = samples(&after)
        .iter()
        .map(|s| s.label("name").to_owned())
        .collect();
    for new in ["first", "a99999", "last"] {
        assert!(names.contains(new), "{new} is not in the next exposition");
    }
    assert!(!names.contains("a00000") && !names.contains("a00009"));
}

#[test]
fn clear_does_not_tear_an_exposition_that_has_begun() {
    let recorder = fleet(5000);
    let before = recorder.encode(OpenMetrics);
    let mut chunks = recorder.encode_chunks(OpenMetrics);
    let mut text = String::new();
    assert!(chunks.fill(&mut text));
    recorder.clear();
    while chunks.fill(&mut text) {}
    assert_text(&text, &before);
    assert_eq!(recorder.encode(OpenMetrics), "# EOF\n");
}

#[test]
fn an_attempt_whose_object_is_gone_changes_nothing_in_an_exposition_that_has_begun() {
    let lose: [fn(&Recorder, &ManualClock, &ObjectId<'_>); 3] = [
        |recorder, _, id| recorder.forget(id),
        |recorder, _, _| recorder.clear(),
        // The exposition began with the object deleted, and it has become due since.
        |_, clock, _| clock.advance(Duration::from_secs(300)),
    ];
    for (lose, deleted) in lose.into_iter().zip([false, false, true]) {
        let clock = ManualClock::new();
        let time = clock.clone();
        let recorder = Recorder::builder().clock(move || time.now()).build();
        let recorder = recorder.unwrap();
        (0..5000).for_each(|number| record(&recorder, number));
        // In the last block, which is read last.
        let last = app(99_999);
        let attempt = recorder.start(&last);
        recorder.record_duration(&last, Duration::ZERO);
        if deleted {
            recorder.record_deleted(&last);
        }
        let before = recorder.encode(Text);
        let mut chunks = recorder.encode_chunks(Text);
        let mut text = String::new();
        assert!(chunks.fill(&mut text));
        lose(&recorder, &clock, &last);
        attempt.fail();
        while chunks.fill(&mut text) {}
        let objects = |text: &str| {
            let (from, to) = (text.find("# HELP gotk_"), text.find("# HELP gotkmetrics_"));
            text[from.unwrap()..to.unwrap()].to_owned()
        };
        assert_text(&objects(&text), &objects(&before));
    }
}

#[test]
fn each_object_is_whole_whatever_happens_between_chunks() {
    let recorder = fleet(5000);
    let mut chunks = recorder.encode_chunks(Text);
    let mut text = String::new();
    let mut round = 0_usize;
    while chunks.fill(&mut text) {
        round += 1;
        for number in 0..5000 {
            let id = app(number);
            recorder.record_condition(&id, &ConditionType::READY, round.is_multiple_of(2).into());
            recorder.record_duration(&id, Duration::from_secs(1));
            match round % 4 {
                0 => recorder.record_deleted(&id),
                1 => recorder.forget(&id),
                _ => {}
            }
        }
    }
    assert!(round > 10);
    assert_objects_are_whole(&text);
}

/// Exactly one state of each condition, buckets that agree with the count.
#[track_caller]
fn assert_objects_are_whole(text: &str) {
    let mut buckets: Vec<u64> = Vec::new();
    let mut states: Vec<(String, String)> = Vec::new();
    for sample in samples(text) {
        let value: u64 = sample.value.parse().unwrap();
        match sample.name.as_str() {
            "gotk_reconcile_condition" if value == 1 => {
                states.push((sample.label("name").into(), sample.label("type").into()));
            }
            "gotk_reconcile_duration_seconds_bucket" => buckets.push(value),
            "gotk_reconcile_duration_seconds_count" => {
                assert!(
                    buckets.is_sorted() && buckets.last() == Some(&value),
                    "{sample:?}"
                );
                buckets.clear();
            }
            _ => {}
        }
    }
    let lines = samples(text)
        .iter()
        .filter(|s| s.name == "gotk_reconcile_condition")
        .count();
    let distinct: BTreeSet<_> = states.iter().collect();
    assert_eq!(states.len(), distinct.len());
    assert_eq!(lines, 4 * states.len());
}

#[test]
fn a_condition_type_that_comes_late_leaves_no_header_without_samples() {
    let recorder = Recorder::new();
    recorder.record_suspend(&app(0), true);
    let chunks = recorder.encode_chunks(Text);
    recorder.record_condition(&app(0), &ConditionType::new("Healthy"), True);
    let text = String::from_utf8(chunks.flatten().collect()).unwrap();
    assert!(!text.contains("gotk_reconcile_condition"), "in\n{text}");
}
