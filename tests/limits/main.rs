//! What happens at each limit, and what set-up refuses.

#[cfg(test)]
mod append;
#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod labels;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod user_code;

use std::time::Duration;

use gotk_metrics::ConditionStatus::True;
use gotk_metrics::{ConditionType, Family, Format, ObjectId, Recorder};

use crate::common::{assert_counters, assert_objects, on_manual_clock};

const READY: ConditionType = ConditionType::READY;

fn app() -> ObjectId<'static> {
    ObjectId::new("App", "a").within("ns")
}

/// One entry in each family.
fn record_all(recorder: &Recorder) {
    recorder.start(&app()).succeed();
    drop(recorder.start(&app()));
    recorder.record_suspend(&app(), true);
}

fn families(recorder: &Recorder) -> Vec<String> {
    let text = recorder.encode(Format::Text);
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names = types.filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

#[test]
fn a_family_that_is_switched_off_is_missing_and_the_others_are_there() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    record_all(&recorder);
    let all = families(&recorder);
    assert_eq!(all.len(), 18);
    for off in Family::all() {
        let (recorder, _) = on_manual_clock(Recorder::builder().without(off));
        record_all(&recorder);
        let others = all.iter().filter(|name| *name != off.name());
        assert!(families(&recorder).iter().eq(others), "{off:?}");
    }
}

#[test]
fn with_all_families_switched_off_nothing_is_written() {
    let builder = Family::all().fold(Recorder::builder(), |builder, family| {
        builder.without(family)
    });
    let (recorder, _) = on_manual_clock(builder);
    record_all(&recorder);
    recorder.record_condition(&app(), &READY, True);
    recorder.record_duration(&app(), Duration::ZERO);
    recorder.record_deleted(&app());
    assert_eq!(recorder.encode(Format::Text), "");
    assert_eq!(recorder.encode(Format::OpenMetrics), "# EOF\n");
}

#[test]
fn a_family_that_is_switched_off_takes_no_room() {
    let builder = Recorder::builder().max_objects(1);
    let (recorder, _) = on_manual_clock(builder.without(Family::SuspendStatus));
    let other = ObjectId::new("Other", "o");
    recorder.record_suspend(&other, true);
    recorder.record_condition(&app(), &READY, True);
    recorder.record_suspend(&other, true);
    assert_objects(&recorder, &["App ns/a Ready=True"]);
    assert_counters(&recorder, &[]);
}

#[test]
fn without_conditions_there_are_durations_and_deletions() {
    let builder = Recorder::builder().without(Family::ReconcileCondition);
    let (recorder, clock) = on_manual_clock(builder);
    record_all(&recorder);
    recorder.record_condition(&app(), &READY, True);
    assert_objects(&recorder, &["App ns/a durations=1 sum=0 suspended=1"]);
    recorder.record_deleted(&app());
    assert_objects(&recorder, &["App ns/a durations=1 sum=0 suspended=1"]);
    clock.advance(Duration::from_secs(300));
    assert_objects(&recorder, &[]);
}
