//! How an endpoint ends.

use std::time::Duration;

use metrics_endpoint::Endpoint;
use tokio::time::Instant;

use crate::client::{ATTACKER, HONEST, LONG, Running, SCRAPE, any_port, assert_status};
use crate::client::{drain, send};
use crate::source::Source;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_had_connected_are_answered() {
    let endpoint = Endpoint::bind(Source::of(20), any_port()).await.unwrap();
    let address = endpoint.local_addr();
    let mut clients = Vec::new();
    for number in 0..50 {
        let from = if number % 2 == 0 { ATTACKER } else { HONEST };
        clients.push(tokio::spawn(async move {
            drain(send(address, from, SCRAPE).await).await
        }));
    }
    // All of them are in the kernel's queue.
    tokio::time::sleep(Duration::from_millis(300)).await;
    endpoint.serve_until(async {}).await;
    for client in clients {
        let response = client.await.unwrap();
        assert_status(&response, 200);
        assert!(response.contains("connection: close\r\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_half_a_request_delays_the_end_by_a_second() {
    for start in ["", "GET /metrics HTTP/1.1\r\nA: "] {
        let server = Running::start(Source::of(1)).await;
        let client = send(server.address, ATTACKER, start).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let start = Instant::now();
        server.stop().await;
        assert!(start.elapsed() < Duration::from_millis(1500));
        drop(client);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_of_the_end_can_be_set() {
    let endpoint = Endpoint::bind(Source::of(500), any_port()).await.unwrap();
    let endpoint = endpoint.shutdown_timeout(Duration::from_millis(300));
    let server = Running::serve(endpoint.unwrap());
    let client = send(server.address, ATTACKER, SCRAPE).await;
    client.readable().await.unwrap();
    let start = Instant::now();
    server.stop().await;
    let took = start.elapsed();
    assert!(
        took > Duration::from_millis(250) && took < LONG / 10,
        "{took:?}"
    );
    drop(client);
}
