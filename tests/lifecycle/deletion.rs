//! A deleted object shows as Deleted for the grace, then it is gone.

use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::{ConditionType, Format, ObjectId, Recorder};

use crate::common::{assert_counters, assert_objects, on_manual_clock};
use crate::{GRACE, HALF_A_SECOND, READY, STALLED, app, recorder, recorder_with_app};

const DELETED: &str = "App ns/a Ready=Deleted Stalled=Deleted durations=1 sum=0.5 suspended=0";
const ALMOST_GRACE: Duration = Duration::from_nanos(299_999_999_999);
const ONE_NANOSECOND: Duration = Duration::from_nanos(1);

#[test]
fn all_conditions_of_a_deleted_object_are_deleted() {
    let (recorder, _) = recorder_with_app();
    recorder.record_deleted(&app());
    assert_objects(&recorder, &[DELETED]);
}

#[test]
fn the_grace_is_five_minutes_by_default_and_ends_with_its_last_moment() {
    let (recorder, clock) = recorder_with_app();
    clock.advance(Duration::from_secs(7));
    recorder.record_deleted(&app());
    clock.advance(ALMOST_GRACE);
    assert_objects(&recorder, &[DELETED]);
    clock.advance(ONE_NANOSECOND);
    assert_objects(&recorder, &[]);
}

#[test]
fn the_grace_is_what_the_builder_says() {
    for grace in [1, 60, 3600].map(Duration::from_secs) {
        let (recorder, clock) = on_manual_clock(Recorder::builder().deleted_grace(grace));
        recorder.record_condition(&app(), &READY, True);
        recorder.record_deleted(&app());
        clock.advance(grace.saturating_sub(ONE_NANOSECOND));
        assert_objects(&recorder, &["App ns/a Ready=Deleted"]);
        clock.advance(ONE_NANOSECOND);
        assert_objects(&recorder, &[]);
    }
}

#[test]
fn without_grace_a_deleted_object_is_gone_at_once() {
    let (recorder, _) = on_manual_clock(Recorder::builder().deleted_grace(Duration::ZERO));
    recorder.record_condition(&app(), &READY, True);
    recorder.record_duration(&app(), HALF_A_SECOND);
    recorder.record_deleted(&app());
    assert_objects(&recorder, &[]);
    recorder.record_duration(&app(), HALF_A_SECOND);
    assert_objects(&recorder, &["App ns/a durations=1 sum=0.5"]);
}

#[test]
fn an_endless_grace_never_ends() {
    let (recorder, clock) = on_manual_clock(Recorder::builder().deleted_grace(Duration::MAX));
    recorder.record_condition(&app(), &READY, True);
    recorder.record_deleted(&app());
    clock.advance(Duration::MAX);
    assert_objects(&recorder, &["App ns/a Ready=Deleted"]);
}

#[test]
fn a_second_delete_does_not_restart_the_grace() {
    let (recorder, clock) = recorder_with_app();
    recorder.record_deleted(&app());
    for _ in 0..3 {
        clock.advance(ALMOST_GRACE / 3);
        assert_objects(&recorder, &[DELETED]);
        recorder.record_deleted(&app());
    }
    clock.advance(3 * ONE_NANOSECOND);
    assert_objects(&recorder, &[]);
}

#[test]
fn deleting_an_unknown_object_does_nothing() {
    let (recorder, clock) = recorder();
    recorder.record_deleted(&app());
    assert_objects(&recorder, &[]);
    recorder.record_condition(&app(), &READY, True);
    assert_objects(&recorder, &["App ns/a Ready=True"]);
    clock.advance(GRACE);
    assert_objects(&recorder, &["App ns/a Ready=True"]);
}

#[test]
fn a_deleted_object_without_conditions_gets_none() {
    let (recorder, clock) = recorder();
    recorder.record_suspend(&app(), true);
    recorder.record_duration(&app(), HALF_A_SECOND);
    recorder.record_deleted(&app());
    assert_objects(&recorder, &["App ns/a durations=1 sum=0.5 suspended=1"]);
    clock.advance(GRACE);
    assert_objects(&recorder, &[]);
}

#[test]
fn objects_go_one_by_one_as_their_graces_end() {
    let (recorder, clock) = recorder();
    let id = |number: usize| ObjectId::new("App", number.to_string());
    for number in 0..10 {
        recorder.record_condition(&id(number), &READY, True);
    }
    for number in 0..10 {
        recorder.record_deleted(&id(9 - number));
        clock.advance(Duration::from_secs(1));
    }
    clock.advance(Duration::from_secs(290));
    for left in (0..10).rev() {
        let expected: Vec<String> = (0..left)
            .map(|n| format!("App /{n} Ready=Deleted"))
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        assert_objects(&recorder, &expected);
        clock.advance(Duration::from_secs(1));
    }
}

#[test]
fn durations_and_suspension_of_a_deleted_object_are_written_and_revive_nothing() {
    let (recorder, clock) = recorder();
    recorder.record_condition(&app(), &READY, True);
    recorder.record_deleted(&app());
    clock.advance(ALMOST_GRACE);
    recorder.record_duration(&app(), HALF_A_SECOND);
    recorder.record_suspend(&app(), true);
    assert_objects(
        &recorder,
        &["App ns/a Ready=Deleted durations=1 sum=0.5 suspended=1"],
    );
    recorder.record_suspend(&app(), false);
    assert_objects(
        &recorder,
        &["App ns/a Ready=Deleted durations=1 sum=0.5 suspended=0"],
    );
    // Nor do they lengthen the grace.
    clock.advance(ONE_NANOSECOND);
    assert_objects(&recorder, &[]);
}

#[test]
fn every_way_of_scraping_removes_what_is_due() {
    let (recorder, clock) = recorder_with_app();
    recorder.record_deleted(&app());
    clock.advance(GRACE);
    assert_eq!(recorder.encode_chunks(Format::Text).next(), None);
    let (recorder, clock) = recorder_with_app();
    recorder.record_deleted(&app());
    clock.advance(GRACE);
    assert_eq!(recorder.encode(Format::OpenMetrics), "# EOF\n");
}

/// A recorder whose one object is due since this moment, and which nobody has scraped since.
fn unswept() -> Recorder {
    let (recorder, clock) = recorder_with_app();
    recorder.record_deleted(&app());
    clock.advance(GRACE);
    recorder
}

#[test]
fn a_condition_of_an_object_that_is_due_starts_afresh() {
    let recorder = unswept();
    recorder.record_condition(&app(), &ConditionType::RECONCILING, False);
    assert_objects(&recorder, &["App ns/a Reconciling=False"]);
    // Ready belongs to attempts again.
    recorder.start(&app()).succeed();
    assert_objects(
        &recorder,
        &["App ns/a Ready=True Reconciling=False durations=1 sum=0"],
    );
}

#[test]
fn a_duration_of_an_object_that_is_due_starts_afresh() {
    let recorder = unswept();
    recorder.record_duration(&app(), HALF_A_SECOND);
    assert_objects(&recorder, &["App ns/a durations=1 sum=0.5"]);
}

#[test]
fn a_suspension_of_an_object_that_is_due_starts_afresh() {
    let recorder = unswept();
    recorder.record_suspend(&app(), true);
    assert_objects(&recorder, &["App ns/a suspended=1"]);
}

#[test]
fn an_attempt_on_an_object_that_is_due_starts_afresh() {
    let recorder = unswept();
    let attempt = recorder.start(&app());
    assert_objects(&recorder, &["App ns/a Ready=Unknown"]);
    attempt.fail();
    assert_objects(&recorder, &["App ns/a Ready=False durations=1 sum=0"]);
}

#[test]
fn deleting_or_forgetting_an_object_that_is_due_does_nothing() {
    let recorder = unswept();
    recorder.record_deleted(&app());
    assert_objects(&recorder, &[]);
    let recorder = unswept();
    recorder.forget(&app());
    assert_objects(&recorder, &[]);
}

#[test]
fn the_end_of_an_attempt_on_an_object_that_is_due_changes_only_counters() {
    let (recorder, clock) = recorder();
    let attempt = recorder.start(&app());
    recorder.record_deleted(&app());
    clock.advance(GRACE);
    attempt.succeed();
    assert_objects(&recorder, &[]);
    assert_counters(&recorder, &["reconcile app success 1"]);
}

#[test]
fn what_starts_afresh_has_a_grace_of_its_own() {
    let (recorder, clock) = recorder_with_app();
    recorder.record_deleted(&app());
    clock.advance(GRACE);
    recorder.record_condition(&app(), &STALLED, False);
    recorder.record_deleted(&app());
    clock.advance(ALMOST_GRACE);
    assert_objects(&recorder, &["App ns/a Stalled=Deleted"]);
    clock.advance(ONE_NANOSECOND);
    assert_objects(&recorder, &[]);
}
