//! Compares an exposition with the model, line by line.

use std::collections::BTreeSet;

use gotk_metrics::{Format, Recorder};

use crate::parse::{self, Sample};

/// Scrapes, and compares with what the model shows; returns what differs.
pub(crate) fn compare(recorder: &Recorder, expected: &BTreeSet<String>) -> Result<(), String> {
    let text = recorder.encode(Format::Text);
    let mut shown = BTreeSet::new();
    let (mut synced, mut waiting, mut overlapping) = (0, 0, 0);
    for sample in parse::samples(&text) {
        let number: u64 = sample.value.parse().unwrap_or(0);
        match (sample.name.as_str(), sample.label("state")) {
            ("gotkmetrics_sources", "synced") => synced = number,
            ("gotkmetrics_sources", _) => waiting = number,
            ("gotkmetrics_attempts_overlapping_total", _) => overlapping += number,
            _ => {
                if let Some(line) = line(&sample)
                    && !shown.insert(line.clone())
                {
                    return Err(format!("twice: {line}"));
                }
            }
        }
    }
    shown.insert(format!("sources {synced} {waiting}"));
    shown.insert(format!("overlapping {overlapping}"));
    if shown == *expected {
        return Ok(());
    }
    let missing: Vec<_> = expected.difference(&shown).collect();
    let wrong: Vec<_> = shown.difference(expected).collect();
    Err(format!("missing {missing:#?}\nunexpected {wrong:#?}"))
}

/// `None` if the model does not know the sample.
fn line(sample: &Sample) -> Option<String> {
    let (name, value) = (sample.label("name"), &sample.value);
    Some(match sample.name.as_str() {
        "gotk_reconcile_condition" if value == "1" => {
            format!("{name} {}={}", sample.label("type"), sample.label("status"))
        }
        "gotk_suspend_status" => format!("{name} suspended={value}"),
        "gotk_reconcile_duration_seconds_count" => format!("{name} durations={value}"),
        "gotk_reconcile_duration_seconds_sum" => format!("{name} sum={value}"),
        "gotk_resource_info" => {
            let group = sample.label("customresource_group").split('.').next();
            let (ready, suspended) = (sample.label("ready"), sample.label("suspended"));
            let group = group.unwrap_or_default();
            format!("{name} info group={group} ready={ready} suspended={suspended}")
        }
        "gotkmetrics_deletion_timestamp_seconds" => format!("{name} terminating"),
        "gotkmetrics_objects" => format!("objects {value}"),
        _ => return None,
    })
}
