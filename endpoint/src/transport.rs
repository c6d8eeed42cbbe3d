//! Plain TCP or TLS, and what the handshake reveals about a client.
//!
//! Without feature `tls` there is only plain TCP, and all clients are equal.

use tokio::net::TcpStream;

use crate::activity::Duplex;
use crate::deadline::ConnectionDeadline;
use crate::stall::StallWatch;
#[cfg(feature = "tls")]
use crate::tls::{Session, Tls, handshake};
#[cfg(feature = "tls")]
use std::sync::Arc;

/// The transport of all connections of an endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transport {
    #[cfg(feature = "tls")]
    tls: Option<Arc<Tls>>,
}

/// The client of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    #[cfg(feature = "tls")]
    session: Option<Session>,
}

impl Transport {
    #[cfg(feature = "tls")]
    pub(crate) fn new(tls: Tls) -> Self {
        Self {
            tls: Some(Arc::new(tls)),
        }
    }

    /// Reloads the certificate while the endpoint serves. Never ready.
    pub(crate) async fn watch(&self) {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            Arc::clone(tls).watch().await;
        }
        std::future::pending::<()>().await;
    }

    /// Returns whether a TLS handshake precedes the first request.
    #[cfg(feature = "tls")]
    pub(crate) fn has_handshake(&self) -> bool {
        self.tls.is_some()
    }

    #[cfg(not(feature = "tls"))]
    #[expect(clippy::unused_self, reason = "with the feature it depends")]
    pub(crate) fn has_handshake(&self) -> bool {
        false
    }

    /// Returns the stream for HTTP, or `None` if the handshake failed.
    #[cfg_attr(
        not(feature = "tls"),
        expect(clippy::unused_async, reason = "a handshake waits")
    )]
    pub(crate) async fn accept(
        self,
        stream: TcpStream,
        deadline: &ConnectionDeadline,
    ) -> Option<(Box<dyn Duplex>, Client)> {
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls {
            let (stream, session) = handshake(tls, stream, deadline).await?;
            let session = Some(session);
            return Some((Box::new(stream), Client { session }));
        }
        let stream = StallWatch::new(stream, deadline.clone());
        Some((Box::new(stream), Client::default()))
    }
}

#[cfg(feature = "tls")]
impl Client {
    /// Returns whether the client has shown the certificate that it must show, if any.
    pub(crate) fn is_admitted(&self) -> bool {
        self.session.as_ref().is_none_or(Session::is_admitted)
    }

    /// Returns whether a new connection would be made with the same certificates.
    pub(crate) fn is_current(&self) -> bool {
        self.session.as_ref().is_none_or(Session::is_current)
    }
}

#[cfg(not(feature = "tls"))]
#[expect(clippy::unused_self, reason = "with the feature they differ")]
impl Client {
    pub(crate) fn is_admitted(&self) -> bool {
        true
    }

    pub(crate) fn is_current(&self) -> bool {
        true
    }
}
