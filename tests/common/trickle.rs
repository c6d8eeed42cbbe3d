//! A client that reads, but slowly, on a connection whose buffers hold little: what it has not read
//! is soon what the server cannot write.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

/// Holds up no test for ever.
const LONG: Duration = Duration::from_secs(60);

fn narrow() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_send_buffer_size(1 << 16).unwrap();
    socket.set_recv_buffer_size(1 << 16).unwrap();
    socket
}

pub(crate) fn listen() -> TcpListener {
    let listener = narrow();
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    listener.bind(&any_port.into()).unwrap();
    listener.listen(1).unwrap();
    listener.set_nonblocking(true).unwrap();
    TcpListener::from_std(listener.into()).unwrap()
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let client = narrow();
    client.connect(&address.into()).unwrap();
    let client = TcpStream::from(client);
    client.set_read_timeout(Some(LONG)).unwrap();
    client
}

/// Reads a part of the answer every five seconds, which is less than a stall, and says after how
/// long, on the server's time, there was no more.
pub(crate) async fn trickle(mut client: impl Read + Send + 'static) -> Duration {
    let start = Instant::now();
    loop {
        // Enough for the server to make progress, and far from all that there is.
        let read = spawn_blocking(move || {
            let read = client.read_exact(&mut vec![0; 1 << 18]);
            (client, read.is_ok())
        });
        let (read, more) = read.await.unwrap();
        client = read;
        if !more {
            return start.elapsed();
        }
        sleep(Duration::from_secs(5)).await;
    }
}
