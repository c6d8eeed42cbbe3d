//! Several recordings of one object in one call are what they are in calls of their own.

use gotk_metrics::{Format, Recorder, RecorderBuilder, Recording};

use crate::*;

/// One after the other, and all at once.
#[track_caller]
fn assert_same(
    prepare: impl Fn(&Recorder),
    build: impl Fn() -> RecorderBuilder,
    records: &[Recording<'_>],
) {
    let [(each, _), (all, _)] = [(); 2].map(|()| on_manual_clock(build()));
    prepare(&each);
    prepare(&all);
    for record in records {
        record_alone(&each, *record);
    }
    all.record_all(&app(), records);
    let [each, all] = [each, all].map(|recorder| recorder.encode(Format::Text));
    assert_eq!(each, all);
}

fn record_alone(recorder: &Recorder, record: Recording<'_>) {
    match record {
        Recording::Condition(condition, status) => {
            recorder.record_condition(&app(), condition, status);
        }
        Recording::Suspend(suspended) => recorder.record_suspend(&app(), suspended),
        Recording::Duration(duration) => recorder.record_duration(&app(), duration),
        _ => panic!("no call for {record:?}"),
    }
}

const ALL: [Recording<'_>; 4] = [
    Recording::Suspend(true),
    Recording::Condition(&STALLED, True),
    Recording::Duration(HALF_A_SECOND),
    Recording::Condition(&READY, False),
];

#[test]
fn several_at_once_are_one_after_the_other() {
    let unknown = |_: &Recorder| ();
    let known = |recorder: &Recorder| recorder.record_condition(&app(), &READY, True);
    let deleted = |recorder: &Recorder| {
        known(recorder);
        recorder.record_deleted(&app());
    };
    for prepare in [&unknown as &dyn Fn(&Recorder), &known, &deleted] {
        assert_same(prepare, Recorder::builder, &ALL);
        assert_same(prepare, Recorder::builder, &ALL[..1]);
        assert_same(prepare, Recorder::builder, &[]);
    }
}

#[test]
fn all_at_once_create_what_they_name() {
    let (recorder, _) = recorder();
    recorder.record_all(&app(), &ALL);
    recorder.record_all(&app(), &ALL);
    let line = "App ns/a Ready=False Stalled=True durations=2 sum=1 suspended=1";
    assert_objects(&recorder, &[line]);
}

#[test]
fn a_type_too_many_is_refused_alone() {
    let (recorder, _) = recorder();
    recorder.record_suspend(&app(), false);
    let names: Vec<_> = (0..20)
        .map(|number| ConditionType::new(format!("T{number}")))
        .collect();
    let records: Vec<_> = names
        .iter()
        .map(|name| Recording::Condition(name, True))
        .collect();
    recorder.record_all(&app(), &records);
    recorder.record_all(&app(), &[Recording::Suspend(true)]);
    let text = recorder.encode(Format::Text);
    assert!(
        text.contains("gotkmetrics_refused_total{limit=\"condition_types\"} 7\n"),
        "{text}"
    );
    assert!(
        text.contains("gotk_suspend_status{kind=\"App\",name=\"a\",namespace=\"ns\"} 1\n"),
        "{text}"
    );
}
