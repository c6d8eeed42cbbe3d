//! The lines of the families that have series per object.
//!
//! All that a line has besides the object's labels and large numbers is rendered once per
//! exposition, so that most lines are two copies: the labels, and from there to the labels of the
//! next line.

use super::Format;
use super::float::{write_count, write_float};
use crate::catalog::Family;
use crate::inner::Inner;
use crate::object::Key;
use crate::resource_info::Info;
use crate::status::{Slot, State, Word};

/// Appends the two lines that open a family.
///
/// No help of ours has a character to be escaped; a test holds that.
pub(super) fn write_header(out: &mut String, family: Family, format: Format) {
    let name = match format {
        // OpenMetrics names the family, text 0.0.4 the sample.
        Format::OpenMetrics => family.base_name(),
        Format::Text => family.name(),
    };
    for part in ["# HELP ", name, " ", family.help(), "\n# TYPE ", name, " "] {
        out.push_str(part);
    }
    out.push_str(family.family_type().as_str());
    out.push('\n');
}

/// Writes the lines of a run of objects.
///
/// A run starts with [`start`](Self::start) and ends with [`end`](Self::end). In between `out`
/// always ends with the name that the next line begins with: in a line the copies are what costs,
/// and this joins the end of one line and the beginning of the next into one.
pub(super) struct Lines {
    format: Format,
    condition: String,
    condition_tails: Vec<ConditionTail>,
    suspend: String,
    /// With the values 0 and 1.
    suspend_tails: [String; 2],
    bucket: String,
    bucket_tails: Vec<CountTail>,
    /// What follows the value of `_sum`.
    sum_tail: String,
    count_tail: CountTail,
}

/// What lies between the labels of two lines of `gotk_reconcile_condition`.
struct ConditionTail {
    slot: Slot,
    state: State,
    /// With the value 0.
    other: String,
    /// With the value 1.
    current: String,
}

/// What lies between the labels of two lines, the first of which has a count as its value.
struct CountTail {
    /// With the counts 0 to 9, which most buckets have: no digit is formatted for them.
    small: [String; 10],
    /// Up to the count.
    before: String,
    /// Behind the count.
    behind: String,
}

impl Lines {
    pub(super) fn new(inner: &Inner, format: Format) -> Self {
        let opening = |family: Family, suffix| format!("{}{suffix}{{", family.name());
        let condition = opening(Family::ReconcileCondition, "");
        let suspend = opening(Family::SuspendStatus, "");
        let bucket = opening(Family::ReconcileDuration, "_bucket");
        let sum = opening(Family::ReconcileDuration, "_sum");
        let count = opening(Family::ReconcileDuration, "_count");

        let types = inner.types.sorted();
        let mut condition_tails = Vec::new();
        for state in State::ALL {
            for label in &*types {
                let end = format!(",type=\"{}\"}} ", label.escaped);
                condition_tails.push(ConditionTail::new(
                    label.slot, state, &end, &condition, format,
                ));
            }
        }
        let bounds = inner.bounds.iter().map(|bound| (*bound, &bucket));
        let bounds = bounds.chain([(f64::INFINITY, &sum)]);
        Self {
            format,
            condition_tails,
            suspend_tails: flags(format).map(|value| format!("}} {value}\n{suspend}")),
            bucket_tails: bounds
                .map(|(bound, next)| {
                    let mut before = String::from(",le=\"");
                    write_float(&mut before, bound, format);
                    CountTail::new(before + "\"} ", next, format)
                })
                .collect(),
            sum_tail: format!("\n{count}"),
            count_tail: CountTail::new(String::from("} "), &bucket, format),
            condition,
            suspend,
            bucket,
        }
    }

    /// Appends what the first line of a family begins with; returns how long that is.
    pub(super) fn start(&self, out: &mut String, family: Family) -> usize {
        let opening = self.opening(family);
        out.push_str(opening);
        opening.len()
    }

    /// Takes back what a line that does not come would have begun with.
    pub(super) fn end(&self, out: &mut String, family: Family) {
        if let Some(lines) = out.strip_suffix(self.opening(family)) {
            out.truncate(lines.len());
        }
    }

    /// The family's name and a brace.
    fn opening(&self, family: Family) -> &str {
        match family {
            Family::ReconcileDuration => &self.bucket,
            Family::SuspendStatus => &self.suspend,
            Family::ReconcileCondition => &self.condition,
            // Few objects, or few bytes beside their own: written line by line.
            _ => "",
        }
    }

    /// Whether the object has a condition of a type that was known when this was made.
    pub(super) fn shows(&self, word: Word) -> bool {
        let tails = &self.condition_tails;
        word.has_conditions() && tails.iter().any(|tail| word.condition(tail.slot).is_some())
    }

    pub(super) fn write_conditions(&self, out: &mut String, labels: &str, word: Word) {
        for tail in &self.condition_tails {
            if let Some(state) = word.condition(tail.slot) {
                out.push_str(labels);
                out.push_str(if state == tail.state {
                    &tail.current
                } else {
                    &tail.other
                });
            }
        }
    }

    pub(super) fn write_suspend(&self, out: &mut String, labels: &str, suspended: bool) {
        let [no, yes] = &self.suspend_tails;
        out.push_str(labels);
        out.push_str(if suspended { yes } else { no });
    }

    pub(super) fn write_info(
        &self,
        out: &mut String,
        info: &Info,
        key: Key<'_>,
        ready: &str,
        suspended: Option<bool>,
    ) {
        out.push_str(Family::ResourceInfo.name());
        info.write(out, key, ready, suspended);
        let [_, one] = flags(self.format);
        out.push_str(one);
        out.push('\n');
    }

    pub(super) fn write_deletion(&self, out: &mut String, labels: &str, time: i64) {
        out.push_str(Family::DeletionTimestamp.name());
        out.push('{');
        out.push_str(labels);
        out.push_str("} ");
        #[expect(
            clippy::cast_precision_loss,
            reason = "a float has room for millions of years of seconds"
        )]
        write_float(out, time as f64, self.format);
        out.push('\n');
    }

    /// `counts` are those of each bucket, not cumulative.
    pub(super) fn write_durations(&self, out: &mut String, labels: &str, counts: &[u64], sum: f64) {
        let mut cumulative = 0;
        for (tail, count) in self.bucket_tails.iter().zip(counts) {
            cumulative += count;
            out.push_str(labels);
            tail.write(out, cumulative, self.format);
        }
        out.push_str(labels);
        out.push_str("} ");
        write_float(out, sum, self.format);
        out.push_str(&self.sum_tail);
        out.push_str(labels);
        self.count_tail.write(out, cumulative, self.format);
    }
}

impl ConditionTail {
    /// `end` are the label behind the state and all up to the value, `next` is what the next line
    /// begins with.
    fn new(slot: Slot, state: State, end: &str, next: &str, format: Format) -> Self {
        let status = state.as_str();
        let [other, current] =
            flags(format).map(|value| format!(",status=\"{status}\"{end}{value}\n{next}"));
        Self {
            slot,
            state,
            other,
            current,
        }
    }
}

impl CountTail {
    /// `next` is what the next line begins with.
    fn new(before: String, next: &str, format: Format) -> Self {
        let small = |count| {
            let mut tail = before.clone();
            write_count(&mut tail, count, format);
            tail + "\n" + next
        };
        Self {
            small: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(small),
            before,
            behind: format!("\n{next}"),
        }
    }

    fn write(&self, out: &mut String, count: u64, format: Format) {
        let small = usize::try_from(count).ok();
        if let Some(tail) = small.and_then(|count| self.small.get(count)) {
            out.push_str(tail);
        } else {
            out.push_str(&self.before);
            write_count(out, count, format);
            out.push_str(&self.behind);
        }
    }
}

/// How false and true are written as values of a gauge.
const fn flags(format: Format) -> [&'static str; 2] {
    match format {
        Format::Text => ["0", "1"],
        Format::OpenMetrics => ["0.0", "1.0"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_help_needs_an_escape() {
        for family in Family::all() {
            let special = |c| matches!(c, '\\' | '\n' | '"');
            assert!(!family.help().contains(special), "{}", family.name());
        }
    }
}
