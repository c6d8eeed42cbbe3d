//! Compresses an exposition as it goes by.
//!
//! Holds what a stream of gzip needs and no more than one frame of its output.

use std::io::{self, Write as _};
use std::mem;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Compressed text is a twentieth of the plain one, so chunks are gathered: a frame is a write to
/// the socket.
const FRAME: usize = 16 * 1024;
/// A text that fits into one packet is not worth it.
const WORTH: usize = 1400;

#[derive(Debug)]
pub(super) struct Gzip(GzEncoder<Vec<u8>>);

impl Gzip {
    pub(super) fn is_worth(exposition: usize) -> bool {
        exposition > WORTH
    }

    pub(super) fn new() -> Self {
        // Level 1: the text repeats itself so much that more effort finds little more.
        Self(GzEncoder::new(Vec::new(), Compression::fast()))
    }

    pub(super) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.0.write_all(text)
    }

    /// Writes what remains; nothing may be written afterwards.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.0.try_finish()
    }

    /// Whether there is enough for a frame.
    pub(super) fn is_full(&self) -> bool {
        self.0.get_ref().len() >= FRAME
    }

    /// What was compressed since the last call.
    pub(super) fn take(&mut self) -> Bytes {
        mem::take(self.0.get_mut()).into()
    }
}
