//! The families that a controller in Go has are what they are there.
//!
//! Compared with `fixtures/controller-families.txt`; the crate's own catalogue is not asked.

#[cfg(test)]
mod attempts;
#[cfg(test)]
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "what an object shows is tested elsewhere")]
mod common;
#[cfg(all(test, feature = "kube"))]
mod controllers;
#[cfg(test)]
mod exposed;
#[cfg(test)]
mod fixture;
#[cfg(all(test, feature = "client"))]
mod requests;
#[cfg(test)]
mod structure;

use std::time::Duration;

use gotk_metrics::{Format, ManualClock, ObjectId, Recorder, RecorderBuilder};

const SECOND: Duration = Duration::from_secs(1);

fn app() -> ObjectId<'static> {
    ObjectId::new("App", "a").within("ns")
}

#[cfg(test)]
fn recorder() -> (Recorder, ManualClock) {
    common::on_manual_clock(Recorder::builder())
}

/// With every family that the features give.
fn builder() -> RecorderBuilder {
    let builder = Recorder::builder();
    #[cfg(feature = "process")]
    let builder = builder.process_metrics();
    builder
}

/// Compares, in any order, every sample of controllers that is not 0, but for buckets: name, values of its labels, value.
#[cfg(test)]
#[track_caller]
fn assert_counted(recorder: &Recorder, expected: &[&str]) {
    let text = recorder.encode(Format::Text);
    let samples = common::parse::samples(&text).into_iter().filter(|sample| {
        let is_of_controller = ["controller_runtime_", "workqueue_"]
            .iter()
            .any(|prefix| sample.name.starts_with(prefix));
        is_of_controller && !sample.name.ends_with("_bucket") && sample.value != "0"
    });
    let mut found: Vec<_> = samples
        .map(|sample| {
            let values = sample.labels.into_iter().map(|(_, value)| value);
            let words: Vec<_> = [sample.name].into_iter().chain(values).collect();
            format!("{} {}", words.join(" "), sample.value)
        })
        .collect();
    let mut expected = expected.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "in\n{text}");
}
