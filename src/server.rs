//! Feature `server`: the exposition over HTTP.
//!
//! The only module that names an HTTP type. Knows the recorder and its exposition, nothing below.

#[cfg(feature = "auth")]
mod auth;
mod bind;
mod body;
mod connection;
mod crowd;
mod encoding;
mod gzip;
mod limits;
mod path;
mod progress;
mod query;
mod scrape;
mod security;
mod service;
mod socket;
#[cfg(feature = "tls")]
mod tls;
mod wire;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

#[cfg(feature = "auth")]
pub use self::auth::{KubernetesAuth, Review, ReviewError};
pub use self::bind::{BindAddress, BindError};
pub use self::body::MetricsBody;
use self::connection::connect;
use self::crowd::Crowd;
use self::limits::Limits;
pub use self::path::PathError;
use self::progress::Progress;
use self::security::Security;
pub use self::service::MetricsService;
#[cfg(feature = "tls")]
use self::tls::Tls;
#[cfg(feature = "tls")]
pub use self::tls::{TlsError, TlsFiles};

use crate::recorder::Recorder;

/// How long scrapes in progress may take once the server is told to end.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// After a failed accept that no connection could make room for.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves a recorder's exposition at `GET /metrics`, over HTTP/1.1, with `/healthz` and `/readyz`.
///
/// What is answered to which request stands at [`MetricsService`]. Text 0.0.4 whatever the scraper
/// accepts, as Go's promhttp does by default; see [`openmetrics`](Self::openmetrics). The body is
/// streamed in chunks of about 64 KiB, so a scrape needs little memory however many objects there
/// are. Sorting objects that came or went runs on a blocking thread. Nothing is encrypted and
/// anybody may scrape, unless `tls` and `authorize`, behind features of their names (`auth` for the
/// second), say otherwise.
///
/// Every connection is under a time limit at every moment, and none waits for another: there is no
/// cap on connections that slow peers could use up.
///
/// Metrics of your own join the exposition through [`Recorder::append`].
///
/// # Examples
///
/// ```
/// use gotk_metrics::{MetricsServer, Recorder};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let recorder = Recorder::new();
/// # let port = 0;
/// let server = MetricsServer::bind(recorder.clone(), port).await?;
/// println!("metrics at http://{}/metrics", server.local_addr());
///
/// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
/// let serving = tokio::spawn(server.serve_until(async { drop(stopped.await) }));
/// // The controller runs here.
/// drop(stop);
/// serving.await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a server answers nobody until `serve`"]
pub struct MetricsServer {
    listener: Option<TcpListener>,
    local_addr: SocketAddr,
    service: MetricsService,
    limits: Limits,
    security: Security,
}

impl MetricsServer {
    /// Binds the address; connections wait until [`serve`](Self::serve).
    ///
    /// A bare port listens on all addresses, IPv6 and IPv4 where the system can do both on one
    /// socket, otherwise IPv4. Port 0 lets the system choose; see [`local_addr`](Self::local_addr).
    /// `None::<SocketAddr>` is a server that listens nowhere and answers nobody, for those who
    /// switch their metrics off.
    ///
    /// # Errors
    ///
    /// [`BindError`] if the address is in use, not local or not permitted: before the first
    /// reconcile, where it can be seen.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O and time enabled, as `#[tokio::main]` has them.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{MetricsServer, Recorder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let taken = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    /// let server = MetricsServer::bind(Recorder::new(), taken).await?;
    ///
    /// let error = MetricsServer::bind(Recorder::new(), taken).await.unwrap_err();
    /// assert_eq!(error.to_string(), format!("bind metrics server to {taken}"));
    /// # drop(server);
    /// # Ok(())
    /// # }
    /// ```
    #[expect(
        clippy::unused_async,
        reason = "needs a runtime, and leaves room to resolve names"
    )]
    pub async fn bind(
        recorder: Recorder,
        address: impl Into<BindAddress>,
    ) -> Result<Self, BindError> {
        let (listener, local_addr) = address.into().listen()?;
        Ok(Self {
            listener,
            local_addr,
            service: MetricsService::new(recorder),
            limits: Limits::default(),
            security: Security::default(),
        })
    }

    /// The address that was bound, with the port that the system chose.
    ///
    /// Of a server that listens nowhere it is `0.0.0.0:0`; no other has port 0.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Where the exposition is. Defaults to `/metrics`.
    ///
    /// # Errors
    ///
    /// [`PathError`] if no request could have this path, or it is that of a probe.
    pub fn path(self, path: impl Into<String>) -> Result<Self, PathError> {
        let service = self.service.path(path)?;
        Ok(Self { service, ..self })
    }

    /// Whether a scraper that prefers OpenMetrics gets it.
    ///
    /// Prometheus 2 prefers it, and stores its `le="1.0"` as another series than the `le="1"` of
    /// text 0.0.4, which is why Go's promhttp leaves it off. Defaults to false.
    pub fn openmetrics(mut self, enabled: bool) -> Self {
        self.service = self.service.openmetrics(enabled);
        self
    }

    /// Sets whether expositions are compressed for scrapers that accept gzip.
    ///
    /// See [`MetricsService::gzip`]. Defaults to true.
    pub fn gzip(mut self, enabled: bool) -> Self {
        self.service = self.service.gzip(enabled);
        self
    }

    /// What decides the answer of `/readyz`; a panic is a no.
    ///
    /// Called for each request and on its thread, so it must not block. Defaults to always ready.
    pub fn ready(mut self, ready: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.service = self.service.ready(ready);
        self
    }

    /// Lets only those scrape whom the cluster allows to; see [`KubernetesAuth`].
    ///
    /// Probes stay open. Defaults to everybody.
    #[cfg(feature = "auth")]
    pub fn authorize(mut self, auth: KubernetesAuth) -> Self {
        self.service = self.service.authorize(auth);
        self
    }

    /// How long the head of a request may take, from its first byte to its last.
    ///
    /// That of the first request on a connection counts from the connection on. Defaults to 10
    /// seconds.
    pub fn header_timeout(mut self, limit: Duration) -> Self {
        self.limits.header = limit;
        self
    }

    /// How long a connection may wait for the next request.
    ///
    /// Longer than the scrape interval, or every scrape connects anew. Defaults to 90 seconds.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.limits.idle = limit;
        self
    }

    /// How long a peer may take nothing of an answer. Defaults to 10 seconds.
    pub fn stall_timeout(mut self, limit: Duration) -> Self {
        self.limits.stall = limit;
        self
    }

    /// How long an answer may take in all, from the end of the request's head to the last byte.
    ///
    /// Reading a byte now and then is no stall: this is what ends it. Defaults to 60 seconds.
    pub fn response_timeout(mut self, limit: Duration) -> Self {
        self.limits.response = limit;
        self
    }

    /// How many bytes the head of a request may have; a larger one is answered with 431.
    ///
    /// Defaults to 16 KiB.
    pub fn header_limit(mut self, bytes: usize) -> Self {
        self.limits.header_bytes = bytes;
        self
    }

    /// Encrypts every connection, with a certificate from files that are read again and again.
    ///
    /// TLS 1.2 and 1.3, HTTP/1.1 within. The files are read here, and then every
    /// [`reload_interval`](TlsFiles::reload_interval) by the future that serves. New connections
    /// get what is in them; one that is open ends behind its next answer. What cannot be used
    /// changes nothing, and counts. `/healthz` and `/readyz` are encrypted too: the kubelet's
    /// probes with `scheme: HTTPS` check no certificate. Plain HTTP is answered with 400.
    ///
    /// The handshake is within [`header_timeout`](Self::header_timeout). Of a server that listens
    /// nowhere no file is read.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if the files cannot be used: before the first reconcile, where it can be seen.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{MetricsServer, Recorder, TlsFiles};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let port = 0;
    /// let server = MetricsServer::bind(Recorder::new(), port).await?;
    /// let files = TlsFiles::new("/not/mounted/tls.crt", "/not/mounted/tls.key");
    ///
    /// let error = server.tls(files).unwrap_err();
    /// assert_eq!(error.to_string(), "read `/not/mounted/tls.crt`");
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(self, files: TlsFiles) -> Result<Self, TlsError> {
        if self.listener.is_none() {
            return Ok(self);
        }
        let security = Security::new(Tls::new(files, self.service.recorder())?);
        Ok(Self { security, ..self })
    }

    /// Answers scrapes for ever.
    ///
    /// A connection that fails ends alone, and so does one whose time is up. If the system refuses
    /// connections, say for want of file descriptors, the one that has waited longest for a request
    /// of its peer makes room. If none waits, the system is asked again every tenth of a
    /// second.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listener and cuts off scrapes in progress.
    pub async fn serve(self) {
        self.serve_until(std::future::pending::<()>()).await;
    }

    /// Answers scrapes until `shutdown` is ready, whatever it returns.
    ///
    /// Then closes the listener and answers the scrapes in progress, for ten seconds at most.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listener and cuts off scrapes in progress.
    pub async fn serve_until<F: Future>(self, shutdown: F) {
        let Some(listener) = self.listener else {
            shutdown.await;
            return;
        };
        let graceful = GracefulShutdown::new();
        let mut crowd = Crowd::default();
        let mut shutdown = pin!(shutdown);
        let mut watching = pin!(self.security.watch());
        loop {
            tokio::select! {
                // However many want to connect, the end comes and those that left are cleared away.
                biased;
                _ = &mut shutdown => break,
                () = crowd.ended() => {}
                () = &mut watching => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let progress = Progress::new(self.limits);
                        let connection = connect(
                            stream,
                            self.security.clone(),
                            self.service.clone(),
                            self.limits,
                            progress.clone(),
                            &graceful,
                        );
                        crowd.add(connection, progress);
                    }
                    Err(error) if concerns_one_connection(&error) => {}
                    // Most likely for want of file descriptors.
                    Err(_) => if !crowd.make_room().await { sleep(ACCEPT_PAUSE).await },
                },
            }
        }
        drop(listener);
        crowd.end_handshakes();
        // Whatever is still open after that is cut off.
        let _ = timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await;
    }
}

/// The peer gave up between connecting and being accepted.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
