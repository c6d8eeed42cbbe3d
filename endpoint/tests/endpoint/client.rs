//! The smallest client of HTTP/1.1, and an endpoint that it talks to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use metrics_endpoint::{Endpoint, Exposition};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);
pub(crate) const ATTACKER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Another address of the loopback interface.
pub(crate) const HONEST: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

pub(crate) const SCRAPE: &str = "GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
pub(crate) const PROBE: &str = "GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

pub(crate) fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// A connection from `address` that has sent `request`.
///
/// Its receive buffer is small, so that a client that reads nothing stalls soon.
pub(crate) async fn send(server: SocketAddr, address: IpAddr, request: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1 << 14).unwrap();
    socket.bind(SocketAddr::new(address, 0)).unwrap();
    let mut stream = timeout(LONG, socket.connect(server))
        .await
        .unwrap()
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Reads to the end of the stream, however it ends.
pub(crate) async fn drain(mut stream: TcpStream) -> String {
    let mut out = Vec::new();
    // A reset ends it as well.
    let _ = timeout(LONG, stream.read_to_end(&mut out)).await.unwrap();
    String::from_utf8(out).unwrap()
}

/// The whole response to a request on a connection of its own.
pub(crate) async fn request(server: SocketAddr, address: IpAddr, request: &str) -> String {
    drain(send(server, address, request).await).await
}

#[track_caller]
pub(crate) fn assert_status(response: &str, status: u16) {
    let line = response.lines().next().unwrap_or_default();
    assert!(
        line.starts_with(&format!("HTTP/1.1 {status} ")),
        "{line:?} is not {status}"
    );
}

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start<X: Exposition>(exposition: X) -> Self {
        Self::serve(Endpoint::bind(exposition, any_port()).await.unwrap())
    }

    pub(crate) fn serve<X: Exposition>(endpoint: Endpoint<X>) -> Self {
        let address = endpoint.local_addr();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(endpoint.serve_until(stopped));
        Self {
            address,
            stop,
            serving,
        }
    }

    pub(crate) fn signal(self) -> JoinHandle<()> {
        self.stop.send(()).unwrap();
        self.serving
    }

    pub(crate) async fn stop(self) {
        timeout(LONG, self.signal()).await.unwrap().unwrap();
    }
}
