//! What every peer can do; one file each implements it.

use std::{fmt, io, mem, str};

use crate::fleet::Object;

/// That of our own chunks.
const CHUNK: usize = 64 * 1024;

pub(crate) trait Peer {
    /// As in the report; one word.
    fn name(&self) -> &'static str;

    /// One full record: the Ready condition, whether suspended, one duration.
    ///
    /// As a careful author would write it who has the object at hand and keeps no handles.
    fn record(&self, object: &Object);

    /// Writes the whole exposition to `buffer`, which is empty, and shows it to `sink`.
    ///
    /// In pieces of whole lines if the peer can, each cleared away after it was shown.
    fn encode(&self, buffer: &mut String, sink: &mut dyn FnMut(&str));
}

/// Hands on what was written whenever it is as much as our own chunks: a string of the whole would
/// be measured for the memory that it asks for.
pub(crate) struct Chunks<'a> {
    buffer: &'a mut String,
    sink: &'a mut dyn FnMut(&str),
}

impl<'a> Chunks<'a> {
    pub(crate) fn new(buffer: &'a mut String, sink: &'a mut dyn FnMut(&str)) -> Self {
        Self { buffer, sink }
    }

    pub(crate) fn finish(self) {
        (self.sink)(self.buffer);
    }
}

impl fmt::Write for Chunks<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.buffer.push_str(text);
        // Behind a whole line, as ours.
        if self.buffer.len() >= CHUNK && text.ends_with('\n') {
            (self.sink)(self.buffer);
            self.buffer.clear();
        }
        Ok(())
    }
}

/// [`Chunks`] for those who write bytes, which are text only once all are there.
pub(crate) struct ByteChunks<'a> {
    bytes: Vec<u8>,
    buffer: &'a mut String,
    sink: &'a mut dyn FnMut(&str),
}

impl<'a> ByteChunks<'a> {
    /// Takes the memory of `buffer` for as long as it writes.
    pub(crate) fn new(buffer: &'a mut String, sink: &'a mut dyn FnMut(&str)) -> Self {
        Self {
            bytes: mem::take(buffer).into_bytes(),
            buffer,
            sink,
        }
    }

    fn show(&mut self) {
        (self.sink)(str::from_utf8(&self.bytes).expect("peers write whole characters"));
        self.bytes.clear();
    }

    pub(crate) fn finish(mut self) {
        self.show();
        *self.buffer = String::from_utf8(self.bytes).expect("it is empty");
    }
}

impl io::Write for ByteChunks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= CHUNK && bytes.ends_with(b"\n") {
            self.show();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
