//! Gzip made without a search: who writes the lines says what repeats.
//!
//! Deflate (RFC 1951) is a text told as literals, bytes as they are, and matches: so many bytes, as
//! they stood so far back. Finding matches is nearly all that a compressor does. Here they are
//! known: a line repeats the labels of the line before it, and then what the same line of the
//! object before has. Each piece knows where it was written last, which is all that has to be kept;
//! pieces whose matches go on where the one before ended become one match.
//!
//! The text itself is written too, a chunk at a time: the checksum is of the text, and what is a
//! literal or no piece at all is taken from it. What is no piece goes through flate2, in the same
//! stream: its output ends with a whole byte, and so does ours before it.
//!
//! A match never reaches further back than a reader remembers; a piece that was written too long
//! ago is written as literals.

mod blocks;
mod codes;
#[cfg(test)]
mod tests;

use std::io;
use std::iter::zip;
use std::mem;

use flate2::{Compress, Compression, Crc, FlushCompress};

use self::blocks::{Blocks, WINDOW};
use super::sink::{Labels, Phrase, Sink};

/// Gzip (RFC 1952), deflate, no time, no name, made fast, on an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff];
/// Shorter matches take more bits than their bytes.
const SHORT: usize = 4;
/// Text that is no piece, such as the head of a family, is as well written as literals while it is
/// short.
const FEW: usize = 400;
/// For what flate2 writes at a time.
const ROOM: usize = 16 * 1024;
/// After how many chunks codes are made anew: often enough to follow the text, seldom enough that
/// neither their making nor the head of a block counts.
const RENEWAL: u32 = 32;

/// A member of gzip while it is written.
#[derive(Debug)]
pub(crate) struct Deflate {
    /// The chunk.
    text: String,
    /// From where on it is not written yet, all of it as `run` says.
    from: usize,
    run: Run,
    /// How much text there was before the chunk, and the window: what was written at 0, never, is
    /// out of reach.
    before: u64,
    /// Of the object before, and where they were written first.
    labels: String,
    labels_at: u64,
    /// Where the value before was written.
    value: u64,
    blocks: Blocks,
    other: Other,
    crc: Crc,
    /// Since codes were made, and after how many to make others.
    chunks: u32,
    renewal: u32,
}

/// How text is to be written: as it stood so far back, or as literals, or by somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run(u32);

impl Run {
    const LITERALS: Self = Self(0);
    const OTHER: Self = Self(u32::MAX);

    fn is_match(self) -> bool {
        self != Self::LITERALS && self != Self::OTHER
    }

    #[inline]
    fn copy(distance: u64) -> Self {
        match u32::try_from(distance) {
            Ok(near) if distance <= WINDOW => Self(near),
            _ => Self::LITERALS,
        }
    }
}

impl Deflate {
    pub(crate) fn new() -> Self {
        let mut blocks = Blocks::new();
        blocks.bytes(&HEADER);
        Self {
            text: String::new(),
            from: 0,
            run: Run::OTHER,
            before: WINDOW + 1,
            labels: String::new(),
            labels_at: 0,
            value: 0,
            blocks,
            other: Other::default(),
            crc: Crc::new(),
            chunks: 0,
            renewal: 1,
        }
    }

    /// Whether the chunk has no more bytes than that.
    pub(crate) fn is_at_most(&self, bytes: usize) -> bool {
        self.text.len() <= bytes
    }

    /// The chunk; what was written of it is lost.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// How many bytes there are to take.
    pub(crate) fn ready(&self) -> usize {
        self.blocks.len()
    }

    /// Takes what was written since the last call.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.blocks.take()
    }

    /// Writes what there is of the chunk, and forgets it.
    pub(crate) fn end_chunk(&mut self) -> io::Result<()> {
        self.write(self.text.len());
        self.run = Run::OTHER;
        self.crc.update(self.text.as_bytes());
        self.before += self.text.len() as u64;
        self.text.clear();
        self.from = 0;
        self.chunks += 1;
        if self.chunks >= self.renewal {
            self.blocks.renew();
            self.chunks = 0;
            self.renewal = RENEWAL;
        }
        if self.other.has_failed {
            return Err(io::Error::other("compress text"));
        }
        Ok(())
    }

    /// Ends the member, behind the last chunk.
    pub(crate) fn finish(&mut self) {
        self.other.end(&mut self.blocks);
        self.blocks.finish();
        self.blocks.bytes(&self.crc.sum().to_le_bytes());
        self.blocks.bytes(&self.crc.amount().to_le_bytes());
    }

    fn position(&self) -> u64 {
        self.before + self.text.len() as u64
    }

    /// From `at` on, a place in the chunk, the text is to be written as `run`.
    #[inline]
    fn turn(&mut self, at: usize, run: Run) {
        if self.run != run {
            self.write(at);
            self.run = run;
        }
    }

    /// Writes the text up to `at`.
    fn write(&mut self, at: usize) {
        if (self.run == Run::OTHER || !self.blocks.is_open()) && self.write_other(at) {
            return;
        }
        let text = self.text.as_bytes().get(self.from..at).unwrap_or_default();
        self.from = at;
        if self.run.is_match() && text.len() >= SHORT {
            self.blocks.copy(text.len(), self.run.0);
        } else {
            self.blocks.literals(text);
        }
    }

    /// Writes the text up to `at` if that is not for us; otherwise a block is open.
    #[cold]
    fn write_other(&mut self, at: usize) -> bool {
        let text = self.text.as_bytes().get(self.from..at).unwrap_or_default();
        if self.run == Run::OTHER && !text.is_empty() {
            // What comes behind it is about something else.
            self.renewal = 1;
            if self.other.is_open || text.len() >= FEW {
                self.other.write(text, &mut self.blocks);
                self.from = at;
                return true;
            }
        }
        if text.is_empty() {
            return true;
        }
        if !self.blocks.is_open() {
            self.other.end(&mut self.blocks);
            self.blocks.open();
        }
        false
    }

    /// The labels of an object whose first line this is: those of the object before, as far as they
    /// are the same.
    fn first_labels(&mut self, labels: &str) {
        let start = self.text.len();
        let at = self.position();
        self.text.push_str(labels);
        let before = mem::take(&mut self.labels);
        let (mut new, mut old) = (labels.as_bytes(), before.as_bytes());
        while !new.is_empty() {
            let same = common(new, old);
            let done = labels.len() - new.len();
            if same > 0 {
                let from = self.labels_at + (before.len() - old.len()) as u64;
                self.turn(start + done, Run::copy(at + done as u64 - from));
            }
            new = new.get(same..).unwrap_or_default();
            if !new.is_empty() {
                self.turn(start + done + same, Run::LITERALS);
            }
            // Whatever is in between: the next label begins alike.
            new = from_quote(new);
            old = from_quote(old.get(same..).unwrap_or_default());
            if old.is_empty() {
                break;
            }
        }
        self.labels = before;
        self.labels.clear();
        self.labels.push_str(labels);
        self.labels_at = at;
    }
}

impl Sink for Deflate {
    fn text(&mut self) -> &mut String {
        self.turn(self.text.len(), Run::OTHER);
        &mut self.text
    }

    fn written(&self) -> usize {
        self.text.len()
    }

    #[inline]
    fn phrase(&mut self, phrase: &mut Phrase) {
        let at = self.position();
        self.turn(self.text.len(), Run::copy(at - phrase.last));
        self.text.push_str(phrase.as_str());
        phrase.last = at;
    }

    #[inline]
    fn labels(&mut self, labels: &mut Labels<'_>) {
        let at = self.position();
        if labels.last == 0 {
            self.first_labels(labels.text);
        } else {
            self.turn(self.text.len(), Run::copy(at - labels.last));
            self.text.push_str(labels.text);
        }
        labels.last = at;
    }

    #[inline]
    fn value(&mut self, is_repeated: bool, write: impl FnOnce(&mut String)) {
        let at = self.position();
        let run = if is_repeated {
            Run::copy(at - self.value)
        } else {
            Run::LITERALS
        };
        self.turn(self.text.len(), run);
        write(&mut self.text);
        self.value = at;
    }

    fn take_back(&mut self, phrase: &mut Phrase) {
        let Some(rest) = self.text.strip_suffix(phrase.as_str()) else {
            return;
        };
        self.text.truncate(rest.len());
        phrase.last = if self.run.is_match() {
            // It still is where it was copied from.
            self.position() - u64::from(self.run.0)
        } else {
            0
        };
    }
}

/// What goes through flate2.
#[derive(Debug, Default)]
struct Other {
    /// Made when there is something for it.
    compress: Option<Compress>,
    /// Whether it has written last, and not ended with a whole byte.
    is_open: bool,
    has_failed: bool,
}

impl Other {
    fn write(&mut self, text: &[u8], blocks: &mut Blocks) {
        if !self.is_open {
            blocks.align();
            // It must not find what it saw before: ours has come in between.
            if let Some(compress) = &mut self.compress {
                compress.reset();
            }
            self.is_open = true;
        }
        self.compress(text, blocks, FlushCompress::None);
    }

    fn end(&mut self, blocks: &mut Blocks) {
        if self.is_open {
            self.compress(&[], blocks, FlushCompress::Sync);
            self.is_open = false;
        }
    }

    fn compress(&mut self, mut text: &[u8], blocks: &mut Blocks, flush: FlushCompress) {
        let compress = self
            .compress
            .get_or_insert_with(|| Compress::new(Compression::fast(), false));
        loop {
            let (before, out_before) = (compress.total_in(), compress.total_out());
            let room = blocks.room(ROOM);
            let all = room.len();
            self.has_failed |= compress.compress(text, room, flush).is_err();
            let count = |now, before| usize::try_from(now - before).unwrap_or_default();
            let wrote = count(compress.total_out(), out_before);
            blocks.wrote(wrote);
            let taken = count(compress.total_in(), before);
            text = text.get(taken..).unwrap_or_default();
            // A full room may mean that there is more to come.
            if self.has_failed || (text.is_empty() && wrote < all) {
                return;
            }
        }
    }
}

/// How many bytes two begin with.
fn common(a: &[u8], b: &[u8]) -> usize {
    let mut same = 0;
    for (a, b) in zip(a.as_chunks::<8>().0, b.as_chunks::<8>().0) {
        let differing = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differing != 0 {
            return same + differing.trailing_zeros() as usize / 8;
        }
        same += 8;
    }
    let rest = zip(a.iter().skip(same), b.iter().skip(same));
    same + rest.take_while(|(a, b)| a == b).count()
}

fn from_quote(text: &[u8]) -> &[u8] {
    let quote = text.iter().position(|byte| *byte == b'"');
    quote.and_then(|at| text.get(at..)).unwrap_or_default()
}
