//! Where a server listens, and what it says if it cannot.

use std::error::Error as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use gotk_metrics::{BindError, Format, MetricsServer};
use tokio::net::TcpListener;

use crate::running::{Running, any_port, recorder};

#[tokio::test]
async fn port_zero_is_any_free_port() {
    let recorder = recorder(1);
    let server = Running::start(&recorder).await;
    assert_eq!(server.address.ip(), IpAddr::V4(Ipv4Addr::LOCALHOST));
    assert_ne!(server.address.port(), 0);
    assert_eq!(server.scrape().await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_port_in_use_fails_before_anything_starts() {
    let recorder = recorder(1);
    let first = Running::start(&recorder).await;
    let taken = first.address;
    let error = MetricsServer::bind(recorder.clone(), taken)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot bind the metrics endpoint to {taken}")
    );
    assert!(error.source().is_some());
    let BindError::Bind {
        address, source, ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(address, taken);
    assert_eq!(source.kind(), io::ErrorKind::AddrInUse);
    // The one that has the port is not disturbed.
    assert_eq!(first.scrape().await.body, recorder.encode(Format::Text));
    first.stop().await;
}

#[tokio::test]
async fn a_bare_port_that_is_taken_on_one_address_is_taken() {
    let taken = TcpListener::bind(any_port()).await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = MetricsServer::bind(recorder(0), port).await.unwrap_err();
    let BindError::Bind {
        address, source, ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert!(address.ip().is_unspecified());
    assert_eq!(address.port(), port);
    assert_eq!(source.kind(), io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn an_address_of_another_machine_is_refused() {
    // For documentation only, so nobody has it.
    let foreign = SocketAddr::from(([192, 0, 2, 1], 0));
    let error = MetricsServer::bind(recorder(0), foreign).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot bind the metrics endpoint to {foreign}")
    );
}

#[tokio::test]
async fn a_bare_port_listens_on_all_addresses() {
    let recorder = recorder(1);
    // The one server in these tests that others on the network could reach, for a moment.
    let server = MetricsServer::bind(recorder.clone(), 0).await.unwrap();
    assert!(server.local_addr().ip().is_unspecified());
    let mut server = Running::serve(server);
    let port = server.address.port();
    let mut loopbacks = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    // Not every machine has it.
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.is_ok() {
        loopbacks.push(IpAddr::V6(Ipv6Addr::LOCALHOST));
    }
    for loopback in loopbacks {
        server.address = SocketAddr::from((loopback, port));
        let response = server.scrape().await;
        assert_eq!(response.body, recorder.encode(Format::Text), "{loopback}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_listener_can_be_passed_in() {
    let recorder = recorder(1);
    let listener = TcpListener::bind(any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = MetricsServer::bind(recorder.clone(), listener)
        .await
        .unwrap();
    assert_eq!(server.local_addr(), address);
    let server = Running::serve(server);
    assert_eq!(server.scrape().await.body, recorder.encode(Format::Text));
    server.stop().await;
}

#[tokio::test]
async fn a_port_is_free_again_at_once() {
    let recorder = recorder(1);
    let mut server = Running::start(&recorder).await;
    let address = server.address;
    for _ in 0..3 {
        // Closed by the server, so that the socket lingers on its side.
        let response = server
            .request("GET", "/metrics", "Connection: close\r\n")
            .await;
        assert_eq!(response.status, 200);
        server.stop().await;
        let again = MetricsServer::bind(recorder.clone(), address).await;
        server = Running::serve(again.unwrap());
    }
    server.stop().await;
}

#[tokio::test]
async fn connections_wait_from_bind_to_serve() {
    let recorder = recorder(1);
    let server = MetricsServer::bind(recorder.clone(), any_port())
        .await
        .unwrap();
    let mut early = crate::http::Connection::open(server.local_addr()).await;
    early
        .send("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n")
        .await;
    let server = Running::serve(server);
    let head = early.head().await;
    assert_eq!(early.body(&head).await, recorder.encode(Format::Text));
    server.stop().await;
}
