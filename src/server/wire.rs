//! The socket of the system, below whatever encrypts.
//!
//! Passes everything on as it is, and tells whether the peer takes what is written.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::progress::Progress;

#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    progress: Progress,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, progress: Progress) -> Self {
        Self { stream, progress }
    }

    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        self.progress.wrote(written.is_ready());
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.progress.is_cut_short() {
            // Otherwise the system would go on offering megabytes to a peer that does not take
            // them.
            let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
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

    use crate::server::limits::Limits;

    /// hyper and rustls each choose one of the two.
    type PollWrite = fn(Pin<&mut Wire>, &mut Context<'_>) -> Poll<io::Result<usize>>;

    const BYTES: &[u8] = &[0; 1 << 16];

    #[tokio::test]
    async fn a_peer_that_takes_nothing_stalls_whichever_way_it_is_written() {
        let ways: [PollWrite; 2] = [
            |wire, cx| wire.poll_write(cx, BYTES),
            |wire, cx| wire.poll_write_vectored(cx, &[IoSlice::new(BYTES)]),
        ];
        for write in ways {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let peer = TcpStream::connect(listener.local_addr().unwrap()).await;
            let (stream, _) = listener.accept().await.unwrap();
            let progress = Progress::new(Limits::default());
            progress.request();
            let mut wire = Wire::new(stream, progress.clone());
            let whole = progress.deadline();
            // Into the buffers of the system, until they are full.
            while poll_fn(|cx| Poll::Ready(write(Pin::new(&mut wire), cx)))
                .await
                .is_ready()
            {
                assert_eq!(progress.deadline(), whole);
            }
            assert!(progress.deadline() < whole, "the stall is not seen");
            let peer = peer.unwrap();
            let mut buffer = vec![0; 1 << 20];
            tokio::select! {
                written = poll_fn(|cx| write(Pin::new(&mut wire), cx)) => {
                    assert!(written.is_ok());
                }
                () = async {
                    loop {
                        peer.readable().await.unwrap();
                        // It may be that nothing is there.
                        let _ = peer.try_read(&mut buffer);
                    }
                } => {}
            }
            assert_eq!(progress.deadline(), whole, "it lasts");
        }
    }
}
