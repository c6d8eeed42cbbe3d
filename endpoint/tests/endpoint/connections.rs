//! How many connections there are, and which of them make room.

use std::time::Duration;

use metrics_endpoint::Endpoint;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};

use crate::client::{ATTACKER, HONEST, LONG, PROBE, Running, SCRAPE, any_port};
use crate::client::{assert_status, drain, request, send};
use crate::source::Source;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_make_room_for_probes_and_scrapes() {
    let endpoint = Endpoint::bind(Source::of(1), any_port()).await.unwrap();
    let server = Running::serve(endpoint.connection_limit(8).unwrap());
    let mut idle = Vec::new();
    for start in ["", "G", "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"] {
        for _ in 0..10 {
            idle.push(send(server.address, ATTACKER, start).await);
        }
        for _ in 0..5 {
            assert_status(&request(server.address, HONEST, PROBE).await, 200);
            assert_status(&request(server.address, HONEST, SCRAPE).await, 200);
        }
    }
    // At most as many as the limit are still open.
    sleep(Duration::from_millis(100)).await;
    let mut open = 0;
    for mut client in idle {
        let mut bytes = [0; 1024];
        let closed = async { while client.read(&mut bytes).await.is_ok_and(|n| n > 0) {} };
        open += usize::from(timeout(Duration::from_millis(20), closed).await.is_err());
    }
    assert!(open <= 8, "{open} are open");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_connection_is_closed_last() {
    let endpoint = Endpoint::bind(Source::of(1), any_port()).await.unwrap();
    let server = Running::serve(endpoint.connection_limit(4).unwrap());
    let mut old = Vec::new();
    for _ in 0..3 {
        old.push(send(server.address, ATTACKER, "").await);
    }
    sleep(Duration::from_millis(1100)).await;
    // As a client that is slow to send its request.
    let mut fresh = send(server.address, HONEST, "GET /healthz HTTP/1.1\r\n").await;
    for _ in 0..3 {
        assert_status(&request(server.address, ATTACKER, PROBE).await, 200);
    }
    let _ =
        tokio::io::AsyncWriteExt::write_all(&mut fresh, b"Host: test\r\nConnection: close\r\n\r\n")
            .await;
    assert_status(&crate::client::drain(fresh).await, 200);
    for mut client in old.drain(..1) {
        let read = timeout(LONG, client.read(&mut [0; 1])).await.unwrap();
        assert!(read.is_err() || read.is_ok_and(|n| n == 0), "it is open");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_connections_closes_those_of_its_own_address() {
    let source = Source::of(1);
    let endpoint = Endpoint::bind(source.clone(), any_port()).await.unwrap();
    let server = Running::serve(endpoint.connection_limit(8).unwrap());
    source.hold(true);
    let scraping = send(server.address, HONEST, SCRAPE).await;
    let mut starting = send(server.address, HONEST, "GET /healthz HTTP/1.1\r\n").await;
    let mut burst = Vec::new();
    for _ in 0..100 {
        burst.push(send(server.address, ATTACKER, "").await);
    }
    source.hold(false);
    let rest = b"Host: test\r\nConnection: close\r\n\r\n";
    starting.write_all(rest).await.unwrap();
    for client in [scraping, starting] {
        assert_status(&drain(client).await, 200);
    }
    server.stop().await;
}
