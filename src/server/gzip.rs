//! Compresses an exposition as it goes by, or not.
//!
//! Holds what a stream of gzip needs, one chunk of text and no more than one frame of output.

use std::io::{self, Write as _};
use std::mem;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::exposition::Chunks;

/// Compressed text is a fifteenth of the plain text, so chunks are gathered: a frame is a write to
/// the socket.
const FRAME: usize = 16 * 1024;
/// A text that fits into one packet is not worth it.
const WORTH: usize = 1400;

/// Makes frames of an exposition.
#[derive(Debug)]
pub(super) enum Encoder {
    Plain(Vec<u8>),
    Gzip {
        chunk: Vec<u8>,
        stream: Box<GzEncoder<Vec<u8>>>,
    },
}

impl Encoder {
    pub(super) fn new(compresses: bool) -> Self {
        if compresses {
            Self::Gzip {
                chunk: Vec::new(),
                // Level 1: the text is so repetitive that more effort gains little.
                stream: Box::new(GzEncoder::new(Vec::new(), Compression::fast())),
            }
        } else {
            Self::Plain(Vec::new())
        }
    }

    pub(super) fn is_compressed(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }

    /// Takes the next chunk; [`frame`](Self::frame) has to follow.
    pub(super) fn take(&mut self, chunks: &mut Chunks) {
        let (Self::Plain(chunk) | Self::Gzip { chunk, .. }) = self;
        *chunk = chunks.next().unwrap_or_default();
    }

    /// The chunk is the first and the last: it is not compressed if that is not worth it.
    pub(super) fn spare_short(self) -> Self {
        match self {
            Self::Gzip { chunk, .. } if chunk.len() <= WORTH => Self::Plain(chunk),
            encoder => encoder,
        }
    }

    /// Returns the next frame. `None` means that it is still too short to be sent.
    pub(super) fn frame(&mut self, is_last: bool) -> io::Result<Option<Bytes>> {
        match self {
            Self::Plain(chunk) => {
                let chunk = mem::take(chunk);
                Ok((!chunk.is_empty()).then(|| chunk.into()))
            }
            Self::Gzip { chunk, stream } => {
                stream.write_all(&mem::take(chunk))?;
                if is_last {
                    stream.try_finish()?;
                }
                let out = stream.get_mut();
                Ok((is_last || out.len() >= FRAME).then(|| mem::take(out).into()))
            }
        }
    }
}
