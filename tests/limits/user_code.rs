//! Code of the user that runs inside: it may panic or record, and it runs under no lock.

use std::cell::Cell;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gotk_metrics::ConditionStatus::True;
use gotk_metrics::{AppendError, Format, ObjectId, Recorder, ToObjectId};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Registry;

use crate::common::{assert_counters, assert_objects};
use crate::{READY, app};

#[test]
fn a_clock_that_always_panics_stands_at_zero() {
    // Not `panic!`, which would print.
    let panicking = || resume_unwind(Box::new("clock"));
    let recorder = Recorder::builder().max_objects(1).clock(panicking).build();
    let recorder = recorder.unwrap();
    recorder.start(&app()).succeed();
    recorder.record_condition(&ObjectId::new("Other", "o"), &READY, True);
    recorder.record_suspend(&app(), true);
    assert_objects(
        &recorder,
        &["App ns/a Ready=True durations=1 sum=0 suspended=1"],
    );
    recorder.record_deleted(&app());
    recorder.record_duration(&app(), Duration::from_secs(1));
    assert_objects(
        &recorder,
        &["App ns/a Ready=Deleted durations=2 sum=1 suspended=1"],
    );
    recorder.start(&app()).fail();
    assert_objects(
        &recorder,
        &["App ns/a Ready=False durations=3 sum=1 suspended=1"],
    );
    let counters = [
        "reconcile_errors app 1",
        "reconcile app error 1",
        "reconcile app success 1",
        "refused objects 1",
    ];
    assert_counters(&recorder, &counters);
}

#[test]
fn a_clock_that_panics_now_and_then_does_no_lasting_harm() {
    let broken = Arc::new(AtomicBool::new(false));
    let clock = {
        let broken = Arc::clone(&broken);
        move || {
            if broken.load(Ordering::Relaxed) {
                resume_unwind(Box::new("clock"));
            }
            Duration::from_secs(1000)
        }
    };
    let recorder = Recorder::builder().clock(clock).build().unwrap();
    // An end before its start takes no time.
    let attempt = recorder.start(&app());
    broken.store(true, Ordering::Relaxed);
    attempt.succeed();
    assert_objects(&recorder, &["App ns/a Ready=True durations=1 sum=0"]);
    broken.store(false, Ordering::Relaxed);
    recorder.record_deleted(&app());
    broken.store(true, Ordering::Relaxed);
    assert_objects(&recorder, &["App ns/a Ready=Deleted durations=1 sum=0"]);
    broken.store(false, Ordering::Relaxed);
    recorder.start(&app()).succeed();
    assert_objects(&recorder, &["App ns/a Ready=True durations=2 sum=0"]);
}

thread_local! {
    /// Whether user code is at work on this thread, so that it does not call itself for ever.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Does all that can be done with a recorder, unless it is called by what it does.
fn use_all(recorder: &Recorder) {
    if BUSY.replace(true) {
        return;
    }
    recorder.record_condition(&app(), &READY, True);
    for name in ["inner", "other"] {
        let id = ObjectId::new("Inner", name);
        recorder.start(&id).succeed();
        recorder.record_deleted(&id);
        recorder.start(&id).fail();
        recorder.forget(&id);
    }
    assert!(
        recorder
            .encode(Format::Text)
            .contains("gotk_reconcile_condition")
    );
    recorder.append(Arc::new(Registry::default())).unwrap();
    BUSY.set(false);
}

#[test]
fn a_clock_may_use_the_recorder() {
    let cell = Arc::new(OnceLock::<Recorder>::new());
    let clock = {
        let cell = Arc::clone(&cell);
        move || {
            cell.get().inspect(|recorder| use_all(recorder));
            Duration::ZERO
        }
    };
    let recorder = Recorder::builder().clock(clock).build().unwrap();
    assert!(cell.set(recorder.clone()).is_ok());
    recorder.start(&app()).succeed();
    recorder.record_deleted(&app());
    recorder.record_suspend(&app(), true);
    recorder.clear();
    assert_objects(&recorder, &["App ns/a Ready=True"]);
}

#[test]
fn an_id_may_use_the_recorder() {
    struct Recording(Recorder);
    impl ToObjectId for Recording {
        fn to_object_id(&self) -> ObjectId<'_> {
            use_all(&self.0);
            app()
        }
    }
    let recorder = Recorder::new();
    let id = Recording(recorder.clone());
    recorder.record_condition(&id, &READY, True);
    recorder.record_suspend(&id, true);
    recorder.record_duration(&id, Duration::from_secs(1));
    recorder.start(&id).succeed();
    recorder.record_deleted(&id);
    recorder.forget(&id);
    assert_objects(&recorder, &[]);
}

#[test]
fn a_collector_of_an_appended_registry_may_use_the_recorder() {
    #[derive(Debug)]
    struct Recording(Recorder);
    impl Collector for Recording {
        fn encode(&self, _: DescriptorEncoder<'_>) -> fmt::Result {
            use_all(&self.0);
            Ok(())
        }
    }
    let recorder = Recorder::new();
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Recording(recorder.clone())));
    recorder.append(Arc::new(registry)).unwrap();
    let text = recorder.encode(Format::Text);
    assert!(text.contains("controller=\"inner\""), "in\n{text}");
}

/// A payload of a panic that panics itself when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        resume_unwind(Box::new("payload"));
    }
}

#[test]
fn what_a_panicking_clock_leaves_behind_may_panic_too() {
    let panicking = || resume_unwind(Box::new(Bomb));
    let recorder = Recorder::builder().clock(panicking).build().unwrap();
    recorder.start(&app()).succeed();
    assert_objects(&recorder, &["App ns/a Ready=True durations=1 sum=0"]);
}

#[derive(Debug)]
struct Bombing;

impl Collector for Bombing {
    fn encode(&self, _: DescriptorEncoder<'_>) -> fmt::Result {
        resume_unwind(Box::new(Bomb))
    }
}

#[test]
fn what_a_panicking_collector_leaves_behind_may_panic_too() {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Bombing));
    let appended = Recorder::new().append(Arc::new(registry));
    assert_eq!(appended, Err(AppendError::Encode));
}

#[derive(Debug)]
struct Recursive(Recorder);

impl Collector for Recursive {
    fn encode(&self, _: DescriptorEncoder<'_>) -> fmt::Result {
        // The recorder's own families, without the registry that this is in.
        assert!(self.0.encode(Format::Text).starts_with("# HELP gotk_"));
        Ok(())
    }
}

#[test]
fn a_collector_that_asks_for_the_exposition_it_is_in_does_not_find_itself() {
    let recorder = Recorder::new();
    recorder.record_suspend(&app(), true);
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Recursive(recorder.clone())));
    recorder.append(Arc::new(registry)).unwrap();
    let counter = "\ngotkmetrics_append_errors_total 0\n";
    assert!(recorder.encode(Format::Text).ends_with(counter));
}

/// Writes nothing, and records for each piece that it is to write.
struct Recording<'a>(&'a Recorder);

impl fmt::Write for Recording<'_> {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        let new = ObjectId::new("Written", "w");
        self.0.record_suspend(&new, true);
        self.0.record_duration(&app(), Duration::from_secs(1));
        self.0.record_deleted(&new);
        self.0.forget(&new);
        Ok(())
    }
}

#[test]
fn what_is_printed_for_debugging_may_be_written_by_a_recording_writer() {
    let recorder = Recorder::new();
    recorder.record_condition(&app(), &READY, True);
    let attempt = recorder.start(&app());
    let chunks = recorder.encode_chunks(Format::Text);
    let mut out = Recording(&recorder);
    fmt::Write::write_fmt(
        &mut out,
        format_args!("{recorder:?} {attempt:?} {chunks:?}"),
    )
    .unwrap();
    attempt.succeed();
}
