//! The table at the top of `src/membership.rs`, cell by cell.
//!
//! Each test is a row: an event, and its outcome for each state of the record before the event. The
//! first part of an outcome is the object right after the event. The part after the arrow is the object
//! after the store S has lost it, where `Deleted` shows that S owns the record. A record that exists
//! before the event has failed once. `False` therefore means that its life continues, and `Unknown` means
//! that a new one has begun.

mod calls;

use gotk_metrics::kube::{RecorderExt as _, TrackGuard};
use gotk_metrics::{Format, Recorder};

use crate::attempts::controller_of;
use crate::common::parse;
use crate::{App, Cache, id, recorder};

/// The state of the record before the event.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Given {
    Missing,
    NoOwner,
    /// Owned by S, which has the object.
    Own,
    /// Owned by T, which is tracked before S and has the object.
    Live,
    /// Owned by T, which has ended.
    Ended,
    /// Owned by S and deleted.
    Deleted,
    /// Deleted, without an owner.
    DeletedByCall,
}

use Given::{Deleted, DeletedByCall, Ended, Live, Missing, NoOwner, Own};

const GIVEN: [Given; 7] = [Missing, NoOwner, Own, Live, Ended, Deleted, DeletedByCall];

/// Two stores, both synced. T is tracked first.
struct Cell {
    recorder: Recorder,
    s: Cache,
    /// Gone once S has ended.
    s_guard: Option<TrackGuard>,
    /// Kept for its end.
    t: (Cache, Option<TrackGuard>),
    reconcile: Box<dyn FnMut(App, bool)>,
    /// An attempt of the first life, not yet ended.
    late: Option<gotk_metrics::Attempt>,
}

fn a(uid: &str) -> App {
    App::new("a").with_uid(uid)
}

impl Cell {
    fn of(given: Given) -> Self {
        let (recorder, _) = recorder();
        let [s, t] = [(); 2].map(|()| Cache::of([]));
        let [t_guard, s_guard] = [&t, &s].map(|cache| recorder.track(cache.store()));
        for guard in [&t_guard, &s_guard] {
            guard.mark_synced();
        }
        let mut cell = Self {
            reconcile: Box::new(controller_of(&recorder, &s_guard)),
            recorder,
            s,
            s_guard: Some(s_guard),
            t: (t, Some(t_guard)),
            late: None,
        };
        match given {
            Missing => return cell,
            NoOwner | DeletedByCall => {}
            Own | Deleted => cell.s.apply(a("one")),
            Live | Ended => cell.t.0.apply(a("one")),
        }
        cell.shown();
        cell.recorder.start(&id("a")).fail();
        cell.late = Some(cell.recorder.start(&id("a")));
        match given {
            Deleted => cell.s.delete("a"),
            DeletedByCall => cell.recorder.record_deleted(&id("a")),
            Ended => drop(cell.t.1.take()),
            _ => return cell,
        }
        if given != Ended {
            assert_eq!(cell.shown(), "Deleted 1");
        }
        cell
    }

    /// Ready and the number of durations of the object.
    fn shown(&self) -> String {
        let text = self.recorder.encode(Format::Text);
        let samples = parse::samples(&text);
        let ready = samples
            .iter()
            .find(|sample| sample.label("type") == "Ready" && sample.value == "1");
        let count = "gotk_reconcile_duration_seconds_count";
        let count = samples.iter().find(|sample| sample.name == count);
        match (ready, count) {
            (None, None) => "-".to_owned(),
            (ready, count) => {
                let ready = ready.map_or("-", |ready| ready.label("status"));
                format!("{ready} {}", count.map_or("0", |count| &count.value))
            }
        }
    }
}

/// Runs the event in each state, and compares with the outcomes in the order of `GIVEN`.
#[track_caller]
fn assert_row(event: impl Fn(&mut Cell), expected: [&str; GIVEN.len()]) {
    let found = GIVEN.map(|given| {
        let mut cell = Cell::of(given);
        event(&mut cell);
        let after = cell.shown();
        cell.s.delete("a");
        format!("{given:?}: {after} -> {}", cell.shown())
    });
    let mut given = GIVEN.iter();
    let expected = expected.map(|outcome| format!("{:?}: {outcome}", given.next().unwrap()));
    assert_eq!(found, expected);
}

#[test]
fn a_sync_of_s_finds_the_object_with_the_same_uid() {
    assert_row(
        |cell| cell.s.apply(a("one")),
        [
            "Unknown 0 -> Deleted 0",
            "False 1 -> Deleted 1",
            "False 1 -> Deleted 1",
            "False 1 -> False 1",
            "False 1 -> Deleted 1",
            "False 1 -> Deleted 1",
            "Unknown 1 -> Deleted 1",
        ],
    );
}

#[test]
fn a_sync_of_s_finds_the_object_with_another_uid() {
    assert_row(
        |cell| cell.s.apply(a("two")),
        [
            "Unknown 0 -> Deleted 0",
            "False 1 -> Deleted 1",
            "Unknown 1 -> Deleted 1",
            "False 1 -> False 1",
            "False 1 -> Deleted 1",
            "Unknown 1 -> Deleted 1",
            "Unknown 1 -> Deleted 1",
        ],
    );
}

#[test]
fn a_sync_of_s_finds_the_object_without_a_uid() {
    assert_row(
        |cell| cell.s.apply(App::new("a")),
        [
            "Unknown 0 -> Deleted 0",
            "False 1 -> Deleted 1",
            "False 1 -> Deleted 1",
            "False 1 -> False 1",
            "False 1 -> Deleted 1",
            "Unknown 1 -> Deleted 1",
            "Unknown 1 -> Deleted 1",
        ],
    );
}

#[test]
fn a_sync_of_s_finds_an_object_that_the_store_before_it_has_lost() {
    assert_row(
        |cell| {
            cell.t.0.delete("a");
            cell.s.apply(a("two"));
        },
        [
            "Unknown 0 -> Deleted 0",
            "False 1 -> Deleted 1",
            "Unknown 1 -> Deleted 1",
            // Only an owner compares uids.
            "False 1 -> Deleted 1",
            "False 1 -> Deleted 1",
            "Unknown 1 -> Deleted 1",
            "Unknown 1 -> Deleted 1",
        ],
    );
}

#[test]
fn an_attempt_of_s_on_an_object_with_the_same_uid() {
    assert_row(
        |cell| {
            cell.s.apply(a("one"));
            (cell.reconcile)(a("one"), true);
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
fn an_attempt_of_s_on_an_object_that_s_has_lost() {
    assert_row(
        |cell| {
            cell.s.delete("a");
            (cell.reconcile)(a("one"), true);
        },
        [
            "Deleted 1 -> Deleted 1",
            "Deleted 2 -> Deleted 2",
            "Deleted 2 -> Deleted 2",
            "True 2 -> True 2",
            "Deleted 2 -> Deleted 2",
            "Deleted 2 -> Deleted 2",
            "Deleted 2 -> Deleted 2",
        ],
    );
}

#[test]
fn an_attempt_of_s_after_its_end() {
    assert_row(
        |cell| {
            drop(cell.s_guard.take());
            (cell.reconcile)(a("one"), true);
        },
        [
            "- -> -",
            "False 1 -> False 1",
            "- -> -",
            "False 1 -> False 1",
            "- -> -",
            "- -> -",
            "Deleted 1 -> Deleted 1",
        ],
    );
}

#[test]
fn the_end_of_s_beside_another_store() {
    assert_row(
        |cell| drop(cell.s_guard.take()),
        [
            "- -> -",
            "False 1 -> False 1",
            "- -> -",
            "False 1 -> False 1",
            "- -> -",
            "- -> -",
            "Deleted 1 -> Deleted 1",
        ],
    );
}

#[test]
fn the_end_of_s_as_the_last_store() {
    assert_row(
        |cell| {
            drop(cell.t.1.take());
            drop(cell.s_guard.take());
        },
        [
            "- -> -",
            "False 1 -> False 1",
            "- -> -",
            "- -> -",
            "- -> -",
            "- -> -",
            "Deleted 1 -> Deleted 1",
        ],
    );
}

#[test]
fn record_deleted_and_then_a_sync() {
    assert_row(
        |cell| cell.recorder.record_deleted(&id("a")),
        [
            "- -> -",
            "Deleted 1 -> Deleted 1",
            // The store still has the object: it is as it was.
            "False 1 -> Deleted 1",
            "False 1 -> False 1",
            "- -> -",
            "Deleted 1 -> Deleted 1",
            "Deleted 1 -> Deleted 1",
        ],
    );
}

#[test]
fn forget_and_then_a_sync() {
    assert_row(
        |cell| cell.recorder.forget(&id("a")),
        [
            "- -> -",
            "- -> -",
            "Unknown 0 -> Deleted 0",
            "Unknown 0 -> Unknown 0",
            "- -> -",
            "- -> -",
            "- -> -",
        ],
    );
}

#[test]
fn clear_and_then_a_sync() {
    assert_row(
        |cell| cell.recorder.clear(),
        [
            "- -> -",
            "- -> -",
            "Unknown 0 -> Deleted 0",
            "Unknown 0 -> Unknown 0",
            "- -> -",
            "- -> -",
            "- -> -",
        ],
    );
}
