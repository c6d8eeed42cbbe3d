//! What a client gets that takes its time.
//!
//! The server's time is paused and jumps ahead whenever it has nothing to do, unless a blocking task
//! runs. The clients are threads on real time, and what they send waits for the server before it
//! starts, or they are blocking tasks: what the server has not received yet cannot time out.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use gotk_metrics::{Format, MetricsServer, Recorder};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::certificates::{Authority, Secret};
use crate::client::{Client, LONG};
use crate::running::{Running, bind, files, recorder};
use crate::trickle::{self, trickle};

const HEADER: Duration = Duration::from_secs(10);
const STALL: Duration = Duration::from_secs(10);
const SCRAPE: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n";

/// A client that waits on its own thread.
type Stream = StreamOwned<ClientConnection, TcpStream>;

async fn server(recorder: &Recorder) -> (MetricsServer, Arc<ClientConfig>, Secret) {
    secured(bind(recorder).await)
}

/// With files that are not read again, so that time has no reason to go on but limits.
fn secured(server: MetricsServer) -> (MetricsServer, Arc<ClientConfig>, Secret) {
    let authority = Authority::new();
    let secret = Secret::of(&authority.issue());
    let files = files(&secret).reload_interval(Duration::MAX);
    let server = server.tls(files).unwrap();
    (server, Arc::new(Client::of(&[&authority]).config()), secret)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

/// With the handshake done.
fn secure(config: Arc<ClientConfig>, socket: TcpStream) -> Stream {
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(config, name).unwrap();
    let mut stream = StreamOwned::new(session, socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).unwrap();
    }
    stream
}

/// Reads all that comes, until the connection ends in whatever way.
#[track_caller]
fn drain(mut stream: impl io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        use io::ErrorKind::{TimedOut, WouldBlock};
        assert!(
            !matches!(error.kind(), TimedOut | WouldBlock),
            "it is still open"
        );
    }
    bytes
}

async fn drained(stream: impl io::Read + Send + 'static) -> Vec<u8> {
    spawn_blocking(move || drain(stream)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_end_is_cut_off() {
    for begin in [
        &b""[..],
        b"\x16",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let (server, _, _secret) = server(&recorder(1)).await;
        let mut client = connect(server.local_addr());
        client.write_all(begin).unwrap();
        let server = Running::serve(server);
        sleep(HEADER * 9 / 10).await;
        client.set_nonblocking(true).unwrap();
        let error = client.read(&mut [0]).expect_err("it is still open");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        client.set_nonblocking(false).unwrap();
        sleep(HEADER * 2 / 10).await;
        assert_eq!(drained(client).await, b"");
        server.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_trickles_is_cut_off() {
    let (server, _, _secret) = server(&recorder(1)).await;
    let client = connect(server.local_addr());
    let server = Running::serve(server.header_timeout(Duration::from_secs(20)).unwrap());
    for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01" {
        // It may be closed already.
        let _ = (&client).write(&[*byte]);
        sleep(Duration::from_secs(3)).await;
    }
    assert_eq!(drained(client).await, b"");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_handshake_takes_from_the_time_for_the_first_head() {
    let (server, config, _secret) = server(&recorder(1)).await;
    let client = connect(server.local_addr());
    let server = Running::serve(server);
    sleep(HEADER * 6 / 10).await;
    let client = spawn_blocking(move || secure(config, client))
        .await
        .unwrap();
    sleep(HEADER * 5 / 10).await;
    // Otherwise this would wait for a minute, and find an answer.
    let answer = spawn_blocking(move || {
        let mut client = client;
        let _ = client.write_all(SCRAPE);
        drain(client)
    });
    assert_eq!(answer.await.unwrap(), b"");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_speaks_plain_http_and_stays_is_cut_off() {
    let (server, _, _secret) = server(&recorder(1)).await;
    let client = connect(server.local_addr());
    (&client).write_all(b"GET ").unwrap();
    let server = Running::serve(server);
    let reader = client.try_clone().unwrap();
    let answer = drained(reader).await;
    assert!(answer.starts_with(b"HTTP/1.0 400 "));
    sleep(HEADER * 2).await;
    // The first is answered with a reset, of which the second hears.
    let write = spawn_blocking(move || {
        let _ = (&client).write_all(b"/");
        let read = drain(&client);
        assert_eq!(read, b"");
        (0..100).find_map(|_| (&client).write_all(b"/").err())
    });
    assert!(write.await.unwrap().is_some(), "the server still listens");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_cut_off() {
    let recorder = recorder(12_000);
    let whole = recorder.encode(Format::Text).len();
    let (server, config, _secret) = server(&recorder).await;
    let client = connect(server.local_addr());
    let server = Running::serve(server);
    let begun = spawn_blocking(move || {
        let mut client = secure(config, client);
        client.write_all(SCRAPE).unwrap();
        client.read_exact(&mut [0; 1]).unwrap();
        client
    });
    let client = begun.await.unwrap();
    // Far less than the wait for the next request, or the limit of a whole answer.
    sleep(STALL * 2).await;
    let answer = drained(client).await;
    assert!(answer.len() < whole, "{} of {whole}", answer.len());
    assert!(!answer.ends_with(b"\r\n0\r\n\r\n"));
    assert_aborted(&recorder);
    server.stop().await;
}

#[track_caller]
fn assert_aborted(recorder: &Recorder) {
    let text = recorder.encode(Format::Text);
    assert!(
        text.contains("gotkmetrics_scrapes_aborted_total 1\n"),
        "none is aborted"
    );
    assert!(
        text.contains("gotkmetrics_scrapes_in_flight 0\n"),
        "one is in flight"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_trickles_is_cut_off() {
    let recorder = recorder(4_000);
    let server = MetricsServer::bind(recorder.clone(), trickle::listen()).await;
    let (server, config, _secret) = secured(server.unwrap());
    let client = trickle::connect(server.local_addr());
    let server = Running::serve(server);
    let begun = spawn_blocking(move || {
        let mut client = secure(config, client);
        client.write_all(SCRAPE).unwrap();
        client
    });
    let took = trickle(begun.await.unwrap()).await;
    let limits = Duration::from_secs(60)..Duration::from_secs(70);
    assert!(limits.contains(&took), "cut off after {took:?}");
    assert_aborted(&recorder);
    server.stop().await;
}

/// Reads one answer, whose length it says itself.
fn scrape(client: &mut Stream) {
    client.write_all(SCRAPE).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.split("content-length: ").nth(1).unwrap();
    let length = length.split("\r\n").next().unwrap().parse().unwrap();
    client.read_exact(&mut vec![0; length]).unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_waits_for_the_next_scrape_and_not_for_ever() {
    let (server, config, _secret) = server(&recorder(1)).await;
    let client = connect(server.local_addr());
    let server = Running::serve(server);
    let client = spawn_blocking(move || secure(config, client));
    let mut client = client.await.unwrap();
    for _ in 0..3 {
        let scraped = spawn_blocking(move || {
            scrape(&mut client);
            client
        });
        client = scraped.await.unwrap();
        // A scrape interval as long as they usually get.
        sleep(Duration::from_secs(60)).await;
    }
    sleep(Duration::from_secs(31)).await;
    assert_eq!(drained(client).await, b"");
    server.stop().await;
}
