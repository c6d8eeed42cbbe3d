//! What a client gets that takes its time.
//!
//! The server's time is paused and jumps ahead whenever it has nothing to do, unless a blocking task
//! runs. The clients are threads on real time, and what they send waits for the server before it
//! starts, or they are blocking tasks: what the server has not received yet cannot time out.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use gotk_metrics::{Format, MetricsServer};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::http::LONG;
use crate::running::{Running, any_port, ended, recorder};
use crate::trickle::{self, trickle};

const SCRAPE: &str = "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n";

/// Sends `request` to a server that does not serve yet.
fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// Until the first byte of the answer is there. In a thread, which does not hold the time as a
/// blocking task would.
async fn has_begun(client: &TcpStream) {
    let (done, begun) = oneshot::channel();
    let mut reader = client.try_clone().unwrap();
    thread::spawn(move || {
        let read = reader.read(&mut [0; 1]);
        let _ = done.send(read);
    });
    assert_eq!(begun.await.unwrap().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_header_that_does_not_end_is_cut_off() {
    let server = MetricsServer::bind(recorder(1), any_port()).await.unwrap();
    let mut client = send(server.local_addr(), "GET /metrics HTTP/1.1\r\nHos");
    let server = Running::serve(server);
    let (done, cut_off) = oneshot::channel();
    thread::spawn(move || {
        let mut answer = Vec::new();
        let read = client.read_to_end(&mut answer);
        // If the test is over already, it has failed already.
        let _ = done.send(read.map(|_| answer));
    });
    let answer = String::from_utf8(cut_off.await.unwrap().unwrap()).unwrap();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408 "),
        "{answer}"
    );
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_header_that_trickles_is_cut_off() {
    let server = MetricsServer::bind(recorder(1), any_port()).await.unwrap();
    let client = send(server.local_addr(), "GET /metrics HTTP/1.1\r\nA: ");
    let server = Running::serve(server);
    // Each byte comes long before the time is up.
    for _ in 0..6 {
        sleep(Duration::from_secs(3)).await;
        // It may be closed already.
        let _ = (&client).write(b"a");
    }
    assert_closed_with(client, "").await;
    server.stop().await;
}

/// Reads what there is until the connection ends, and does not wait long for it.
async fn assert_closed_with(mut client: TcpStream, expected: &str) {
    let answer = spawn_blocking(move || {
        let mut answer = Vec::new();
        // A reset ends it as well.
        let _ = client.read_to_end(&mut answer);
        answer
    });
    let answer = answer.await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), expected);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_in_the_end() {
    let server = MetricsServer::bind(recorder(0), any_port()).await.unwrap();
    let client = send(server.local_addr(), "");
    let server = server.idle_timeout(Duration::from_secs(30)).unwrap();
    let server = Running::serve(server);
    let scrape = spawn_blocking(move || {
        (&client).write_all(SCRAPE.as_bytes()).unwrap();
        let mut answer = [0; 12];
        (&client).read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        while answer.last() != Some(&b'\n') || answer.get(8..) != Some(b"\r\n\r\n") {
            answer.rotate_left(1);
            (&client).read_exact(&mut answer[11..]).unwrap();
        }
        client
    });
    let client = scrape.await.unwrap();
    sleep(Duration::from_secs(31)).await;
    assert_closed_with(client, "").await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_trickles_is_cut_off() {
    let server = MetricsServer::bind(recorder(4_000), trickle::listen()).await;
    let server = server.unwrap();
    let mut client = trickle::connect(server.local_addr());
    client.write_all(SCRAPE.as_bytes()).unwrap();
    let server = Running::serve(server);
    let took = trickle(client).await;
    let limits = Duration::from_secs(60)..Duration::from_secs(70);
    assert!(limits.contains(&took), "cut off after {took:?}");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_cannot_hold_up_the_end() {
    let server = MetricsServer::bind(recorder(12_000), any_port())
        .await
        .unwrap();
    let address = server.local_addr();
    let client = send(address, SCRAPE);
    let server = Running::serve(server);
    has_begun(&client).await;
    let serving = server.signal();
    ended(serving).await;
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_cut_off() {
    let recorder = recorder(12_000);
    let whole = recorder.encode(Format::Text).len();
    let server = MetricsServer::bind(recorder, any_port()).await.unwrap();
    let mut client = send(server.local_addr(), SCRAPE);
    let server = Running::serve(server);
    has_begun(&client).await;
    // Far less than the wait for the next request.
    sleep(Duration::from_secs(40)).await;
    let answer = spawn_blocking(move || {
        let mut answer = Vec::new();
        // A reset ends it as well.
        let _ = client.read_to_end(&mut answer);
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.len() < whole, "{} of {whole}", answer.len());
    assert!(!answer.ends_with(b"\r\n0\r\n\r\n"));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_waits_for_the_next_scrape() {
    let recorder = recorder(1);
    let end = recorder.encode(Format::Text);
    let server = MetricsServer::bind(recorder, any_port()).await.unwrap();
    let mut client = send(server.local_addr(), "");
    let server = Running::serve(server);
    for _ in 0..3 {
        let end = end.clone();
        let scrape = spawn_blocking(move || {
            client.write_all(SCRAPE.as_bytes()).unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(end.as_bytes()) {
                let mut byte = [0];
                client.read_exact(&mut byte).unwrap();
                answer.extend(byte);
            }
            client
        });
        client = scrape.await.unwrap();
        // A scrape interval as long as they usually get.
        sleep(Duration::from_secs(60)).await;
    }
    server.stop().await;
}
