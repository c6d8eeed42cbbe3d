//! A socket that tells what goes through it.
//!
//! Passes everything on as it is; what it tells decides how long the connection may last.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::TcpStream;

use super::progress::Progress;

#[derive(Debug)]
pub(super) struct Socket {
    stream: TokioIo<TcpStream>,
    progress: Progress,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, progress: Progress) -> Self {
        Self {
            stream: TokioIo::new(stream),
            progress,
        }
    }

    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        self.progress.wrote(written.is_ready());
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.progress.is_cut_short() {
            // Otherwise the system would go on offering megabytes to a peer that does not take
            // them.
            let _ = SockRef::from(self.stream.inner()).set_linger(Some(Duration::ZERO));
        }
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            self.progress.read();
        }
        read
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(&written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper calls this once its own buffer is empty; a socket has none.
        self.progress.flushed();
        Pin::new(&mut self.stream).poll_flush(cx)
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
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.wrote(&written);
        written
    }
}
