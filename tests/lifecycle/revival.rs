//! What brings a deleted object back, and what it is then.

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::ConditionType;

use crate::common::assert_objects;
use crate::{GRACE, HALF_A_SECOND, READY, STALLED, app, recorder, recorder_with_app};

#[test]
fn a_condition_revives_and_the_others_become_unknown() {
    let (recorder, clock) = recorder_with_app();
    recorder.record_deleted(&app());
    recorder.record_condition(&app(), &READY, False);
    let revived = "App ns/a Ready=False Stalled=Unknown durations=1 sum=0.5 suspended=0";
    assert_objects(&recorder, &[revived]);
    clock.advance(GRACE);
    assert_objects(&recorder, &[revived]);
    recorder.record_duration(&app(), HALF_A_SECOND);
    let goes_on = "App ns/a Ready=False Stalled=Unknown durations=2 sum=1 suspended=0";
    assert_objects(&recorder, &[goes_on]);
}

#[test]
fn a_condition_the_object_did_not_have_revives_it_too() {
    let (recorder, _) = recorder_with_app();
    recorder.record_deleted(&app());
    recorder.record_condition(&app(), &ConditionType::new("Healthy"), True);
    assert_objects(
        &recorder,
        &["App ns/a Healthy=True Ready=Unknown Stalled=Unknown durations=1 sum=0.5 suspended=0"],
    );
}

#[test]
fn a_revival_invents_no_condition() {
    let (recorder, _) = recorder();
    recorder.record_suspend(&app(), true);
    recorder.record_deleted(&app());
    recorder.record_condition(&app(), &STALLED, False);
    assert_objects(&recorder, &["App ns/a Stalled=False suspended=1"]);
}

#[test]
fn an_attempt_revives_and_all_conditions_become_unknown() {
    let (recorder, clock) = recorder();
    recorder.start(&app()).succeed();
    recorder.record_condition(&app(), &STALLED, False);
    recorder.record_deleted(&app());
    let attempt = recorder.start(&app());
    let revived = "App ns/a Ready=Unknown Stalled=Unknown durations=1 sum=0";
    assert_objects(&recorder, &[revived]);
    clock.advance(GRACE);
    assert_objects(&recorder, &[revived]);
    attempt.succeed();
    assert_objects(
        &recorder,
        &["App ns/a Ready=True Stalled=Unknown durations=2 sum=300"],
    );
}

#[test]
fn an_attempt_revives_an_object_without_conditions() {
    let (recorder, clock) = recorder();
    recorder.record_suspend(&app(), true);
    recorder.record_deleted(&app());
    recorder.start(&app()).fail();
    clock.advance(GRACE);
    assert_objects(
        &recorder,
        &["App ns/a Ready=False durations=1 sum=0 suspended=1"],
    );
}

#[test]
fn ready_follows_the_attempts_again_after_a_revival() {
    let (recorder, _) = recorder();
    recorder.record_condition(&app(), &READY, True);
    recorder.record_deleted(&app());
    recorder.start(&app()).succeed();
    assert_objects(&recorder, &["App ns/a Ready=True durations=1 sum=0"]);
    recorder.record_condition(&app(), &READY, False);
    recorder.start(&app()).succeed();
    assert_objects(&recorder, &["App ns/a Ready=False durations=2 sum=0"]);
}

#[test]
fn a_revived_object_that_is_deleted_again_has_a_whole_grace() {
    let (recorder, clock) = recorder();
    recorder.record_condition(&app(), &READY, True);
    recorder.record_deleted(&app());
    clock.advance(GRACE / 3);
    recorder.record_condition(&app(), &READY, True);
    clock.advance(GRACE / 3);
    recorder.record_deleted(&app());
    clock.advance(GRACE / 3);
    // The first deletion is as old as the grace.
    assert_objects(&recorder, &["App ns/a Ready=Deleted"]);
    clock.advance(GRACE / 3);
    assert_objects(&recorder, &["App ns/a Ready=Deleted"]);
    clock.advance(GRACE / 3);
    assert_objects(&recorder, &[]);
}

#[test]
fn dying_and_reviving_many_times_at_one_moment_leaves_one_grace() {
    let (recorder, clock) = recorder();
    for _ in 0..1000 {
        recorder.record_condition(&app(), &READY, True);
        recorder.record_deleted(&app());
    }
    assert_objects(&recorder, &["App ns/a Ready=Deleted"]);
    clock.advance(GRACE);
    assert_objects(&recorder, &[]);
    recorder.record_condition(&app(), &READY, True);
    clock.advance(GRACE);
    assert_objects(&recorder, &["App ns/a Ready=True"]);
}

#[test]
fn reviving_many_objects_many_times_forgets_no_deletion() {
    let (recorder, clock) = recorder();
    let ids: Vec<_> = (0..200)
        .map(|number| gotk_metrics::ObjectId::new("App", format!("{number:03}")))
        .collect();
    // Far more deletions than objects, each second one with another object alive at the end.
    for round in 0..20 {
        for id in &ids {
            recorder.record_condition(id, &READY, True);
            recorder.record_deleted(id);
        }
        clock.advance(GRACE / 40);
        recorder.record_condition(&ids[round], &READY, True);
    }
    let alive = "App /019 Ready=True";
    clock.advance(GRACE / 40 * 39);
    assert_objects(&recorder, &[alive]);
}
