//! The lines of the families that are not per object, one at a time: there are few.
//!
//! To the digit like those of objects.

use super::Format;
use super::float::{write_count, write_counter, write_float};
use super::lines::write_header;
use super::samples::{Sample, Value};
use crate::catalog::Family;
use crate::object::escape_label;

/// Appends a family with all its series, nothing if there are none.
pub(super) fn write_samples(
    out: &mut String,
    family: Family,
    samples: Vec<Sample>,
    format: Format,
) {
    if !samples.is_empty() {
        write_header(out, family, format);
    }
    for Sample { labels, value } in samples {
        let labels = rendered(&labels);
        match value {
            Value::Count(count) => {
                open(out, family, "", &labels);
                write_counter(out, count, format);
                out.push('\n');
            }
            Value::Float(value) => {
                open(out, family, "", &labels);
                write_float(out, value, format);
                out.push('\n');
            }
            Value::Histogram {
                bounds,
                counts,
                sum,
            } => {
                let count = write_buckets(out, family, &labels, bounds, &counts, format);
                open(out, family, "_sum", &labels);
                write_float(out, sum, format);
                out.push('\n');
                open(out, family, "_count", &labels);
                write_count(out, count, format);
                out.push('\n');
            }
        }
    }
}

/// `a="b",c="d"`.
fn rendered(labels: &[(&'static str, String)]) -> String {
    let mut out = String::new();
    for (name, value) in labels {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(name);
        out.push_str("=\"");
        escape_label(value, &mut out);
        out.push('"');
    }
    out
}

/// The name, the labels if there are any, and a space.
fn open(out: &mut String, family: Family, suffix: &str, labels: &str) {
    out.push_str(family.name());
    out.push_str(suffix);
    if !labels.is_empty() {
        out.push('{');
        out.push_str(labels);
        out.push('}');
    }
    out.push(' ');
}

/// Returns the count of all.
fn write_buckets(
    out: &mut String,
    family: Family,
    labels: &str,
    bounds: &[f64],
    counts: &[u64],
    format: Format,
) -> u64 {
    let mut cumulative = 0;
    for (bound, count) in bounds.iter().chain([&f64::INFINITY]).zip(counts) {
        cumulative += count;
        out.push_str(family.name());
        out.push_str("_bucket{");
        out.push_str(labels);
        out.push_str(if labels.is_empty() { "le=\"" } else { ",le=\"" });
        write_float(out, *bound, format);
        out.push_str("\"} ");
        write_count(out, cumulative, format);
        out.push('\n');
    }
    cumulative
}
