//! A server that runs, and how to end it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gotk_metrics::{ConditionStatus, ConditionType, MetricsServer, ObjectId};
use gotk_metrics::{Recorder, TlsFiles};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::certificates::Secret;
use crate::client::LONG;

/// Often, so that a test need not wait for it.
const INTERVAL: Duration = Duration::from_millis(5);

/// A free port of the loopback interface.
pub(crate) fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

pub(crate) fn recorder(objects: usize) -> Recorder {
    let recorder = Recorder::new();
    for number in 0..objects {
        let id = ObjectId::new("App", format!("app-{number:05}")).within("team");
        recorder.record_condition(&id, &ConditionType::READY, ConditionStatus::True);
        recorder.start(&id).succeed();
    }
    recorder
}

/// The pair of the folder.
pub(crate) fn files(secret: &Secret) -> TlsFiles {
    TlsFiles::new(secret.path("tls.crt"), secret.path("tls.key")).reload_interval(INTERVAL)
}

pub(crate) async fn bind(recorder: &Recorder) -> MetricsServer {
    let server = MetricsServer::bind(recorder.clone(), any_port()).await;
    server.unwrap()
}

#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start(recorder: &Recorder, files: TlsFiles) -> Self {
        Self::serve(bind(recorder).await.tls(files).unwrap())
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

    /// Signals the end; what it returns is ready when the server is.
    pub(crate) fn signal(self) -> JoinHandle<()> {
        self.stop.send(()).expect("the server runs");
        self.serving
    }

    pub(crate) async fn stop(self) {
        ended(self.signal()).await;
    }
}

pub(crate) async fn ended(serving: JoinHandle<()>) {
    let ended = timeout(LONG, serving).await;
    ended.expect("the server ends").unwrap();
}
