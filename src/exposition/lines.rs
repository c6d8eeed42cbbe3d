//! The lines of the families that have series per object.
//!
//! All that a line has besides the object's labels and large numbers is rendered once per
//! exposition, so that most lines are two copies: the labels, and from there to the labels of the
//! next line.

use super::Format;
use super::float::{write_count, write_float};
use super::sink::{Labels, Phrase, Sink};
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

/// Writes the lines of a run of objects.
///
/// A run starts with [`start`](Self::start) and ends with [`end`](Self::end). In between `out`
/// always ends with the name that the next line begins with: in a line the copies are what costs,
/// and this joins the end of one line and the beginning of the next into one.
pub(super) struct Lines {
    format: Format,
    condition: Phrase,
    condition_tails: Vec<ConditionTail>,
    suspend: Phrase,
    /// With the values 0 and 1.
    suspend_tails: [Phrase; 2],
    bucket: Phrase,
    bucket_tails: Vec<CountTail>,
    /// What follows the value of a bucket, and that of the last one.
    behind_bucket: [Phrase; 2],
    /// What stands before and behind the value of `_sum`.
    sum_tail: [Phrase; 2],
    count_tail: CountTail,
    behind_count: Phrase,
}

/// What lies between the labels of two lines of `gotk_reconcile_condition`.
struct ConditionTail {
    slot: Slot,
    state: State,
    /// With the value 0.
    other: Phrase,
    /// With the value 1.
    current: Phrase,
}

/// What lies between the labels of two lines, the first of which has a count as its value.
struct CountTail {
    /// With the counts 0 to 9, which most buckets have: no digit is formatted for them.
    small: [Phrase; 10],
    /// Up to the count; what is behind it is the same for many.
    before: Phrase,
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
            suspend_tails: flags(format).map(|value| Phrase::new(format!("}} {value}\n{suspend}"))),
            bucket_tails: bounds
                .map(|(bound, next)| {
                    let mut before = String::from(",le=\"");
                    write_float(&mut before, bound, format);
                    CountTail::new(before + "\"} ", next, format)
                })
                .collect(),
            behind_bucket: [&bucket, &sum].map(|next| Phrase::new(format!("\n{next}"))),
            sum_tail: [String::from("} "), format!("\n{count}")].map(Phrase::new),
            count_tail: CountTail::new(String::from("} "), &bucket, format),
            behind_count: Phrase::new(format!("\n{bucket}")),
            condition: Phrase::new(condition),
            suspend: Phrase::new(suspend),
            bucket: Phrase::new(bucket),
        }
    }

    /// Appends what the first line of a family begins with; returns how long that is.
    pub(super) fn start(&mut self, out: &mut impl Sink, family: Family) -> usize {
        let opening = self.opening(family);
        opening.map_or(0, |opening| {
            out.phrase(opening);
            opening.as_str().len()
        })
    }

    /// Takes back what a line that does not come would have begun with.
    pub(super) fn end(&mut self, out: &mut impl Sink, family: Family) {
        if let Some(opening) = self.opening(family) {
            out.take_back(opening);
        }
    }

    /// The family's name and a brace.
    fn opening(&mut self, family: Family) -> Option<&mut Phrase> {
        match family {
            Family::ReconcileDuration => Some(&mut self.bucket),
            Family::SuspendStatus => Some(&mut self.suspend),
            Family::ReconcileCondition => Some(&mut self.condition),
            // Few objects, or few bytes beside their own: written line by line.
            _ => None,
        }
    }

    /// Whether the object has a condition of a type that was known when this was made.
    pub(super) fn shows(&self, word: Word) -> bool {
        let tails = &self.condition_tails;
        word.has_conditions() && tails.iter().any(|tail| word.condition(tail.slot).is_some())
    }

    pub(super) fn write_conditions(
        &mut self,
        out: &mut impl Sink,
        labels: &mut Labels<'_>,
        word: Word,
    ) {
        for tail in &mut self.condition_tails {
            if let Some(state) = word.condition(tail.slot) {
                out.labels(labels);
                out.phrase(if state == tail.state {
                    &mut tail.current
                } else {
                    &mut tail.other
                });
            }
        }
    }

    pub(super) fn write_suspend(
        &mut self,
        out: &mut impl Sink,
        labels: &mut Labels<'_>,
        suspended: bool,
    ) {
        let [no, yes] = &mut self.suspend_tails;
        out.labels(labels);
        out.phrase(if suspended { yes } else { no });
    }

    pub(super) fn write_info(
        &self,
        out: &mut String,
        info: &Info,
        key: Key<'_>,
        ready: Option<&str>,
        suspended: Option<bool>,
    ) {
        out.push_str(Family::ResourceInfo.name());
        info.write(out, key, ready, suspended);
        let [_, one] = flags(self.format);
        out.push_str(one);
        out.push('\n');
    }

    pub(super) fn write_guest(&self, out: &mut String, guest: &Guest) {
        let ready = guest.ready.map(ConditionStatus::as_str);
        self.write_info(out, &guest.info, guest.id.key(), ready, guest.suspended);
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
    pub(super) fn write_durations(
        &mut self,
        out: &mut impl Sink,
        labels: &mut Labels<'_>,
        counts: &[u64],
        sum: f64,
    ) {
        let mut cumulative = 0;
        let [behind, behind_last] = &mut self.behind_bucket;
        let last = self.bucket_tails.len().saturating_sub(1);
        for ((tail, count), position) in self.bucket_tails.iter_mut().zip(counts).zip(0..) {
            cumulative += count;
            out.labels(labels);
            let behind = if position < last {
                &mut *behind
            } else {
                &mut *behind_last
            };
            tail.write(out, cumulative, *count == 0, behind, self.format);
        }
        let [before_sum, behind_sum] = &mut self.sum_tail;
        out.labels(labels);
        out.phrase(before_sum);
        out.value(false, |out| write_float(out, sum, self.format));
        out.phrase(behind_sum);
        out.labels(labels);
        let behind = &mut self.behind_count;
        self.count_tail
            .write(out, cumulative, false, behind, self.format);
    }
}

impl ConditionTail {
    /// `end` are the label behind the state and all up to the value, `next` is what the next line
    /// begins with.
    fn new(slot: Slot, state: State, end: &str, next: &str, format: Format) -> Self {
        let status = state.as_str();
        let [other, current] = flags(format)
            .map(|value| Phrase::new(format!(",status=\"{status}\"{end}{value}\n{next}")));
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
            Phrase::new(tail + "\n" + next)
        };
        Self {
            small: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(small),
            before: Phrase::new(before),
        }
    }

    /// `behind` is what `next` was, behind a line's end.
    fn write(
        &mut self,
        out: &mut impl Sink,
        count: u64,
        is_repeated: bool,
        behind: &mut Phrase,
        format: Format,
    ) {
        let small = usize::try_from(count).ok();
        if let Some(tail) = small.and_then(|count| self.small.get_mut(count)) {
            out.phrase(tail);
        } else {
            out.phrase(&mut self.before);
            out.value(is_repeated, |out| write_count(out, count, format));
            out.phrase(behind);
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
