//! What an exposition says, in a few words.

mod manual;
pub(crate) mod parse;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::iter::zip;

use gotk_metrics::{Format, Recorder};

pub(crate) use self::manual::on_manual_clock;
use self::parse::Sample;

/// Compares everything that is exposed of objects with one entry for each object, such as
/// `App ns/a Ready=True Stalled=False durations=2 sum=0.5 suspended=0`.
///
/// Each condition has exactly its four states, one of them 1, and each histogram agrees with itself.
#[track_caller]
pub(crate) fn assert_objects(recorder: &Recorder, expected: &[&str]) {
    let text = recorder.encode(Format::Text);
    let mut objects = BTreeMap::new();
    for sample in parse::samples(&text) {
        // Whose labels are others, and which has a test of its own.
        if sample.name.starts_with("gotk_") && sample.name != "gotk_resource_info" {
            let object: &mut Vec<Sample> = objects.entry(sample.object()).or_default();
            object.push(sample);
        }
    }
    let found: Vec<String> = objects
        .into_iter()
        .map(|((kind, name, namespace), samples)| {
            let state = describe(&samples).unwrap_or_else(|broken| format!(" BROKEN: {broken}"));
            format!("{kind} {namespace}/{name}{state}")
        })
        .collect();
    assert_eq!(found, expected, "in\n{}", shown(&text));
}

/// Compares all counters that are not zero, such as `reconcile app success 1` or `refused objects 2`.
#[track_caller]
pub(crate) fn assert_counters(recorder: &Recorder, expected: &[&str]) {
    let text = recorder.encode(Format::Text);
    let mut found = Vec::new();
    for sample in parse::samples(&text) {
        let prefixes = ["controller_runtime_", "gotkmetrics_"];
        let name = prefixes.iter().find_map(|p| sample.name.strip_prefix(p));
        if let Some(name) = name.and_then(|name| name.strip_suffix("_total"))
            && sample.value != "0"
        {
            let mut words = vec![name];
            words.extend(sample.labels.iter().map(|(_, value)| value.as_str()));
            words.push(&sample.value);
            found.push(words.join(" "));
        }
    }
    assert_eq!(found, expected, "in\n{}", shown(&text));
}

/// An exposition for a message: whole unless it is huge.
fn shown(text: &str) -> String {
    text.split_inclusive('\n').take(1000).collect()
}

/// The state of one object from all its samples, or what is wrong with them.
fn describe(samples: &[Sample]) -> Result<String, String> {
    let mut conditions: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    let mut rest = String::new();
    let mut buckets = Vec::new();
    let mut sum = "none";
    for sample in samples {
        match sample.name.as_str() {
            "gotk_reconcile_condition" => {
                let states = conditions.entry(sample.label("type")).or_default();
                states.push((sample.label("status"), &sample.value));
            }
            "gotk_suspend_status" => {
                let _ = write!(rest, " suspended={}", sample.value);
            }
            "gotk_reconcile_duration_seconds_bucket" => buckets.push(sample.value.as_str()),
            "gotk_reconcile_duration_seconds_sum" => sum = &sample.value,
            "gotk_reconcile_duration_seconds_count" => {
                if !buckets.is_sorted_by_key(|count| count.parse::<f64>().unwrap_or(f64::NAN))
                    || buckets.last() != Some(&sample.value.as_str())
                {
                    return Err(format!("buckets {buckets:?}, count {}", sample.value));
                }
                let _ = write!(rest, " durations={} sum={sum}", sample.value);
            }
            other => return Err(format!("unknown sample {other}")),
        }
    }
    let mut out = String::new();
    for (condition, states) in conditions {
        let expected = ["Deleted", "False", "True", "Unknown"];
        let complete = states.len() == 4
            && zip(&states, expected).all(|((state, _), expected)| *state == expected);
        let mut current = states.iter().filter(|(_, value)| *value == "1");
        match (complete, current.next(), current.next()) {
            (true, Some((state, _)), None) => {
                let _ = write!(out, " {condition}={state}");
            }
            _ => return Err(format!("{condition} is {states:?}")),
        }
    }
    Ok(out + &rest)
}
