//! How a server ends, and what becomes of those it was talking to.

use std::time::Duration;

use gotk_metrics::Format;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};
use tokio_rustls::client::TlsStream;

use crate::certificates::{Authority, Secret};
use crate::client::{Client, Connection, LONG};
use crate::running::{Running, ended, files, recorder};

#[tokio::test]
async fn a_scrape_in_progress_is_answered_to_its_end() {
    let authority = Authority::new();
    let secret = Secret::of(&authority.issue());
    let recorder = recorder(12_000);
    let server = Running::start(&recorder, files(&secret)).await;
    let address = server.address;
    let mut connection = Client::of(&[&authority]).connect(address).await.unwrap();
    connection.send("/metrics", "").await.unwrap();
    // It has begun.
    while !recorder
        .encode(Format::Text)
        .contains("gotkmetrics_scrapes_in_flight 1")
    {
        yield_now().await;
    }
    let serving = server.signal();
    while TcpStream::connect(address).await.is_ok() {
        yield_now().await;
    }
    assert!(!serving.is_finished());
    let answer = connection.answer().await.unwrap();
    assert!(answer.text().contains("name=\"app-11999\""));
    assert_ends(&mut connection).await;
    ended(serving).await;
}

#[tokio::test]
async fn whoever_asks_for_nothing_does_not_hold_up_the_end() {
    let authority = Authority::new();
    let secret = Secret::of(&authority.issue());
    let server = Running::start(&recorder(1), files(&secret)).await;
    let address = server.address;
    let client = Client::of(&[&authority]);
    let mut used = client.connect(address).await.unwrap();
    assert_eq!(used.get("/metrics", "").await.unwrap().status, 200);
    let mut unused = client.connect(address).await.unwrap();
    let mut silent = Connection::new(TcpStream::connect(address).await.unwrap());
    let mut begun = Connection::new(TcpStream::connect(address).await.unwrap());
    begun.stream.write_all(&[22, 3, 1]).await.unwrap();
    // All are accepted: connections are in the order they were opened.
    assert_eq!(client.get(address, "/healthz").await.unwrap().status, 200);
    // From now on time passes only where somebody waits for it.
    tokio::time::pause();
    let start = Instant::now();
    ended(server.signal()).await;
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "they were waited for"
    );
    assert_ends(&mut used).await;
    assert_ends(&mut unused).await;
    assert_eq!(silent.drain().await, b"");
    assert_eq!(begun.drain().await, b"");
}

/// That the server has said that nothing more comes, as nobody can who cuts the connection.
async fn assert_ends(connection: &mut Connection<TlsStream<TcpStream>>) {
    let mut rest = Vec::new();
    let read = timeout(LONG, connection.stream.read_to_end(&mut rest)).await;
    assert_eq!(read.expect("a read ends").unwrap(), 0);
}
