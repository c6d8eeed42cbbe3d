//! The TLS handshake.
//!
//! Under the time limit of a request's head, like everything before the first request.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use super::reload::Tls;
use crate::deadline::ConnectionDeadline;
use crate::stall::StallWatch;

/// As in Go, because clients may look for it.
const PLAIN_HTTP: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
/// How many bytes are still read after that, so that the client can read the response.
const MAX_IGNORED: usize = 64 * 1024;

/// The TLS session of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    tls: Arc<Tls>,
    /// The configuration of the handshake.
    config: Arc<ServerConfig>,
    has_certificate: bool,
}

impl Session {
    /// Returns whether the client has shown the certificate that it must show, if any.
    pub(crate) fn is_admitted(&self) -> bool {
        self.has_certificate || !self.tls.requires_client_certificate()
    }

    /// Returns whether a new connection would use the same certificates.
    pub(crate) fn is_current(&self) -> bool {
        self.tls.is_current(&self.config)
    }
}

/// Returns `None` if the handshake fails, after an alert or a response.
pub(crate) async fn handshake(
    tls: Arc<Tls>,
    stream: TcpStream,
    deadline: &ConnectionDeadline,
) -> Option<(TlsStream<StallWatch>, Session)> {
    let mut first = [0];
    // No TLS record begins with a letter, and every HTTP request does.
    if stream.peek(&mut first).await.ok()? == 1 && first[0].is_ascii_uppercase() {
        // If the client is gone, no response is needed.
        let _ = refuse(stream).await;
        return None;
    }
    let config = tls.config();
    let stream = StallWatch::new(stream, deadline.clone());
    let stream = TlsAcceptor::from(Arc::clone(&config)).accept(stream).await;
    let stream = stream.ok()?;
    deadline.end_handshake();
    let certificates = stream.get_ref().1.peer_certificates();
    let certificate = certificates.and_then(|chain| chain.first());
    let has_certificate = certificate.is_some_and(|one| tls.allows(one));
    Some((
        stream,
        Session {
            tls,
            config,
            has_certificate,
        },
    ))
}

async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    stream.writable().await?;
    // The kernel's buffer is empty, so this fits.
    stream.try_write(PLAIN_HTTP)?;
    poll_fn(|cx| Pin::new(&mut stream).poll_shutdown(cx)).await?;
    // Closing with unread bytes resets the connection, and the client loses the response.
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
