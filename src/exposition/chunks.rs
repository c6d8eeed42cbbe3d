//! The exposition, piece by piece.
//!
//! Membership is fixed at the start; values are read a block at a time, each object's word once per
//! family and its histogram under its own lock, which is released before anything is formatted.

use std::fmt;

use super::appended::encode_all;
use super::column::Column;
use super::lines::{Lines, write_header};
use super::totals::write_totals;
use super::{Format, Selection};
use crate::catalog::Family;
use crate::inner::Inner;
use crate::resource_info::Guest;
use crate::store::Snapshot;
use crate::sync::{Arc, Ordering};

/// Large enough that a chunk costs nothing beside its bytes, small enough for a socket's buffer.
const CHUNK: usize = 64 * 1024;

/// The chunks of an exposition; made by
/// [`Recorder::encode_chunks`](crate::Recorder::encode_chunks).
///
/// Each is about 64 KiB; together they are exactly what
/// [`Recorder::encode`](crate::Recorder::encode) returns. A chunk ends after a whole line. Memory
/// is bounded by one chunk, one block of values, what appended registries have written, and the
/// list of objects, which it keeps for itself once some came or went.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{Format, ObjectId, Recorder};
///
/// let recorder = Recorder::new();
/// for number in 0..10_000 {
///     recorder.record_suspend(&ObjectId::new("Bucket", number.to_string()), false);
/// }
/// let sizes: Vec<usize> = recorder.encode_chunks(Format::Text).map(|chunk| chunk.len()).collect();
/// assert!(sizes.len() > 5 && sizes.iter().all(|size| *size < 70_000));
/// ```
#[must_use = "an iterator does nothing unless it is iterated"]
pub struct Chunks {
    inner: Arc<Inner>,
    snapshot: Arc<Snapshot>,
    /// Written after the objects of `gotk_resource_info`.
    guests: Vec<Arc<Guest>>,
    format: Format,
    selection: Selection,
    lines: Lines,
    stage: Stage,
    column: Column,
    appended: String,
}

/// How far an exposition has come.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Family(usize, Position),
    /// How many bytes of the appended text are written.
    Appended(usize),
    End,
    Done,
}

/// How far a family with series per object has come.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    block: usize,
    /// The next object of the block.
    object: usize,
    header_written: bool,
}

/// Not what is still to be written.
impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks")
            .field("format", &self.format)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

impl Chunks {
    pub(crate) fn new(inner: Arc<Inner>, format: Format, selection: Selection) -> Self {
        Self {
            snapshot: inner.snapshot(),
            guests: inner.tracking.guests(),
            lines: Lines::new(&inner, format),
            // First, so that what fails in it shows in this exposition's own counter.
            appended: encode_all(&inner, format, &selection),
            inner,
            format,
            selection,
            stage: Stage::Family(0, Position::default()),
            column: Column::default(),
        }
    }

    /// Appends the next chunk to `out`, for those who use one buffer again and again.
    ///
    /// Returns false, and leaves `out` as it is, if there is nothing left.
    pub fn fill(&mut self, out: &mut String) -> bool {
        let start = out.len();
        let limit = start.saturating_add(CHUNK);
        while out.len() < limit && !matches!(self.stage, Stage::Done) {
            self.stage = self.advance(out, limit);
        }
        out.len() > start
    }

    /// Returns true once everything is written. If not, the rest may still be empty.
    #[cfg(feature = "server")]
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    pub(crate) fn into_string(mut self) -> String {
        // Growing by and by, it would be moved over and over: half of the time that all this takes.
        let mut out = String::with_capacity(self.inner.last_length.load(Ordering::Relaxed));
        while self.fill(&mut out) {}
        self.inner.last_length.store(out.len(), Ordering::Relaxed);
        out
    }

    /// Writes until `out` reaches `limit` or the stage ends; returns where to go on.
    fn advance(&mut self, out: &mut String, limit: usize) -> Stage {
        match self.stage {
            Stage::Family(index, position) => match Family::all().nth(index) {
                Some(family) => match self.write_family(family, position, out, limit) {
                    Some(position) => Stage::Family(index, position),
                    None => Stage::Family(index + 1, Position::default()),
                },
                None => Stage::Appended(0),
            },
            Stage::Appended(written) => self.write_appended(written, out, limit),
            Stage::End | Stage::Done => {
                if self.format == Format::OpenMetrics {
                    out.push_str("# EOF\n");
                }
                Stage::Done
            }
        }
    }

    /// `None` if the family is finished.
    fn write_family(
        &mut self,
        family: Family,
        position: Position,
        out: &mut String,
        limit: usize,
    ) -> Option<Position> {
        if !self.inner.exposes(family) || !self.selection.has_family(family) {
            return None;
        }
        // Each pass over the records costs as much as their words and more: not for nothing.
        if self.is_known_to_be_empty(family) {
            return None;
        }
        match family {
            Family::ReconcileCondition
            | Family::ReconcileDuration
            | Family::ResourceInfo
            | Family::SuspendStatus
            | Family::DeletionTimestamp => self.write_objects(family, position, out, limit),
            _ => {
                write_totals(out, &self.inner, family, self.format);
                None
            }
        }
    }

    fn is_known_to_be_empty(&self, family: Family) -> bool {
        let tracks = self.inner.tracking.panics().is_some();
        match family {
            Family::ResourceInfo => !tracks,
            Family::DeletionTimestamp => !tracks || self.column.terminating == Some(false),
            _ => false,
        }
    }

    fn write_objects(
        &mut self,
        family: Family,
        mut at: Position,
        out: &mut String,
        limit: usize,
    ) -> Option<Position> {
        while let Some(block) = self.snapshot.blocks.get(at.block) {
            if at.object == 0 {
                self.column.gather(block, family, &self.lines);
            }
            if self.column.any {
                if !at.header_written {
                    write_header(out, family, self.format);
                    at.header_written = true;
                }
                at.object += self
                    .column
                    .write(&self.lines, family, block, at.object, out, limit);
                if at.object < block.series.len() {
                    return Some(at);
                }
            }
            at.block += 1;
            at.object = 0;
        }
        if family == Family::ResourceInfo {
            return self.write_guests(at, out, limit);
        }
        None
    }

    /// Continues with the guests after the last block.
    fn write_guests(&self, mut at: Position, out: &mut String, limit: usize) -> Option<Position> {
        for guest in self.guests.iter().skip(at.object) {
            if out.len() >= limit {
                return Some(at);
            }
            if !at.header_written {
                write_header(out, Family::ResourceInfo, self.format);
                at.header_written = true;
            }
            let mut run = self.lines.run(Family::ResourceInfo, out);
            run.write_guest(guest);
            run.finish();
            at.object += 1;
        }
        None
    }

    /// Whole lines, until `out` reaches `limit`.
    fn write_appended(&self, written: usize, out: &mut String, limit: usize) -> Stage {
        let rest = self.appended.get(written..).unwrap_or_default();
        // A line that ends before this byte leaves room for another one.
        let last = limit.saturating_sub(out.len()).saturating_sub(1);
        let bytes = rest.as_bytes();
        let line_end = bytes.iter().skip(last).position(|byte| *byte == b'\n');
        let len = line_end.map_or(rest.len(), |end| last + end + 1);
        out.push_str(rest.get(..len).unwrap_or_default());
        match line_end {
            Some(_) => Stage::Appended(written + len),
            None => Stage::End,
        }
    }
}

impl Iterator for Chunks {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        // The last lines of a chunk go over its size by a few kilobytes.
        let mut out = String::with_capacity(CHUNK + CHUNK / 8);
        self.fill(&mut out).then(|| out.into_bytes())
    }
}
