//! What TLS costs a scrape: the same over plain HTTP and over TLS, in turns.
//!
//! Client and server are one process, so each figure has both ends in it.

#[expect(dead_code, reason = "the tests need more of it")]
mod certificates;
#[expect(dead_code, reason = "the tests need more of it")]
mod client;
#[expect(dead_code, reason = "the tests need more of it")]
mod running;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::certificates::{Authority, Secret};
use crate::client::{Client, Connection};
use crate::running::{Running, bind, files, recorder};

const GZIP: &str = "Accept-Encoding: gzip\r\n";
const CLOSE: &str = "Connection: close\r\n";
/// Each is the median of so many.
const TURNS: usize = 31;

#[tokio::main]
async fn main() {
    let once = std::env::args().any(|argument| argument == "--test");
    let turns = if once { 1 } else { TURNS };
    for objects in [100, 10_000] {
        let recorder = recorder(objects);
        let authority = Authority::new();
        let secret = Secret::of(&authority.issue());
        let files = files(&secret).reload_interval(Duration::MAX);
        let plain = Running::serve(bind(&recorder).await);
        let secure = Running::serve(bind(&recorder).await.tls(files).unwrap());
        let client = Client::of(&[&authority]).speaking(&TLS13);
        let (http, https) = (plain.address, secure.address);

        println!("{objects} objects, {TURNS} turns");
        for (what, headers) in [("gzip", GZIP), ("not compressed", "")] {
            let mut plain = Connection::new(TcpStream::connect(http).await.unwrap());
            let mut secure = client.connect(https).await.unwrap();
            let mut times = Times::default();
            for _ in 0..turns {
                times.add(
                    kept(&mut plain, headers).await,
                    kept(&mut secure, headers).await,
                );
            }
            times.print(&format!("a connection that is kept, {what}"));
        }
        for (what, client) in [
            ("TLS 1.3", client.clone()),
            ("TLS 1.2", client.clone().speaking(&TLS12)),
        ] {
            let mut times = Times::default();
            for _ in 0..turns {
                let plain = new(http).await;
                times.add(plain, new_secure(&client, https).await);
            }
            times.print(&format!("a new connection, gzip, {what}"));
        }
        plain.stop().await;
        secure.stop().await;
    }
}

async fn kept<S>(connection: &mut Connection<S>, headers: &str) -> Duration
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let start = Instant::now();
    let answer = connection.get("/metrics", headers).await.unwrap();
    assert_eq!(answer.status, 200);
    start.elapsed()
}

async fn new(address: SocketAddr) -> Duration {
    let start = Instant::now();
    let stream = TcpStream::connect(address).await.unwrap();
    kept(&mut Connection::new(stream), &format!("{GZIP}{CLOSE}")).await;
    start.elapsed()
}

/// Without a session to resume: each has its handshake in full.
async fn new_secure(client: &Client, address: SocketAddr) -> Duration {
    let start = Instant::now();
    let mut connection = client.connect(address).await.unwrap();
    kept(&mut connection, &format!("{GZIP}{CLOSE}")).await;
    start.elapsed()
}

#[derive(Default)]
struct Times {
    plain: Vec<Duration>,
    secure: Vec<Duration>,
}

impl Times {
    fn add(&mut self, plain: Duration, secure: Duration) {
        self.plain.push(plain);
        self.secure.push(secure);
    }

    fn print(mut self, what: &str) {
        let median = |times: &mut Vec<Duration>| {
            times.sort_unstable();
            times[times.len() / 2].as_secs_f64() * 1e3
        };
        let (plain, secure) = (median(&mut self.plain), median(&mut self.secure));
        let ratio = secure / plain;
        println!("  {what:<44} {plain:8.2} ms  {secure:8.2} ms  x {ratio:.2}");
    }
}
