//! Which series an object has, from its first recording to its last.

#[cfg(test)]
mod attempts;
#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod deletion;
#[cfg(test)]
#[cfg(test)]
mod revival;

use std::time::Duration;

use gotk_metrics::ConditionStatus::{self, False, True, Unknown};
use gotk_metrics::{ConditionType, ManualClock, ObjectId, Recorder};

use crate::common::{assert_counters, assert_objects, on_manual_clock};

const READY: ConditionType = ConditionType::READY;
const STALLED: ConditionType = ConditionType::STALLED;
const HALF_A_SECOND: Duration = Duration::from_millis(500);
/// The default grace of deleted objects.
const GRACE: Duration = Duration::from_secs(300);

fn app() -> ObjectId<'static> {
    ObjectId::new("App", "a").within("ns")
}

fn recorder() -> (Recorder, ManualClock) {
    on_manual_clock(Recorder::builder())
}

/// A recorder with one object that has something in each family.
fn recorder_with_app() -> (Recorder, ManualClock) {
    let (recorder, clock) = recorder();
    recorder.record_condition(&app(), &READY, True);
    recorder.record_condition(&app(), &STALLED, False);
    recorder.record_duration(&app(), HALF_A_SECOND);
    recorder.record_suspend(&app(), false);
    (recorder, clock)
}

#[test]
fn each_call_creates_exactly_the_series_it_names() {
    let (recorder, _) = recorder();
    let id = |name| ObjectId::new("App", name).within("ns");
    recorder.record_condition(&id("condition"), &STALLED, True);
    recorder.record_duration(&id("duration"), HALF_A_SECOND);
    recorder.record_suspend(&id("suspend"), true);
    recorder.record_deleted(&id("deleted"));
    recorder.forget(&id("forgotten"));
    assert_objects(
        &recorder,
        &[
            "App ns/condition Stalled=True",
            "App ns/duration durations=1 sum=0.5",
            "App ns/suspend suspended=1",
        ],
    );
    assert_counters(&recorder, &[]);
}

#[test]
fn the_typed_families_record_what_the_calls_do() {
    let (recorder, clock) = recorder();
    recorder.conditions().set(&app(), &READY, False);
    recorder.durations().observe(&app(), HALF_A_SECOND);
    recorder.suspensions().set(&app(), true);
    let expected = "App ns/a Ready=False durations=1 sum=0.5 suspended=1";
    assert_objects(&recorder, &[expected]);

    recorder.record_deleted(&app());
    recorder.durations().observe(&app(), HALF_A_SECOND);
    recorder.suspensions().set(&app(), false);
    assert_objects(
        &recorder,
        &["App ns/a Ready=Deleted durations=2 sum=1 suspended=0"],
    );
    recorder.conditions().set(&app(), &STALLED, True);
    let revived = "App ns/a Ready=Unknown Stalled=True durations=2 sum=1 suspended=0";
    assert_objects(&recorder, &[revived]);
    clock.advance(GRACE);
    assert_objects(&recorder, &[revived]);
}

#[test]
fn a_condition_has_one_of_four_states_at_any_time() {
    let (recorder, clock) = recorder();
    let expect = |state: &str| assert_objects(&recorder, &[&format!("App ns/a Ready={state}")]);
    let all = [True, False, Unknown];
    for before in all {
        for after in all {
            recorder.record_condition(&app(), &READY, before);
            recorder.record_condition(&app(), &READY, after);
            expect(after.as_str());
            recorder.record_deleted(&app());
            expect("Deleted");
        }
    }
    clock.advance(GRACE);
    assert_objects(&recorder, &[]);
}

#[test]
fn an_unreadable_status_is_unknown() {
    let (recorder, _) = recorder();
    for status in ["", "true", "Deleted", "Ready"] {
        recorder.record_condition(&app(), &READY, True);
        recorder.record_condition(&app(), &READY, ConditionStatus::from(status));
        assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
    }
}

#[test]
fn conditions_of_one_object_do_not_touch_each_other() {
    let (recorder, _) = recorder();
    let healthy = ConditionType::new("Healthy");
    recorder.record_condition(&app(), &READY, True);
    recorder.record_condition(&app(), &healthy, False);
    recorder.record_condition(&app(), &STALLED, Unknown);
    recorder.record_condition(&app(), &ConditionType::RECONCILING, True);
    let expected = "App ns/a Healthy=False Ready=True Reconciling=True Stalled=Unknown";
    assert_objects(&recorder, &[expected]);
    recorder.record_condition(&app(), &healthy, True);
    let expected = "App ns/a Healthy=True Ready=True Reconciling=True Stalled=Unknown";
    assert_objects(&recorder, &[expected]);
}

#[test]
fn suspend_and_resume_change_one_series() {
    let (recorder, _) = recorder_with_app();
    let conditions = "App ns/a Ready=True Stalled=False durations=1 sum=0.5";
    for suspended in [true, true, false] {
        recorder.record_suspend(&app(), suspended);
        let expected = format!("{conditions} suspended={}", u8::from(suspended));
        assert_objects(&recorder, &[&expected]);
    }
}

#[test]
fn objects_do_not_touch_each_other() {
    let (recorder, clock) = recorder();
    let others = ["App", "Other"].map(|kind| ObjectId::new(kind, "a").within("other"));
    let cluster_scoped = ObjectId::new("App", "a");
    for id in [&app(), &others[0], &others[1], &cluster_scoped] {
        recorder.record_condition(id, &READY, True);
    }
    recorder.record_deleted(&others[0]);
    recorder.record_suspend(&others[1], true);
    recorder.forget(&cluster_scoped);
    let live = [
        "App ns/a Ready=True",
        "Other other/a Ready=True suspended=1",
    ];
    assert_objects(&recorder, &[live[0], "App other/a Ready=Deleted", live[1]]);
    clock.advance(GRACE);
    assert_objects(&recorder, &live);
}

#[test]
fn forget_removes_every_series_at_once() {
    let (recorder, clock) = recorder_with_app();
    recorder.forget(&app());
    assert_objects(&recorder, &[]);
    recorder.forget(&app());
    clock.advance(GRACE);
    assert_objects(&recorder, &[]);
}

#[test]
fn forget_removes_a_deleted_object_before_its_grace_ends() {
    let (recorder, clock) = recorder_with_app();
    recorder.record_deleted(&app());
    recorder.forget(&app());
    assert_objects(&recorder, &[]);
    // What comes back is another record: the old tombstone says nothing about it.
    recorder.record_condition(&app(), &READY, True);
    clock.advance(GRACE);
    assert_objects(&recorder, &["App ns/a Ready=True"]);
}

#[test]
fn after_forget_an_object_starts_afresh() {
    let (recorder, _) = recorder_with_app();
    recorder.forget(&app());
    recorder.record_duration(&app(), HALF_A_SECOND);
    assert_objects(&recorder, &["App ns/a durations=1 sum=0.5"]);
    // Ready belongs to attempts again.
    recorder.start(&app()).fail();
    assert_objects(&recorder, &["App ns/a Ready=False durations=2 sum=0.5"]);
}

#[test]
fn clear_removes_every_object_and_keeps_counters() {
    let (recorder, clock) = recorder_with_app();
    for number in 0..1000 {
        let id = ObjectId::new("Many", number.to_string());
        recorder.start(&id).succeed();
        if number % 2 == 0 {
            recorder.record_deleted(&id);
        }
    }
    recorder.clear();
    assert_objects(&recorder, &[]);
    assert_counters(&recorder, &["reconcile many success 1000"]);
    clock.advance(GRACE);
    assert_objects(&recorder, &[]);
}

#[test]
fn after_clear_an_object_starts_afresh() {
    let (recorder, clock) = recorder_with_app();
    recorder.record_deleted(&app());
    recorder.clear();
    recorder.record_deleted(&app());
    assert_objects(&recorder, &[]);
    recorder.start(&app()).succeed();
    recorder.record_suspend(&app(), true);
    let expected = "App ns/a Ready=True durations=1 sum=0 suspended=1";
    assert_objects(&recorder, &[expected]);
    clock.advance(GRACE);
    assert_objects(&recorder, &[expected]);
}

#[test]
fn clear_of_an_empty_recorder_does_nothing() {
    let (recorder, _) = recorder();
    recorder.clear();
    recorder.clear();
    assert_objects(&recorder, &[]);
    recorder.record_suspend(&app(), true);
    assert_objects(&recorder, &["App ns/a suspended=1"]);
}
