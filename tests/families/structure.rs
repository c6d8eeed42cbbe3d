//! Names, types, help, labels and bounds, in both formats.

use gotk_metrics::Format::{OpenMetrics, Text};
use gotk_metrics::{Format, Recorder};

use crate::common::parse::Sample;
use crate::exposed::{Exposed, exposed};
use crate::fixture::{Expected, expected};
use crate::{app, builder};

#[test]
fn every_family_is_what_it_is_in_go() {
    let recorder = builder().build().unwrap();
    recorder.start(&app()).succeed();
    recorder.start(&app().within("other")).fail();
    recorder.record_leader("app-controller", true);
    #[cfg(feature = "client")]
    crate::requests::everything(&recorder);
    #[cfg(feature = "kube")]
    let _kept = crate::controllers::everything(&recorder);
    for format in [Text, OpenMetrics] {
        assert_structure(&recorder, format);
    }
}

#[track_caller]
fn assert_structure(recorder: &Recorder, format: Format) {
    let text = recorder.encode(format);
    let mut found = exposed(&text).into_iter();
    for expected in expected().iter().filter(|expected| expected.is_available()) {
        let family = found.next();
        let family = family.unwrap_or_else(|| panic!("no {} in\n{text}", expected.name));
        if let Err(wrong) = compare(expected, &family, format) {
            panic!("{}: {wrong} in\n{text}", expected.name);
        }
    }
    let rest: Vec<_> = found.map(|family| family.name).collect();
    assert!(rest.is_empty(), "{rest:?} are not in the fixture");
}

fn compare(expected: &Expected, found: &Exposed, format: Format) -> Result<(), String> {
    let base = match format {
        OpenMetrics if expected.family_type == "counter" => expected.name.strip_suffix("_total"),
        _ => Some(expected.name),
    };
    same("name", found.name, base.unwrap_or("without _total"))?;
    same("type", found.family_type, expected.family_type)?;
    same("help", found.help, expected.help)?;
    if found.samples.is_empty() {
        return Err("no sample".to_owned());
    }
    if expected.family_type == "histogram" {
        return compare_histograms(expected, &found.samples, format);
    }
    let step = expected
        .values
        .as_ref()
        .map_or(1, |(_, values)| values.len());
    for series in found.samples.chunks(step) {
        for sample in series {
            same("sample", &sample.name, expected.name)?;
            compare_labels(expected, sample)?;
        }
        if let Some((label, values)) = &expected.values {
            let found: Vec<_> = series.iter().map(|sample| sample.label(label)).collect();
            same(label, &found.join(" "), &values.join(" "))?;
        }
    }
    Ok(())
}

/// Whole histograms, one after the other: buckets, sum, count.
fn compare_histograms(
    expected: &Expected,
    samples: &[Sample],
    format: Format,
) -> Result<(), String> {
    let bounds = expected.bounds.iter().map(|bound| match format {
        // A float has to look like one.
        OpenMetrics if !bound.contains(['.', 'e']) => format!("{bound}.0"),
        _ => (*bound).to_owned(),
    });
    let bounds: Vec<_> = bounds.chain(["+Inf".to_owned()]).collect();
    for histogram in samples.chunks(bounds.len() + 2) {
        let Some((buckets, [sum, count])) = histogram.split_last_chunk() else {
            return Err(format!("{} lines", histogram.len()));
        };
        let found: Vec<_> = buckets.iter().map(|bucket| bucket.label("le")).collect();
        same("bounds", &found.join(" "), &bounds.join(" "))?;
        for bucket in buckets {
            same("bucket", &bucket.name, &format!("{}_bucket", expected.name))?;
            compare_label_names(bucket, expected.labels.iter().chain([&"le"]))?;
        }
        same("sum", &sum.name, &format!("{}_sum", expected.name))?;
        same("count", &count.name, &format!("{}_count", expected.name))?;
        compare_labels(expected, sum)?;
        compare_labels(expected, count)?;
    }
    Ok(())
}

fn compare_labels(expected: &Expected, sample: &Sample) -> Result<(), String> {
    compare_label_names(sample, expected.labels.iter())
}

fn compare_label_names<'a>(
    sample: &Sample,
    expected: impl Iterator<Item = &'a &'a str>,
) -> Result<(), String> {
    let found: Vec<_> = sample
        .labels
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let expected: Vec<_> = expected.copied().collect();
    same("labels", &found.join(" "), &expected.join(" "))
}

fn same(what: &str, found: &str, expected: &str) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what} is {found:?}, not {expected:?},"))
    }
}
