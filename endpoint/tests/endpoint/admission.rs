//! What all scrapes cost at once.

use std::time::Duration;

use metrics_endpoint::ScrapeLimits;
use tokio::time::{Instant, sleep};

use crate::client::{ATTACKER, HONEST, Running, SCRAPE, assert_status, drain, request, send};
use crate::source::Source;

/// Chunks that fit no socket's buffers.
const MANY: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_abandoned_scrapes_takes_two_threads_and_eight_places() {
    let source = Source::of(MANY);
    let server = Running::start(source.clone()).await;
    for round in 0..20 {
        for _ in 0..20 {
            drop(send(server.address, ATTACKER, SCRAPE).await);
        }
        if round % 5 == 0 {
            assert_status(&request(server.address, HONEST, SCRAPE).await, 200);
        }
    }
    let (exposing, bodies) = source.highest();
    assert!(
        exposing <= 2 && bodies <= 8,
        "{exposing} at once, {bodies} alive"
    );
    let end = Instant::now() + Duration::from_secs(10);
    while source.bodies() > 0 {
        assert!(Instant::now() < end, "{} bodies are left", source.bodies());
        sleep(Duration::from_millis(10)).await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_read_nothing_keep_nobody_out() {
    let source = Source::of(MANY);
    let server = Running::start(source.clone()).await;
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(send(server.address, ATTACKER, SCRAPE).await);
    }
    // The other half of the places is free for another address.
    let start = Instant::now();
    assert_status(&request(server.address, HONEST, SCRAPE).await, 200);
    assert!(start.elapsed() < Duration::from_secs(1), "it had to wait");
    // On the same address, stalled responses make room.
    drop(idle.split_off(8));
    assert_status(&request(server.address, ATTACKER, SCRAPE).await, 200);
    assert!(source.highest().1 <= 8);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_read_nothing_cost_little_memory_of_the_kernel() {
    let source = Source::of(MANY);
    let server = Running::start(source.clone()).await;
    let client = send(server.address, ATTACKER, SCRAPE).await;
    let mut before = 0;
    loop {
        sleep(Duration::from_millis(200)).await;
        let bytes = source.bytes();
        if bytes > 0 && bytes == before {
            break;
        }
        before = bytes;
    }
    // Two chunks in our buffer, and what the kernel makes of 128 KiB.
    assert!(before < 700_000, "{before} bytes were taken");
    drop(client);
    assert!(request(server.address, HONEST, SCRAPE).await.len() > MANY << 16);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_scrapes_as_may_wait_are_all_answered() {
    let source = Source::of(1);
    let server = Running::start(source.clone()).await;
    source.hold(true);
    let mut clients = Vec::new();
    // Half of the places and of the queue each.
    for _ in 0..36 {
        for address in [ATTACKER, HONEST] {
            clients.push(send(server.address, address, SCRAPE).await);
            sleep(Duration::from_millis(2)).await;
        }
    }
    let rejected = request(server.address, ATTACKER, SCRAPE).await;
    assert_status(&rejected, 503);
    source.hold(false);
    for client in clients {
        assert_status(&drain(client).await, 200);
    }
    assert_eq!(
        (source.counted("200"), source.counted("503")),
        (Some(72), Some(1))
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_makes_room_for_another_address() {
    let limits = ScrapeLimits::default().responses(1).unwrap();
    let source = Source::of(1).limited(limits.queue(1).unwrap());
    let server = Running::start(source.clone()).await;
    source.hold(true);
    let first = send(server.address, ATTACKER, SCRAPE).await;
    sleep(Duration::from_millis(200)).await;
    let second = send(server.address, ATTACKER, SCRAPE).await;
    sleep(Duration::from_millis(200)).await;
    assert_status(&request(server.address, ATTACKER, SCRAPE).await, 503);
    source.hold(false);
    for client in [first, second] {
        assert_status(&drain(client).await, 200);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scrape_waits_no_longer_than_its_scraper() {
    let limits = ScrapeLimits::default()
        .wait(Duration::from_secs(1))
        .unwrap();
    let source = Source::of(1).limited(limits);
    let server = Running::start(source.clone()).await;
    source.hold(true);
    // Both threads.
    let held = [
        send(server.address, ATTACKER, SCRAPE).await,
        send(server.address, ATTACKER, SCRAPE).await,
    ];
    sleep(Duration::from_millis(200)).await;
    for (header, expected) in [
        ("X-Prometheus-Scrape-Timeout-Seconds: 0.5\r\n", 400),
        ("X-Prometheus-Scrape-Timeout-Seconds: nonsense\r\n", 1000),
        ("X-Prometheus-Scrape-Timeout-Seconds: -1\r\n", 1000),
        ("", 1000),
    ] {
        let start = Instant::now();
        let scrape = SCRAPE.replace("Connection", &format!("{header}Connection"));
        assert_status(&request(server.address, HONEST, &scrape).await, 503);
        let took = start.elapsed().as_millis();
        assert!(
            (expected..expected + 300).contains(&took),
            "{took} ms, {header}"
        );
    }
    assert_eq!(source.counted("503"), Some(4));
    source.hold(false);
    for client in held {
        assert_status(&drain(client).await, 200);
    }
    assert_status(&request(server.address, HONEST, SCRAPE).await, 200);
    server.stop().await;
}
