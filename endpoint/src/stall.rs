//! The TCP socket, below TLS: detects a client that reads nothing.
//!
//! Passes all bytes on unchanged.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::deadline::ConnectionDeadline;

#[derive(Debug)]
pub(crate) struct StallWatch {
    stream: TcpStream,
    deadline: ConnectionDeadline,
}

impl StallWatch {
    pub(crate) fn new(stream: TcpStream, deadline: ConnectionDeadline) -> Self {
        Self { stream, deadline }
    }

    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        self.deadline.wrote(written.is_ready());
    }
}

impl Drop for StallWatch {
    fn drop(&mut self) {
        if self.deadline.is_cut_short() {
            // Otherwise the kernel would keep the unread bytes and offer them to the client.
            let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl AsyncRead for StallWatch {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for StallWatch {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::io::IoSlice;
    use tokio::net::TcpListener;

    use crate::limits::Limits;

    /// hyper and rustls each choose one of the two.
    type PollWrite = fn(Pin<&mut StallWatch>, &mut Context<'_>) -> Poll<io::Result<usize>>;

    const BYTES: &[u8] = &[0; 1 << 16];

    #[tokio::test]
    async fn a_client_that_reads_nothing_stalls_with_either_kind_of_write() {
        let ways: [PollWrite; 2] = [
            |watch, cx| watch.poll_write(cx, BYTES),
            |watch, cx| watch.poll_write_vectored(cx, &[IoSlice::new(BYTES)]),
        ];
        for write in ways {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let peer = TcpStream::connect(listener.local_addr().unwrap()).await;
            let (stream, _) = listener.accept().await.unwrap();
            let deadline = ConnectionDeadline::new(Limits::default());
            deadline.request();
            let mut watch = StallWatch::new(stream, deadline.clone());
            let whole = deadline.deadline();
            // Until the kernel's buffers are full.
            while poll_fn(|cx| Poll::Ready(write(Pin::new(&mut watch), cx)))
                .await
                .is_ready()
            {
                assert_eq!(deadline.deadline(), whole);
            }
            assert!(deadline.deadline() < whole, "the stall is not detected");
            let peer = peer.unwrap();
            let mut buffer = vec![0; 1 << 20];
            tokio::select! {
                written = poll_fn(|cx| write(Pin::new(&mut watch), cx)) => {
                    assert!(written.is_ok());
                }
                () = async {
                    loop {
                        peer.readable().await.unwrap();
                        // There may be nothing to read.
                        let _ = peer.try_read(&mut buffer);
                    }
                } => {}
            }
            assert_eq!(deadline.deadline(), whole, "the stall has not ended");
        }
    }
}
