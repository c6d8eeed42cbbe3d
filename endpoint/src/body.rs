//! The body of a response, made while it is sent.
//!
//! One chunk of work at a time: after each, other tasks get the thread.

use std::fmt;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;

use crate::admission::Place;
use crate::exposition::Body;
use crate::gzip::Encoder;
use crate::totals::CountedScrape;

/// The body of a response of [`EndpointService`](crate::EndpointService).
///
/// An exposition is encoded, and compressed if the client accepts gzip, while it is sent. Memory is
/// bounded by a chunk of about 64 KiB, the state of the compression, and whatever the
/// [`Body`] of the exposition holds until it is dropped.
#[derive(Debug)]
pub struct ResponseBody(Kind);

#[derive(Debug)]
enum Kind {
    Text(Option<Bytes>),
    /// That of HEAD: of unknown length, and never sent.
    Head,
    /// Boxed, because it is far larger than the others.
    Exposition(Box<Streamed>),
}

/// An exposition that is being sent.
pub(crate) struct Streamed {
    /// Made in advance, on a thread that may block.
    first: Option<Bytes>,
    /// `None` once all is written.
    body: Option<Guarded>,
    encoder: Encoder,
    /// Whether the next poll yields the thread to other tasks.
    yields: bool,
    scrape: CountedScrape,
    /// Given back with the last frame, which the connection buffers.
    place: Option<Place>,
}

/// A body whose code is not trusted: its panics end the scrape, and nothing else.
///
/// The mutex is never locked. It makes the response `Sync`, which routers may ask for, whatever the
/// body is.
pub(crate) struct Guarded(Mutex<Option<Box<dyn Body + Send>>>);

impl ResponseBody {
    pub(crate) fn text(text: Bytes) -> Self {
        Self(Kind::Text(Some(text)))
    }

    pub(crate) fn head() -> Self {
        Self(Kind::Head)
    }

    pub(crate) fn exposition(exposition: Streamed) -> Self {
        Self(Kind::Exposition(Box::new(exposition)))
    }
}

impl Guarded {
    pub(crate) fn new(body: Box<dyn Body + Send>) -> Self {
        Self(Mutex::new(Some(body)))
    }

    /// Lets the encoder take the next chunk; returns whether there may be more after it.
    fn next(&mut self, encoder: &mut Encoder) -> io::Result<bool> {
        let Some(body) = self.0.get_mut() else {
            return Ok(false);
        };
        let next = AssertUnwindSafe(|| encoder.take(&mut **body) && !body.is_end());
        // The payload is leaked: dropping it runs foreign code, which could panic again.
        catch_unwind(next).map_err(|payload| {
            mem::forget(payload);
            io::Error::other("the exposition panicked")
        })
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let body = self.0.get_mut().take();
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(body)));
        // Leaked, as above.
        let _ = dropped.map_err(mem::forget);
    }
}

impl Streamed {
    /// Writes the first chunk, so that the length of a short exposition is known.
    pub(crate) fn start(
        mut body: Guarded,
        gzip: bool,
        scrape: CountedScrape,
        place: Place,
    ) -> io::Result<Self> {
        let mut encoder = Encoder::new(gzip);
        let more = body.next(&mut encoder)?;
        if !more {
            encoder = encoder.skip_short();
        }
        let first = encoder.frame(!more)?;
        let mut started = Self {
            first,
            body: more.then_some(body),
            encoder,
            yields: false,
            scrape,
            place: Some(place),
        };
        started.scrape.respond();
        if started.is_end() {
            // hyper does not poll the body of an empty response.
            started.complete();
        }
        Ok(started)
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.encoder.is_compressed()
    }

    /// Returns the next frame, or `None` if the chunk was too little for one, or all is written.
    fn step(&mut self) -> io::Result<Option<Bytes>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        if !body.next(&mut self.encoder)? {
            self.body = None;
        }
        self.encoder.frame(self.body.is_none())
    }

    fn complete(&mut self) {
        self.scrape.complete();
        self.place = None;
    }

    fn is_end(&self) -> bool {
        self.first.is_none() && self.body.is_none()
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.yields {
            self.yields = false;
            return yield_now(cx);
        }
        match self.step() {
            Ok(Some(data)) => {
                self.yields = !self.is_end();
                self.scrape.sent(data.len());
                if self.is_end() {
                    self.complete();
                }
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Ok(None) if self.is_end() => {
                self.complete();
                Poll::Ready(None)
            }
            Ok(None) => yield_now(cx),
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }
}

impl fmt::Debug for Streamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streamed")
            .field("first", &self.first.as_ref().map(Bytes::len))
            .field("is_end", &self.is_end())
            .finish_non_exhaustive()
    }
}

/// Asks to be polled again after all tasks that are ready now.
fn yield_now<T>(cx: &Context<'_>) -> Poll<T> {
    cx.waker().wake_by_ref();
    Poll::Pending
}

impl http_body::Body for ResponseBody {
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
            // HEAD has no body, so we must not claim a length.
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
            Kind::Exposition(exposition) if exposition.body.is_none() => exact(&exposition.first),
            Kind::Exposition(_) | Kind::Head => SizeHint::default(),
        }
    }
}
