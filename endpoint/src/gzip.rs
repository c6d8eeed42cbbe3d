//! Compresses an exposition while it is sent, or passes it on.
//!
//! Holds the state of one gzip stream, one chunk of text, and at most one frame of output.

use std::io::{self, Write as _};
use std::mem;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::exposition::Body;

/// Compressed text is a twentieth of the plain text, so chunks are gathered: a frame is a write to
/// the socket.
const FRAME: usize = 16 * 1024;
/// A text that fits into one packet is not worth compressing.
const WORTH: usize = 1400;

/// Makes frames of an exposition.
#[derive(Debug)]
pub(crate) enum Encoder {
    Plain(Vec<u8>),
    Gzip {
        chunk: Vec<u8>,
        stream: Box<GzEncoder<Vec<u8>>>,
    },
}

impl Encoder {
    pub(crate) fn new(gzip: bool) -> Self {
        if gzip {
            Self::Gzip {
                chunk: Vec::new(),
                // Level 1: the text is so repetitive that more effort gains little.
                stream: Box::new(GzEncoder::new(Vec::new(), Compression::fast())),
            }
        } else {
            Self::Plain(Vec::new())
        }
    }

    pub(crate) fn is_compressed(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }

    /// Takes the next chunk. Returns `false` if there is none. [`frame`](Self::frame) must follow.
    pub(crate) fn take(&mut self, body: &mut dyn Body) -> bool {
        let (Self::Plain(chunk) | Self::Gzip { chunk, .. }) = self;
        body.fill(chunk)
    }

    /// Drops the compression if the chunk is the whole exposition and too short for it.
    pub(crate) fn skip_short(self) -> Self {
        match self {
            Self::Gzip { chunk, .. } if chunk.len() <= WORTH => Self::Plain(chunk),
            encoder => encoder,
        }
    }

    /// Returns what is to be sent of the chunks so far, or `None` if it is too little for a frame.
    pub(crate) fn frame(&mut self, is_last: bool) -> io::Result<Option<Bytes>> {
        match self {
            Self::Plain(chunk) => {
                let chunk = mem::take(chunk);
                Ok((!chunk.is_empty()).then(|| chunk.into()))
            }
            Self::Gzip { chunk, stream } => {
                stream.write_all(chunk)?;
                chunk.clear();
                if is_last {
                    stream.try_finish()?;
                }
                let out = stream.get_mut();
                Ok((is_last || out.len() >= FRAME).then(|| mem::take(out).into()))
            }
        }
    }
}
