//! The body of an answer, made while it is sent.
//!
//! One chunk of work at a time: after each the thread goes to whoever else waits for it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::gzip::Encoder;
use super::scrape::Scrape;
use crate::exposition::Chunks;

/// The body of an answer of [`MetricsService`](crate::MetricsService).
///
/// An exposition is encoded, and compressed if the scraper wants that, while it is sent: memory is
/// bounded by a chunk of about 64 KiB, the list of objects and the state of the compression. It
/// keeps the objects of its start in memory until it is dropped.
#[derive(Debug)]
pub struct MetricsBody(Kind);

#[derive(Debug)]
enum Kind {
    Text(Option<Bytes>),
    /// Of a length that nobody knows, never sent.
    Head,
    /// In a box, far larger than the others.
    Exposition(Box<Exposition>),
}

/// An exposition on its way.
#[derive(Debug)]
pub(super) struct Exposition {
    /// Made already, where it could take its time.
    first: Option<Bytes>,
    /// `None` once all is written.
    chunks: Option<Chunks>,
    encoder: Encoder,
    /// Whether the next poll is to let others have the thread.
    rests: bool,
    scrape: Scrape,
}

impl MetricsBody {
    pub(super) fn text(text: Bytes) -> Self {
        Self(Kind::Text(Some(text)))
    }

    pub(super) fn head() -> Self {
        Self(Kind::Head)
    }

    pub(super) fn exposition(exposition: Exposition) -> Self {
        Self(Kind::Exposition(Box::new(exposition)))
    }
}

impl Exposition {
    /// Writes the first chunk, so that a short exposition is known as a whole.
    pub(super) fn start(mut chunks: Chunks, compresses: bool, scrape: Scrape) -> io::Result<Self> {
        let mut encoder = Encoder::new(compresses);
        encoder.take(&mut chunks);
        let more = !chunks.is_done();
        if !more {
            encoder = encoder.spare_short();
        }
        let first = encoder.frame(!more)?;
        let mut started = Self {
            first,
            chunks: more.then_some(chunks),
            encoder,
            rests: false,
            scrape,
        };
        started.scrape.answer();
        if started.is_end() {
            // Nobody asks for the body of an empty answer.
            started.scrape.complete();
        }
        Ok(started)
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.encoder.is_compressed()
    }

    /// The next frame, or `None` if more has to be written for one, or all is written.
    fn step(&mut self) -> io::Result<Option<Bytes>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let Some(chunks) = &mut self.chunks else {
            return Ok(None);
        };
        self.encoder.take(chunks);
        if chunks.is_done() {
            self.chunks = None;
        }
        self.encoder.frame(self.chunks.is_none())
    }

    fn is_end(&self) -> bool {
        self.first.is_none() && self.chunks.is_none()
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.rests {
            self.rests = false;
            return rest(cx);
        }
        match self.step() {
            Ok(Some(data)) => {
                self.rests = !self.is_end();
                self.scrape.sent(data.len());
                if self.is_end() {
                    self.scrape.complete();
                }
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Ok(None) if self.is_end() => {
                self.scrape.complete();
                Poll::Ready(None)
            }
            Ok(None) => rest(cx),
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }
}

/// Asks to be polled again, behind all that is ready now.
fn rest<T>(cx: &Context<'_>) -> Poll<T> {
    cx.waker().wake_by_ref();
    Poll::Pending
}

impl Body for MetricsBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut self.get_mut().0 {
            Kind::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Kind::Head => Poll::Ready(None),
            Kind::Exposition(exposition) => exposition.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Text(text) => text.is_none(),
            // It has an end, and what it would have had before is not known.
            Kind::Head => false,
            Kind::Exposition(exposition) => exposition.is_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let exact = |bytes: &Option<Bytes>| {
            let len = bytes.as_ref().map_or(0, Bytes::len);
            SizeHint::with_exact(len as u64)
        };
        match &self.0 {
            Kind::Text(text) => exact(text),
            Kind::Exposition(exposition) if exposition.chunks.is_none() => exact(&exposition.first),
            Kind::Exposition(_) | Kind::Head => SizeHint::default(),
        }
    }
}
