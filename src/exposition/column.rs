//! The values of one block's objects, and their lines.
//!
//! Gathered in one go, before anything is formatted; a lock is held for the copy of one object's
//! numbers.

use super::lines::{Lines, Run};
use crate::catalog::Family;
use crate::resource_info::Info;
use crate::series::ObjectSeries;
use crate::status::{Slot, State, Word};
use crate::store::Block;
use crate::sync::Arc;

/// The values of one block's objects, copied out of their records.
///
/// Records lie scattered over the heap. Fetching them in one go, before formatting, lets the
/// processor wait for many of them at a time.
#[derive(Default)]
pub(super) struct Column {
    /// Whether any object of the block has a series in the family.
    pub(super) any: bool,
    words: Vec<Word>,
    counts: Vec<u64>,
    sums: Vec<f64>,
    infos: Vec<Option<Arc<Info>>>,
    /// Whether any object is being deleted, once all were asked for their labels.
    pub(super) terminating: Option<bool>,
}

impl Column {
    pub(super) fn gather(&mut self, block: &Block, family: Family, lines: &Lines) {
        self.words.clear();
        self.counts.clear();
        self.sums.clear();
        self.infos.clear();
        let series = block.series.iter();
        if matches!(family, Family::ResourceInfo | Family::DeletionTimestamp) {
            // State and labels of one moment, which takes the record's lock.
            for shown in series.clone().map(|series| series.shown()) {
                self.words.push(shown.word);
                self.infos.push(shown.info);
            }
        } else {
            // For durations too: taking a lock makes the processor wait for its record alone, so
            // the records are better near by then.
            self.words
                .extend(series.clone().map(|series| series.word()));
        }
        let words = self.words.iter();
        self.any = match family {
            Family::ReconcileDuration => {
                let counts = &mut self.counts;
                self.sums
                    .extend(series.map(|series| series.copy_durations(counts)));
                counts.iter().any(|count| *count > 0)
            }
            Family::ResourceInfo | Family::DeletionTimestamp => {
                let all = words.zip(&self.infos);
                let shown = all.filter_map(|(word, info)| shown(*word, info.as_deref()));
                let (mut any, mut terminating) = (false, false);
                for (_, info) in shown {
                    any = true;
                    terminating |= info.deletion_timestamp.is_some();
                }
                if family == Family::ResourceInfo {
                    self.terminating = Some(self.terminating.unwrap_or_default() || terminating);
                    any
                } else {
                    terminating
                }
            }
            Family::SuspendStatus => words.copied().any(|word| word.suspended().is_some()),
            _ => words.copied().any(|word| lines.shows(word)),
        };
    }

    /// Writes objects from `first` on until `out` reaches `limit`; returns how many.
    pub(super) fn write(
        &self,
        lines: &Lines,
        family: Family,
        block: &Block,
        first: usize,
        out: &mut String,
        limit: usize,
    ) -> usize {
        let mut run = lines.run(family, out);
        let mut labels = block.labels(first);
        let mut written = 0;
        let mut next = |run: &Run<'_>| {
            let labels = labels.next().filter(|_| run.len() < limit);
            written += usize::from(labels.is_some());
            labels
        };
        match family {
            Family::ReconcileDuration => {
                for (counts, sum) in self.histograms().skip(first) {
                    let Some(labels) = next(&run) else { break };
                    if counts.iter().any(|count| *count > 0) {
                        run.write_durations(labels, counts, sum);
                    }
                }
            }
            Family::ResourceInfo => {
                for (series, (word, info)) in self.with_infos(block).skip(first) {
                    let Some(_) = next(&run) else { break };
                    if let Some((ready, info)) = shown(word, info) {
                        run.write_info(info, series.key(), ready, word.suspended());
                    }
                }
            }
            Family::DeletionTimestamp => {
                for (_, (word, info)) in self.with_infos(block).skip(first) {
                    let Some(labels) = next(&run) else { break };
                    let time = shown(word, info).and_then(|(_, info)| info.deletion_timestamp);
                    if let Some(time) = time {
                        run.write_deletion(labels, time);
                    }
                }
            }
            Family::SuspendStatus => {
                for word in self.words.iter().skip(first) {
                    let Some(labels) = next(&run) else { break };
                    if let Some(suspended) = word.suspended() {
                        run.write_suspend(labels, suspended);
                    }
                }
            }
            _ => {
                for word in self.words.iter().skip(first) {
                    let Some(labels) = next(&run) else { break };
                    run.write_conditions(labels, *word);
                }
            }
        }
        run.finish();
        written
    }

    /// The counts of each object's buckets, and the sum.
    fn histograms(&self) -> impl Iterator<Item = (&[u64], f64)> {
        let buckets = self.counts.len() / self.sums.len().max(1);
        let counts = self.counts.chunks_exact(buckets.max(1));
        counts.zip(self.sums.iter().copied())
    }

    fn with_infos<'a>(
        &'a self,
        block: &'a Block,
    ) -> impl Iterator<Item = (&'a ObjectSeries, (Word, Option<&'a Info>))> {
        let infos = self.infos.iter().map(Option::as_deref);
        let values = self.words.iter().copied().zip(infos);
        block.series.iter().map(AsRef::as_ref).zip(values)
    }
}

/// The state of Ready, if the object has it, and the labels of an object that is in a tracked
/// store.
pub(super) fn shown(word: Word, info: Option<&Info>) -> Option<(Option<&'static str>, &Info)> {
    let info = info.filter(|_| !word.is_deleted())?;
    let ready = word.condition(Slot::READY).map(State::as_str);
    Some((ready, info))
}
