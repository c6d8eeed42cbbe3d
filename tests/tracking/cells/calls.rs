//! The rows of calls and attempts without a source, and of ends of attempts.

use std::time::Duration;

use gotk_metrics::ConditionStatus::True;
use gotk_metrics::ConditionType;

use super::{a, assert_row};
use crate::id;

#[test]
fn an_attempt_without_a_source_on_an_object_that_no_store_has() {
    assert_row(
        |cell| {
            cell.s.delete("a");
            cell.t.0.delete("a");
            cell.recorder.start(&id("a")).succeed();
        },
        [
            "True 1 -> True 1",
            "True 2 -> True 2",
            "Deleted 2 -> Deleted 2",
            "Deleted 2 -> Deleted 2",
            // Removed at the next sync.
            "- -> -",
            "Deleted 2 -> Deleted 2",
            "True 2 -> True 2",
        ],
    );
}

#[test]
fn an_attempt_without_a_source_on_an_object_that_s_has() {
    assert_row(
        |cell| {
            cell.s.apply(a("one"));
            cell.recorder.start(&id("a")).succeed();
        },
        [
            "True 1 -> Deleted 1",
            "True 2 -> Deleted 2",
            "True 2 -> Deleted 2",
            "True 2 -> True 2",
            "True 2 -> Deleted 2",
            "True 2 -> Deleted 2",
            "True 2 -> Deleted 2",
        ],
    );
}

#[test]
fn a_condition_without_a_source() {
    assert_row(
        |cell| {
            cell.recorder
                .record_condition(&id("a"), &ConditionType::READY, True);
        },
        [
            "True 0 -> True 0",
            "True 1 -> True 1",
            "True 1 -> Deleted 1",
            "True 1 -> True 1",
            "- -> -",
            "Deleted 1 -> Deleted 1",
            "True 1 -> True 1",
        ],
    );
}

#[test]
fn a_suspension_and_a_duration_without_a_source_revive_nothing() {
    assert_row(
        |cell| {
            cell.recorder.record_suspend(&id("a"), true);
            cell.recorder.record_duration(&id("a"), Duration::ZERO);
        },
        [
            "- 1 -> - 1",
            "False 2 -> False 2",
            "False 2 -> Deleted 2",
            "False 2 -> False 2",
            "- -> -",
            "Deleted 2 -> Deleted 2",
            "Deleted 2 -> Deleted 2",
        ],
    );
}

#[test]
fn the_end_of_an_attempt() {
    assert_row(
        |cell| {
            if let Some(late) = cell.late.take() {
                late.succeed();
            }
        },
        [
            "- -> -",
            "True 2 -> True 2",
            "True 2 -> Deleted 2",
            "True 2 -> True 2",
            "- -> -",
            "Deleted 2 -> Deleted 2",
            "Deleted 2 -> Deleted 2",
        ],
    );
}

#[test]
fn the_end_of_an_attempt_of_the_life_before() {
    assert_row(
        |cell| {
            cell.s.apply(a("two"));
            cell.shown();
            if let Some(late) = cell.late.take() {
                late.succeed();
            }
        },
        [
            "Unknown 0 -> Deleted 0",
            "True 2 -> Deleted 2",
            "Unknown 2 -> Deleted 2",
            "True 2 -> True 2",
            "True 2 -> Deleted 2",
            "Unknown 2 -> Deleted 2",
            "Unknown 2 -> Deleted 2",
        ],
    );
}
