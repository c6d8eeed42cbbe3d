//! The server: a listener and its connections.
//!
//! Owns all tasks that it starts: they end with the future that serves.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
#[cfg(feature = "tls")]
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

#[cfg(feature = "auth")]
use crate::auth::KubernetesAuth;
use crate::bind::{BindAddress, BindError};
use crate::connection::connect;
use crate::connections::Connections;
use crate::deadline::ConnectionDeadline;
use crate::exposition::Exposition;
use crate::limits::Limits;
use crate::path::PathError;
use crate::service::EndpointService;
#[cfg(feature = "tls")]
use crate::tls::{Tls, TlsError, TlsFiles};
use crate::transport::Transport;

/// How long scrapes in progress may take after a shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause after a failed accept if no connection could make room.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An HTTP/1.1 server for `GET /metrics`, with `/healthz` and `/readyz`.
///
/// [`EndpointService`] lists the responses to all requests. By default the first media type of the
/// exposition is served whatever the client accepts, as in Go's promhttp; see
/// [`openmetrics`](Self::openmetrics). The body is streamed in chunks of about 64 KiB. By default
/// the endpoint is plain HTTP without authentication; see `tls` and `authorize`, which are features
/// (the second is `auth`).
///
/// Every connection is under a time limit at every moment, and none waits for another.
///
/// # Examples
///
/// With feature `prometheus-client`:
///
/// ```
/// # #[cfg(feature = "prometheus-client")] mod example {
/// use metrics_endpoint::{Endpoint, Registered};
/// use prometheus_client::registry::Registry;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let port = 0;
/// let endpoint = Endpoint::bind(Registered::new(Registry::default()), port).await?;
/// println!("metrics at http://{}/metrics", endpoint.local_addr());
///
/// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
/// let serving = tokio::spawn(endpoint.serve_until(async { drop(stopped.await) }));
/// // The program runs here.
/// drop(stop);
/// serving.await?;
/// # Ok(())
/// # }
/// # }
/// # #[cfg(feature = "prometheus-client")]
/// # example::main().unwrap();
/// ```
#[derive(Debug)]
#[must_use = "an endpoint does nothing until it is served"]
pub struct Endpoint<X> {
    listener: Option<TcpListener>,
    local_addr: SocketAddr,
    service: EndpointService<X>,
    limits: Limits,
    transport: Transport,
}

impl<X: Exposition> Endpoint<X> {
    /// Binds the address. Connections wait until [`serve`](Self::serve).
    ///
    /// A bare port listens on all addresses: IPv6 and IPv4, or IPv4 alone if the system has no IPv6.
    /// Port 0 lets the system choose; see [`local_addr`](Self::local_addr). `None::<SocketAddr>`
    /// does not listen at all, for programs whose metrics can be disabled.
    ///
    /// # Errors
    ///
    /// Returns a [`BindError`] if the address is in use, not local or not permitted.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with I/O and time enabled.
    #[expect(
        clippy::unused_async,
        reason = "needs a runtime, and leaves room to resolve names"
    )]
    pub async fn bind(exposition: X, address: impl Into<BindAddress>) -> Result<Self, BindError> {
        let (listener, local_addr) = address.into().listen()?;
        Ok(Self {
            listener,
            local_addr,
            service: EndpointService::new(exposition),
            limits: Limits::default(),
            transport: Transport::default(),
        })
    }
}

impl<X> Endpoint<X> {
    /// Returns the bound address, with the port that the system chose.
    ///
    /// It is `0.0.0.0:0` if the endpoint does not listen, and has a nonzero port otherwise.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Sets the path of the exposition. Defaults to `/metrics`.
    ///
    /// # Errors
    ///
    /// Returns a [`PathError`] if no request can have this path, or if it is the path of a probe.
    pub fn path(self, path: impl Into<String>) -> Result<Self, PathError> {
        let service = self.service.path(path)?;
        Ok(Self { service, ..self })
    }

    /// Enables OpenMetrics for clients that prefer it; see [`EndpointService::openmetrics`].
    ///
    /// Defaults to `false`.
    pub fn openmetrics(mut self, enabled: bool) -> Self {
        self.service = self.service.openmetrics(enabled);
        self
    }

    /// Enables gzip for clients that accept it; see [`EndpointService::gzip`].
    ///
    /// Defaults to `true`.
    pub fn gzip(mut self, enabled: bool) -> Self {
        self.service = self.service.gzip(enabled);
        self
    }

    /// Sets the callback that decides the response of `/readyz`.
    ///
    /// Called for each request on its thread, so it must not block. A panic counts as not ready. By
    /// default the endpoint is always ready.
    pub fn ready(mut self, ready: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.service = self.service.ready(ready);
        self
    }

    /// Restricts scrapes to clients that the cluster authorizes; see [`KubernetesAuth`].
    ///
    /// Probes stay open. By default all clients may scrape.
    #[cfg(feature = "auth")]
    pub fn authorize(mut self, auth: KubernetesAuth) -> Self {
        self.service = self.service.authorize(auth);
        self
    }

    /// Sets the time limit for the head of a request, from its first byte to its last.
    ///
    /// For the first request of a connection it begins with the connection, and includes the TLS
    /// handshake. Defaults to 10 seconds.
    pub fn header_timeout(mut self, limit: Duration) -> Self {
        self.limits.header = limit;
        self
    }

    /// Sets how long a connection may wait for its next request.
    ///
    /// If it is shorter than the scrape interval, every scrape needs a new connection. Defaults to
    /// 90 seconds.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.limits.idle = limit;
        self
    }

    /// Sets how long a client may read nothing of a response. Defaults to 10 seconds.
    pub fn stall_timeout(mut self, limit: Duration) -> Self {
        self.limits.stall = limit;
        self
    }

    /// Sets the time limit for a whole response, from the end of the request's head to the last byte.
    ///
    /// It ends a client that reads just enough to never stall. Defaults to 60 seconds.
    pub fn response_timeout(mut self, limit: Duration) -> Self {
        self.limits.response = limit;
        self
    }

    /// Sets the maximum size of the head of a request. A larger one is answered with 431.
    ///
    /// Defaults to 16 KiB.
    pub fn header_limit(mut self, bytes: usize) -> Self {
        self.limits.header_bytes = bytes;
        self
    }

    /// Serves HTTPS, with a certificate from files that are reloaded.
    ///
    /// TLS 1.2 and 1.3 are supported, with HTTP/1.1. The files are read here, and again after each
    /// [`reload_interval`](TlsFiles::reload_interval). New connections use the new certificate. An
    /// open connection is closed after its next response. If the new files cannot be used, the
    /// previous certificate stays in use and the error is counted. `/healthz` and `/readyz` are served
    /// over HTTPS too: a kubelet's probes with `scheme: HTTPS` do not verify the certificate. Plain
    /// HTTP is answered with 400.
    ///
    /// No file is read if the endpoint does not listen.
    ///
    /// # Errors
    ///
    /// Returns a [`TlsError`] if the files cannot be used.
    #[cfg(feature = "tls")]
    pub fn tls(self, files: TlsFiles) -> Result<Self, TlsError> {
        if self.listener.is_none() {
            return Ok(self);
        }
        let totals = Arc::clone(self.service.totals());
        let transport = Transport::new(Tls::new(files, totals)?);
        Ok(Self { transport, ..self })
    }

    /// Serves requests forever.
    ///
    /// A connection that fails, or reaches its time limit, affects no other. If the system refuses
    /// connections because there are no more file descriptors, the connection that has waited longest
    /// for a request is closed. If none waits, accepting is retried every tenth of a second.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listener and aborts scrapes in progress.
    pub async fn serve(self) {
        self.serve_until(std::future::pending::<()>()).await;
    }

    /// Serves requests until `shutdown` is ready, whatever its output.
    ///
    /// Then closes the listener, and completes the scrapes in progress within 10 seconds.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listener and aborts scrapes in progress.
    pub async fn serve_until<F: Future>(self, shutdown: F) {
        let Some(listener) = self.listener else {
            shutdown.await;
            return;
        };
        let graceful = GracefulShutdown::new();
        let service = self.service.erase();
        let mut connections = Connections::default();
        let mut shutdown = pin!(shutdown);
        let mut watching = pin!(self.transport.watch());
        loop {
            tokio::select! {
                // In this order, so that a flood of connections delays neither shutdown nor cleanup.
                biased;
                _ = &mut shutdown => break,
                () = connections.ended() => {}
                () = &mut watching => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let deadline = ConnectionDeadline::new(self.limits);
                        let connection = connect(
                            stream,
                            self.transport.clone(),
                            service.clone(),
                            self.limits,
                            deadline.clone(),
                            &graceful,
                        );
                        connections.add(connection, deadline);
                    }
                    Err(error) if concerns_one_connection(&error) => {}
                    // Most likely there are no more file descriptors.
                    Err(_) => if !connections.make_room().await { sleep(ACCEPT_PAUSE).await },
                },
            }
        }
        drop(listener);
        connections.end_handshakes();
        // Connections that are still open after that are closed.
        let _ = timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await;
    }
}

/// Returns whether the client closed its connection before it was accepted.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
