//! Whether connections are encrypted, and what that says of a peer.
//!
//! Without feature `tls` nothing is, and every peer is as good as any other.

use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::progress::Progress;
use super::socket::Duplex;
#[cfg(feature = "tls")]
use super::tls::{Session, Tls, shake_hands};
use super::wire::Wire;
#[cfg(feature = "tls")]
use crate::sync::Arc;

/// Of all connections of a server.
#[derive(Clone, Debug, Default)]
pub(super) struct Security {
    #[cfg(feature = "tls")]
    tls: Option<Arc<Tls>>,
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Peer {
    #[cfg(feature = "tls")]
    session: Option<Session>,
}

impl Security {
    #[cfg(feature = "tls")]
    pub(super) fn new(tls: Tls) -> Self {
        Self {
            tls: Some(Arc::new(tls)),
        }
    }

    /// What has to be looked after while the server serves. Never ready.
    pub(super) async fn watch(&self) {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            Arc::clone(tls).watch().await;
        }
        std::future::pending::<()>().await;
    }

    /// Whether a handshake comes before the first request.
    #[cfg(feature = "tls")]
    pub(super) fn shakes_hands(&self) -> bool {
        self.tls.is_some()
    }

    #[cfg(not(feature = "tls"))]
    #[expect(clippy::unused_self, reason = "with the feature it depends")]
    pub(super) fn shakes_hands(&self) -> bool {
        false
    }

    /// The connection as HTTP sees it; `None` if there is nothing to be seen.
    #[cfg_attr(
        not(feature = "tls"),
        expect(clippy::unused_async, reason = "a handshake waits")
    )]
    pub(super) async fn secure(
        self,
        stream: TcpStream,
        progress: &Progress,
    ) -> Option<(Box<dyn Duplex>, Peer)> {
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls {
            let (stream, session) = shake_hands(tls, stream, progress).await?;
            let session = Some(session);
            return Some((Box::new(TokioIo::new(stream)), Peer { session }));
        }
        let wire = Wire::new(stream, progress.clone());
        Some((Box::new(TokioIo::new(wire)), Peer::default()))
    }
}

#[cfg(feature = "tls")]
impl Peer {
    pub(super) fn is_admitted(&self) -> bool {
        self.session.as_ref().is_none_or(Session::is_admitted)
    }

    pub(super) fn is_current(&self) -> bool {
        self.session.as_ref().is_none_or(Session::is_current)
    }
}

#[cfg(not(feature = "tls"))]
#[expect(clippy::unused_self, reason = "with the feature they differ")]
impl Peer {
    pub(super) fn is_admitted(&self) -> bool {
        true
    }

    pub(super) fn is_current(&self) -> bool {
        true
    }
}
