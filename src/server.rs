//! Feature `server`: the exposition over HTTP.
//!
//! The only module that names an HTTP type. Knows the recorder and its exposition, nothing below.

mod bind;
mod patience;
mod respond;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub use self::bind::{BindAddress, BindError};
use self::patience::Patience;
use self::respond::Responder;

use crate::recorder::Recorder;

/// How long a connection may take to send a request's header, the wait for the next scrape included.
///
/// hyper has one timer for both. As in controller-runtime an idle connection outlives the usual
/// scrape intervals, so that a scraper need not connect anew each time.
const HEADER_TIMEOUT: Duration = Duration::from_secs(90);
/// How long scrapes in progress may take once the server is told to end.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// After a failed accept, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves a recorder's exposition at `GET /metrics`, over HTTP/1.1.
///
/// Answers in text 0.0.4 whatever the scraper accepts, as Go's promhttp does by default; see
/// [`openmetrics`](Self::openmetrics). The body is streamed in chunks of about 64 KiB, so a scrape
/// needs little memory however many objects there are. Sorting objects that came or went runs on a
/// blocking thread. Nothing is encrypted and nobody is asked who they are.
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
    listener: TcpListener,
    local_addr: SocketAddr,
    responder: Responder,
}

impl MetricsServer {
    /// Binds the address; connections wait until [`serve`](Self::serve).
    ///
    /// A bare port listens on all addresses, IPv6 and IPv4 where the system can do both on one
    /// socket, otherwise IPv4. Port 0 lets the system choose; see [`local_addr`](Self::local_addr).
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
            responder: Responder::new(recorder),
        })
    }

    /// The address that was bound, with the port that the system chose.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Whether a scraper that prefers OpenMetrics gets it.
    ///
    /// Prometheus 2 prefers it, and stores its `le="1.0"` as another series than the `le="1"` of
    /// text 0.0.4, which is why Go's promhttp leaves it off. Defaults to false.
    pub fn openmetrics(mut self, enabled: bool) -> Self {
        self.responder.openmetrics(enabled);
        self
    }

    /// Answers scrapes for ever.
    ///
    /// A connection that fails ends alone, and so does one whose peer reads nothing for half a minute.
    /// If the system refuses connections, say for want of file descriptors, it is asked again every
    /// tenth of a second.
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
        let Self {
            listener,
            responder,
            ..
        } = self;
        let graceful = GracefulShutdown::new();
        // Aborts them all when it is dropped.
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                // However many want to connect, the end comes and those that left are cleared away.
                biased;
                _ = &mut shutdown => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let connection = connect(stream, responder.clone(), &graceful);
                        connections.spawn(connection);
                    }
                    Err(error) if concerns_one_connection(&error) => {}
                    Err(_) => sleep(ACCEPT_PAUSE).await,
                },
            }
        }
        drop(listener);
        // Whatever is still open after that is cut off.
        let _ = timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await;
    }
}

/// The future of one connection, known to `graceful`.
fn connect(
    stream: TcpStream,
    responder: Responder,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + 'static + use<> {
    let service = service_fn(move |request| {
        let responder = responder.clone();
        async move { Ok::<_, Infallible>(responder.respond(&request).await) }
    });
    // As Go has it. Otherwise the end of a long answer waits for the peer to acknowledge the rest,
    // which it may put off by 40 ms. A socket without the option works too.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(Patience::new(stream), service);
    let watched = graceful.watch(connection);
    async move {
        // A scraper that hung up is no news.
        let _ = watched.await;
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
