//! R7, R8: every attempt is accounted for, and nothing of a deleted object is left.
//!
//! Futures are polled by hand, so that each ends where it is to end.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use gotk_metrics::{ConditionStatus, ConditionType, Format, Recorder};

use crate::manual::on_manual_clock;
use crate::{Effort, Row, app, parse};

/// The sum of a family's samples with a label of this value, of all without one.
fn sum(recorder: &Recorder, name: &str, label: Option<(&str, &str)>) -> f64 {
    let samples = parse::samples(&recorder.encode(Format::Text));
    let of_it = samples.iter().filter(|sample| sample.name == name);
    let of_it =
        of_it.filter(|sample| label.is_none_or(|(name, value)| sample.label(name) == value));
    of_it
        .filter_map(|sample| sample.value.parse::<f64>().ok())
        .sum()
}

pub(crate) fn ends(effort: Effort) -> Row {
    let recorder = Recorder::new();
    let count = effort.of(30_000, 3000);
    for number in 0..count {
        let id = app(number % 100);
        let attempt = recorder.record(&id, async move {
            match number % 3 {
                0 => Ok::<(), std::fmt::Error>(()),
                // Not `panic!`, which would print.
                1 => resume_unwind(Box::new("reconcile")),
                _ => std::future::pending().await,
            }
        });
        let mut attempt = pin!(attempt);
        let mut context = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| {
            attempt.as_mut().poll(&mut context).is_ready()
        }));
        assert_eq!(polled.ok(), [Some(true), None, Some(false)][number % 3]);
    }
    let total = "controller_runtime_reconcile_total";
    let succeeded = sum(&recorder, total, Some(("result", "success")));
    let panicked = sum(&recorder, "controller_runtime_reconcile_panics_total", None);
    let cancelled = sum(&recorder, "gotkmetrics_attempts_cancelled_total", None);
    let under_way = sum(&recorder, "controller_runtime_active_workers", None);
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let third = (count / 3) as f64;
    let pass = [succeeded, panicked, cancelled, under_way].map(f64::to_bits)
        == [third, third, third, 0.0].map(f64::to_bits);
    let figure = format!(
        "{succeeded} succeeded, {panicked} panicked, {cancelled} cancelled, {under_way} under way, of {count}"
    );
    (pass, figure)
}

/// Resident memory, in kB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap_or_default()
}

pub(crate) fn rounds(effort: Effort) -> Row {
    const GRACE: Duration = Duration::from_secs(300);
    let objects = effort.of(100_000, 20_000);
    let (recorder, clock) = on_manual_clock(
        Recorder::builder()
            .max_objects(objects)
            .deleted_grace(GRACE),
    );
    let (mut left, mut after) = (0, Vec::new());
    for round in 0..10 {
        // Names that were never there before.
        let names = round * objects..(round + 1) * objects;
        for number in names.clone() {
            recorder.record_condition(&app(number), &ConditionType::READY, ConditionStatus::True);
            recorder.record_duration(&app(number), Duration::from_secs(1));
        }
        for number in names {
            recorder.record_deleted(&app(number));
        }
        clock.advance(GRACE);
        left += recorder
            .encode(Format::Text)
            .lines()
            .filter(|line| line.starts_with("gotk_"))
            .count();
        after.push(resident());
    }
    let (second, tenth) = (after[1], after[9]);
    // Twentieths, as integers.
    let pass = left == 0 && second > 0 && tenth * 20 <= second * 21;
    (
        pass,
        format!(
            "{left} series left, resident {second} kB after round 2, {tenth} kB after round 10, {objects} objects each"
        ),
    )
}
