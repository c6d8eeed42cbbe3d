//! The lines of the families that have series per object.
//!
//! Everything in a line except the object's labels and large numbers is rendered once per
//! exposition. Most lines are therefore two copies: the labels, and the text from there to the
//! labels of the next line.

use super::Format;
use super::float::{write_count, write_float};
use crate::ConditionStatus;
use crate::catalog::Family;
use crate::inner::Inner;
use crate::object::Key;
use crate::resource_info::{Guest, Info};
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

/// The rendered parts of the lines.
pub(super) struct Lines {
    format: Format,
    /// The beginning of the first line of each family.
    condition: Joint,
    suspend: Joint,
    bucket: Joint,
    /// For families whose lines are written one by one.
    none: Joint,
    condition_tails: Vec<ConditionTail>,
    /// With the values 0 and 1.
    suspend_tails: [Joint; 2],
    bucket_tails: Vec<CountTail>,
    after_sum: Joint,
    count_tail: CountTail,
}

/// The end of a line and the beginning of the next line.
///
/// Copies are most of the cost of a line, and this joins two of them into one.
struct Joint {
    text: Box<str>,
    /// Where the line ends.
    end: usize,
}

/// The text between the labels of two lines of `gotk_reconcile_condition`.
struct ConditionTail {
    slot: Slot,
    state: State,
    /// With the value 0.
    other: Joint,
    /// With the value 1.
    current: Joint,
}

/// The text between the labels of two lines. The value of the first line is a count.
struct CountTail {
    /// With the counts 0 to 9, which most buckets have: no digit is formatted for them.
    small: [Joint; 10],
    /// The text before and after any other count.
    before: Box<str>,
    after: Joint,
}

/// A run of lines of one family.
///
/// A line is only complete once its successor has begun, because its end is in the same [`Joint`]
/// as the beginning of the next line. [`finish`](Self::finish) completes the last one.
pub(super) struct Run<'a> {
    lines: &'a Lines,
    out: &'a mut String,
    /// Follows the text in `out`.
    pending: &'a Joint,
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
            suspend_tails: flags(format).map(|value| Joint::new(format!("}} {value}\n"), &suspend)),
            bucket_tails: bounds
                .map(|(bound, next)| {
                    let mut before = String::from(",le=\"");
                    write_float(&mut before, bound, format);
                    CountTail::new(before + "\"} ", next, format)
                })
                .collect(),
            after_sum: Joint::new(String::from("\n"), &count),
            count_tail: CountTail::new(String::from("} "), &bucket, format),
            condition: Joint::new(String::new(), &condition),
            suspend: Joint::new(String::new(), &suspend),
            bucket: Joint::new(String::new(), &bucket),
            none: Joint::new(String::new(), ""),
        }
    }

    /// Starts a run of lines at the end of `out`.
    pub(super) fn run<'a>(&'a self, family: Family, out: &'a mut String) -> Run<'a> {
        let pending = match family {
            Family::ReconcileDuration => &self.bucket,
            Family::SuspendStatus => &self.suspend,
            Family::ReconcileCondition => &self.condition,
            // Few objects, or few bytes besides their own.
            _ => &self.none,
        };
        Run {
            lines: self,
            out,
            pending,
        }
    }

    /// Returns true if the object has a condition of a type that was known when this was made.
    pub(super) fn shows(&self, word: Word) -> bool {
        let tails = &self.condition_tails;
        word.has_conditions() && tails.iter().any(|tail| word.condition(tail.slot).is_some())
    }
}

impl Run<'_> {
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// Completes the last line.
    pub(super) fn finish(self) {
        let pending = self.pending;
        self.out
            .push_str(pending.text.get(..pending.end).unwrap_or_default());
    }

    pub(super) fn write_conditions(&mut self, labels: &str, word: Word) {
        // A local variable, which stays in a register.
        let mut pending = self.pending;
        for tail in &self.lines.condition_tails {
            if let Some(state) = word.condition(tail.slot) {
                self.out.push_str(&pending.text);
                self.out.push_str(labels);
                pending = if state == tail.state {
                    &tail.current
                } else {
                    &tail.other
                };
            }
        }
        self.pending = pending;
    }

    pub(super) fn write_suspend(&mut self, labels: &str, suspended: bool) {
        let [no, yes] = &self.lines.suspend_tails;
        self.out.push_str(&self.pending.text);
        self.out.push_str(labels);
        self.pending = if suspended { yes } else { no };
    }

    pub(super) fn write_info(
        &mut self,
        info: &Info,
        key: Key<'_>,
        ready: Option<&str>,
        suspended: Option<bool>,
    ) {
        self.out.push_str(Family::ResourceInfo.name());
        info.write(self.out, key, ready, suspended);
        let [_, one] = flags(self.lines.format);
        self.out.push_str(one);
        self.out.push('\n');
    }

    pub(super) fn write_guest(&mut self, guest: &Guest) {
        let ready = guest.ready.map(ConditionStatus::as_str);
        self.write_info(&guest.info, guest.id.key(), ready, guest.suspended);
    }

    pub(super) fn write_deletion(&mut self, labels: &str, time: i64) {
        self.out.push_str(Family::DeletionTimestamp.name());
        self.out.push('{');
        self.out.push_str(labels);
        self.out.push_str("} ");
        #[expect(
            clippy::cast_precision_loss,
            reason = "a float has room for millions of years of seconds"
        )]
        write_float(self.out, time as f64, self.lines.format);
        self.out.push('\n');
    }

    /// `counts` are those of each bucket, not cumulative.
    pub(super) fn write_durations(&mut self, labels: &str, counts: &[u64], sum: f64) {
        let (lines, out) = (self.lines, &mut *self.out);
        let mut cumulative = 0;
        out.push_str(&self.pending.text);
        for (tail, count) in lines.bucket_tails.iter().zip(counts) {
            cumulative += count;
            out.push_str(labels);
            let after = tail.write(out, cumulative, lines.format);
            out.push_str(&after.text);
        }
        out.push_str(labels);
        out.push_str("} ");
        write_float(out, sum, lines.format);
        out.push_str(&lines.after_sum.text);
        out.push_str(labels);
        self.pending = lines.count_tail.write(out, cumulative, lines.format);
    }
}

impl Joint {
    /// `end` ends a line, and `next` begins the one after it.
    fn new(end: String, next: &str) -> Self {
        Self {
            end: end.len(),
            text: (end + next).into(),
        }
    }
}

impl ConditionTail {
    /// `end` is the label after the state and everything up to the value.
    fn new(slot: Slot, state: State, end: &str, next: &str, format: Format) -> Self {
        let status = state.as_str();
        let [other, current] = flags(format)
            .map(|value| Joint::new(format!(",status=\"{status}\"{end}{value}\n"), next));
        Self {
            slot,
            state,
            other,
            current,
        }
    }
}

impl CountTail {
    /// `next` begins the next line.
    fn new(before: String, next: &str, format: Format) -> Self {
        let small = |count| {
            let mut end = before.clone();
            write_count(&mut end, count, format);
            Joint::new(end + "\n", next)
        };
        Self {
            small: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(small),
            after: Joint::new(String::from("\n"), next),
            before: before.into(),
        }
    }

    /// Writes the count unless the rest of the line has it, and returns that rest.
    fn write(&self, out: &mut String, count: u64, format: Format) -> &Joint {
        let small = usize::try_from(count).ok();
        if let Some(tail) = small.and_then(|count| self.small.get(count)) {
            return tail;
        }
        out.push_str(&self.before);
        write_count(out, count, format);
        &self.after
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
