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

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::admission::Origin;
#[cfg(feature = "auth")]
use crate::auth::KubernetesAuth;
use crate::bind::{BindAddress, BindError};
use crate::connection::connect;
use crate::connections::Connections;
use crate::deadline::ConnectionDeadline;
use crate::exposition::Exposition;
use crate::limits::{LimitError, Limits, nonzero};
use crate::path::PathError;
use crate::service::{AnyService, EndpointService};
#[cfg(feature = "tls")]
use crate::tls::{Tls, TlsError, TlsFiles};
use crate::transport::Transport;

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
    ///
    /// # Errors
    ///
    /// Returns a [`LimitError`] for zero.
    pub fn header_timeout(mut self, limit: Duration) -> Result<Self, LimitError> {
        self.limits.header = nonzero("header_timeout", limit)?;
        Ok(self)
    }

    /// Sets how long a connection may wait for its next request.
    ///
    /// If it is shorter than the scrape interval, every scrape needs a new connection. Defaults to
    /// 90 seconds.
    ///
    /// # Errors
    ///
    /// Returns a [`LimitError`] for zero.
    pub fn idle_timeout(mut self, limit: Duration) -> Result<Self, LimitError> {
        self.limits.idle = nonzero("idle_timeout", limit)?;
        Ok(self)
    }

    /// Sets how long a client may read nothing of a response. Defaults to 10 seconds.
    ///
    /// # Errors
    ///
    /// Returns a [`LimitError`] for zero.
    pub fn stall_timeout(mut self, limit: Duration) -> Result<Self, LimitError> {
        self.limits.stall = nonzero("stall_timeout", limit)?;
        Ok(self)
    }

    /// Sets the time limit for a whole response, from the end of the request's head to the last byte.
    ///
    /// It ends a client that reads just enough to never stall. Defaults to 60 seconds.
    ///
    /// # Errors
    ///
    /// Returns a [`LimitError`] for zero.
    pub fn response_timeout(mut self, limit: Duration) -> Result<Self, LimitError> {
        self.limits.response = nonzero("response_timeout", limit)?;
        Ok(self)
    }

    /// Sets the maximum size of the head of a request. A larger one is answered with 431.
    ///
    /// Defaults to 16 KiB.
    ///
    /// # Errors
    ///
    /// Returns a [`LimitError`] for 0.
    pub fn header_limit(mut self, bytes: usize) -> Result<Self, LimitError> {
        self.limits.header_bytes = nonzero("header_limit", bytes)?;
        Ok(self)
    }

    /// Sets the maximum number of connections.
    ///
    /// At the limit, the connection with the least progress is closed for a new one: first those whose
    /// client is gone, then those that wait for a request, for a place or for their client, then fresh
    /// ones, and responses that are being read last. Among equals, it is one of the address that has
    /// most connections. Defaults to 512, or half of the file descriptors of this process if that is less.
    ///
    /// # Errors
    ///
    /// Returns a [`LimitError`] for 0.
    pub fn connection_limit(mut self, connections: usize) -> Result<Self, LimitError> {
        self.limits.connections = Some(nonzero("connection_limit", connections)?);
        Ok(self)
    }

    /// Sets how long scrapes in progress may take after a shutdown.
    ///
    /// Defaults to 10 seconds.
    ///
    /// # Errors
    ///
    /// Returns a [`LimitError`] for zero.
    pub fn shutdown_timeout(mut self, limit: Duration) -> Result<Self, LimitError> {
        self.limits.shutdown = nonzero("shutdown_timeout", limit)?;
        Ok(self)
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
    /// A connection that fails, or reaches its time limit, affects no other. If the system has no more
    /// file descriptors, the connection with the least progress is closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listener and aborts scrapes in progress.
    pub async fn serve(self) {
        self.serve_until(std::future::pending::<()>()).await;
    }

    /// Serves requests until `shutdown` is ready, whatever its output.
    ///
    /// Then closes the listener, and completes the scrapes in progress within
    /// [`shutdown_timeout`](Self::shutdown_timeout). Clients that had connected before have another
    /// second to send their request.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listener and aborts scrapes in progress.
    pub async fn serve_until<F: Future>(self, shutdown: F) {
        let Some(listener) = self.listener else {
            shutdown.await;
            return;
        };
        let acceptor = Acceptor {
            transport: self.transport.clone(),
            service: self.service.erase(),
            limits: self.limits,
        };
        let mut connections = Connections::new(self.limits.connections);
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
                    Ok((stream, address)) => {
                        connections.wait_for_room().await;
                        acceptor.add(&mut connections, stream, address);
                    }
                    Err(error) if concerns_one_connection(&error) => {}
                    // Most likely there are no more file descriptors.
                    Err(_) => if !connections.make_room().await { sleep(ACCEPT_PAUSE).await },
                },
            }
        }
        acceptor.accept_waiting(&mut connections, listener);
        connections.drain(self.limits.shutdown).await;
    }
}

/// Makes connections of accepted streams.
struct Acceptor {
    transport: Transport,
    service: AnyService,
    limits: Limits,
}

impl Acceptor {
    fn add(&self, connections: &mut Connections, stream: TcpStream, address: SocketAddr) {
        let deadline = ConnectionDeadline::new(self.limits);
        let connection = connect(
            stream,
            address,
            self.transport.clone(),
            self.service.clone(),
            self.limits,
            deadline.clone(),
        );
        connections.add(connection, deadline, Origin::address(address.ip()));
    }

    /// Accepts the connections in the kernel's queue, and closes the listener.
    ///
    /// Closing it first would reset them, although they may have sent their request.
    fn accept_waiting(&self, connections: &mut Connections, listener: TcpListener) {
        // tokio's listener may not know yet that there are some.
        let Ok(listener) = listener.into_std() else {
            return;
        };
        while let Ok((stream, address)) = listener.accept() {
            if stream.set_nonblocking(true).is_ok()
                && let Ok(stream) = TcpStream::from_std(stream)
            {
                self.add(connections, stream, address);
            }
        }
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
