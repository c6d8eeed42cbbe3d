//! From a connection to an encrypted one.
//!
//! Under the time limit of a request's head, as whatever comes before the first request.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use super::reload::Tls;
use crate::server::progress::Progress;
use crate::server::wire::Wire;
use crate::sync::Arc;

/// As Go's, which is what a client may know.
const PLAIN_HTTP: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
/// What a client is still listened to after that, so that it can read it.
const MAX_IGNORED: usize = 64 * 1024;

/// What is known of the peer of an encrypted connection.
#[derive(Clone, Debug)]
pub(in crate::server) struct Session {
    tls: Arc<Tls>,
    /// What the handshake was made with.
    config: Arc<ServerConfig>,
    shown: bool,
}

impl Session {
    /// Whether the peer has shown the certificate that it has to show, if any.
    pub(in crate::server) fn is_admitted(&self) -> bool {
        self.shown || !self.tls.asks_clients()
    }

    /// Whether a peer that connects now would find the same certificates.
    pub(in crate::server) fn is_current(&self) -> bool {
        self.tls.is_current(&self.config)
    }
}

/// `None` if nothing can be made of what the peer says; it has been told so.
pub(in crate::server) async fn shake_hands(
    tls: Arc<Tls>,
    stream: TcpStream,
    progress: &Progress,
) -> Option<(TlsStream<Wire>, Session)> {
    let mut first = [0];
    // No record of TLS begins with a letter, and every request of HTTP does.
    if stream.peek(&mut first).await.ok()? == 1 && first[0].is_ascii_uppercase() {
        // Whoever is gone needs no answer.
        let _ = refuse(stream).await;
        return None;
    }
    let config = tls.config();
    let wire = Wire::new(stream, progress.clone());
    let stream = TlsAcceptor::from(Arc::clone(&config)).accept(wire).await;
    let stream = stream.ok()?;
    progress.secured();
    let shown = stream.get_ref().1.peer_certificates().is_some();
    Some((stream, Session { tls, config, shown }))
}

async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    stream.writable().await?;
    // Into an empty buffer, where it fits.
    stream.try_write(PLAIN_HTTP)?;
    poll_fn(|cx| Pin::new(&mut stream).poll_shutdown(cx)).await?;
    // Closed with something unread, the connection would be reset, and the answer lost.
    let mut ignored = 0;
    while ignored < MAX_IGNORED {
        stream.readable().await?;
        match stream.try_read(&mut [0; 4096]) {
            Ok(0) => break,
            Ok(read) => ignored += read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
