//! A server that runs, and how to end it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use gotk_metrics::{ConditionStatus, ConditionType, Family, MetricsServer, ObjectId};
use gotk_metrics::{ManualClock, Recorder, RecorderBuilder};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;

use crate::http::{Connection, LONG, Response};

/// A free port of the loopback interface.
pub(crate) fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// What the server says about its own scrapes.
pub(crate) const OF_SCRAPES: [Family; 5] = [
    Family::ScrapeBytes,
    Family::ScrapeDuration,
    Family::ScrapesAborted,
    Family::ScrapesInFlight,
    Family::ScrapesTotal,
];

/// A recorder that says the same at each scrape.
pub(crate) fn recorder(objects: usize) -> Recorder {
    filled(builder(), objects)
}

pub(crate) fn builder() -> RecorderBuilder {
    let clock = ManualClock::new();
    let builder = Recorder::builder().clock(move || clock.now());
    OF_SCRAPES
        .into_iter()
        .fold(builder, RecorderBuilder::without)
}

pub(crate) fn filled(builder: RecorderBuilder, objects: usize) -> Recorder {
    let recorder = builder.build().unwrap();
    for number in 0..objects {
        let id = ObjectId::new("App", format!("app-{number:05}")).within("team");
        recorder.record_condition(&id, &ConditionType::READY, ConditionStatus::True);
        recorder.start(&id).succeed();
    }
    recorder
}

#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start(recorder: &Recorder) -> Self {
        Self::serve(
            MetricsServer::bind(recorder.clone(), any_port())
                .await
                .unwrap(),
        )
    }

    pub(crate) async fn start_with_openmetrics(recorder: &Recorder) -> Self {
        let server = MetricsServer::bind(recorder.clone(), any_port())
            .await
            .unwrap();
        Self::serve(server.openmetrics(true))
    }

    pub(crate) fn serve(server: MetricsServer) -> Self {
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.serve_until(stopped));
        Self {
            address,
            stop,
            serving,
        }
    }

    /// One request on a connection of its own.
    pub(crate) async fn request(&self, method: &str, target: &str, headers: &str) -> Response {
        let mut connection = Connection::open(self.address).await;
        connection.request(method, target, headers).await
    }

    pub(crate) async fn scrape(&self) -> Response {
        self.request("GET", "/metrics", "").await
    }

    /// Signals the end; what it returns is ready when the server is.
    pub(crate) fn signal(self) -> JoinHandle<()> {
        self.stop.send(()).expect("the server runs");
        self.serving
    }

    /// Ends the server, which is expected to have nothing left to do.
    pub(crate) async fn stop(self) {
        let address = self.address;
        ended(self.signal()).await;
        assert_refused(address).await;
    }

    /// Drops the future that serves.
    pub(crate) async fn kill(self) {
        self.serving.abort();
        let ended = timeout(LONG, self.serving)
            .await
            .expect("an abort ends a task");
        assert!(ended.unwrap_err().is_cancelled());
    }
}

pub(crate) async fn ended(serving: JoinHandle<()>) {
    let ended = timeout(LONG, serving).await;
    ended.expect("the server ends").unwrap();
}

/// That nobody listens any more.
pub(crate) async fn assert_refused(address: SocketAddr) {
    let error = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

/// Waits until nobody listens any more.
pub(crate) async fn refused(address: SocketAddr) {
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            yield_now().await;
        }
    };
    timeout(LONG, refused).await.expect("the listener closes");
    assert_refused(address).await;
}
