//! The stream that HTTP reads and writes: reports its activity to the deadline.
//!
//! Passes all bytes on unchanged. Only the end of the stream may be held back.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::deadline::ConnectionDeadline;

/// A connection, encrypted or not.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

pub(crate) struct ActivityWatch {
    /// Boxed, so that hyper is compiled once for both kinds.
    stream: Box<dyn Duplex>,
    deadline: ConnectionDeadline,
    /// Whether the end of the stream was read.
    is_closed: bool,
}

impl ActivityWatch {
    pub(crate) fn new(stream: Box<dyn Duplex>, deadline: ConnectionDeadline) -> Self {
        Self {
            stream,
            deadline,
            is_closed: false,
        }
    }

    /// hyper abandons a response at the end of the stream, so it must not see it while one is sent.
    fn closed(&mut self) -> Poll<io::Result<()>> {
        self.is_closed = true;
        if self.deadline.close_by_client() {
            Poll::Ready(Ok(()))
        } else {
            // hyper asks again before it waits for the next request.
            Poll::Pending
        }
    }
}

impl AsyncRead for ActivityWatch {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_closed {
            return self.closed();
        }
        let before = buffer.filled().len();
        match ready!(Pin::new(&mut self.stream).poll_read(cx, buffer)) {
            Ok(()) if buffer.filled().len() > before => {
                self.deadline.read();
                Poll::Ready(Ok(()))
            }
            Ok(()) => self.closed(),
            // TLS without its own end of the stream.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.closed(),
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncWrite for ActivityWatch {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper calls this once its own buffer is empty, but TLS has a buffer too.
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.deadline.flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }
}
