//! Compresses an exposition as it goes by, or not.
//!
//! Holds what a stream of gzip needs, one chunk of text and no more than one frame of output.

use std::io::{self, Write as _};
use std::mem;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::exposition::{Chunks, Deflate};

/// Compressed text is a twentieth of the plain one, so chunks are gathered: a frame is a write to
/// the socket.
const FRAME: usize = 16 * 1024;
/// A text that fits into one packet is not worth it.
const WORTH: usize = 1400;

/// How an exposition is compressed for those who ask for gzip.
///
/// True is the default, false is [`Off`](Self::Off).
///
/// # Examples
///
/// ```
/// use gotk_metrics::{Gzip, MetricsService, Recorder};
///
/// let service = MetricsService::new(Recorder::new());
/// let direct = service.clone().gzip(Gzip::Direct);
/// let plain = service.gzip(false);
/// assert_eq!(Gzip::from(true), Gzip::Flate2);
/// # drop((direct, plain));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gzip {
    /// Not at all.
    Off,
    /// By flate2, on its fastest level.
    #[default]
    Flate2,
    /// By this crate, which knows what repeats in its own text and need not search for it.
    ///
    /// Half of the time, and the result is smaller. What registries have appended and what is
    /// not about objects goes through flate2 still, within the same stream. Not the default: flate2
    /// has been in use everywhere for years.
    Direct,
}

impl From<bool> for Gzip {
    fn from(enabled: bool) -> Self {
        if enabled { Self::default() } else { Self::Off }
    }
}

/// Makes frames of an exposition.
#[derive(Debug)]
pub(super) enum Encoder {
    Plain(Vec<u8>),
    Flate2 {
        chunk: Vec<u8>,
        stream: Box<GzEncoder<Vec<u8>>>,
    },
    Direct(Box<Deflate>),
}

impl Encoder {
    pub(super) fn new(gzip: Gzip) -> Self {
        match gzip {
            Gzip::Off => Self::Plain(Vec::new()),
            Gzip::Flate2 => Self::Flate2 {
                chunk: Vec::new(),
                // Level 1: the text repeats itself so much that more effort finds little more.
                stream: Box::new(GzEncoder::new(Vec::new(), Compression::fast())),
            },
            Gzip::Direct => Self::Direct(Box::new(Deflate::new())),
        }
    }

    pub(super) fn is_compressed(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }

    /// Takes the next chunk; [`frame`](Self::frame) has to follow.
    pub(super) fn take(&mut self, chunks: &mut Chunks) {
        match self {
            Self::Plain(chunk) | Self::Flate2 { chunk, .. } => {
                *chunk = chunks.next().unwrap_or_default();
            }
            Self::Direct(deflate) => {
                chunks.write(&mut **deflate);
            }
        }
    }

    /// The chunk is the first and the last: it is not compressed if that is not worth it.
    pub(super) fn spare_short(self) -> Self {
        let chunk = match self {
            Self::Plain(chunk) | Self::Flate2 { chunk, .. } if chunk.len() <= WORTH => chunk,
            Self::Direct(deflate) if deflate.is_at_most(WORTH) => deflate.into_text().into(),
            encoder => return encoder,
        };
        Self::Plain(chunk)
    }

    /// What is to be sent of the chunk and those before; `None` if there should be more first.
    pub(super) fn frame(&mut self, is_last: bool) -> io::Result<Option<Bytes>> {
        match self {
            Self::Plain(chunk) => {
                let chunk = mem::take(chunk);
                Ok((!chunk.is_empty()).then(|| chunk.into()))
            }
            Self::Flate2 { chunk, stream } => {
                stream.write_all(&mem::take(chunk))?;
                if is_last {
                    stream.try_finish()?;
                }
                let out = stream.get_mut();
                Ok((is_last || out.len() >= FRAME).then(|| mem::take(out).into()))
            }
            Self::Direct(deflate) => {
                deflate.end_chunk()?;
                if is_last {
                    deflate.finish();
                }
                Ok((is_last || deflate.ready() >= FRAME).then(|| deflate.take().into()))
            }
        }
    }
}
