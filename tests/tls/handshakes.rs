//! Who gets as far as a scrape, and what the others are told.

use std::io::Read as _;

use flate2::read::GzDecoder;
use gotk_metrics::Format;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ProtocolVersion, SupportedProtocolVersion};

use crate::certificates::{Authority, Secret};
use crate::client::{Client, Connection, LONG};
use crate::running::{Running, files, recorder};

/// A `ClientHello` that offers nothing newer than TLS 1.1.
const OLD_HELLO: &[u8] = &[
    22, 3, 1, 0, 59, // A handshake of 59 bytes.
    1, 0, 0, 55, 3, 2, // A hello of 55 bytes, in TLS 1.1.
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, // Random.
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, //
    0,  // No session.
    0, 6, 0xc0, 0x13, 0xc0, 0x14, 0, 0x2f, // ECDHE and RSA with AES and SHA-1.
    1, 0, // Not compressed.
    0, 8, 0, 13, 0, 4, 0, 2, 4, 3, // Signed with ECDSA and SHA-256.
];

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let authority = Authority::new();
    let secret = Secret::of(&authority.issue());
    let server = Running::start(&recorder(1), files(&secret)).await;
    let versions: [(&'static SupportedProtocolVersion, ProtocolVersion); 2] = [
        (&TLS12, ProtocolVersion::TLSv1_2),
        (&TLS13, ProtocolVersion::TLSv1_3),
    ];
    for (version, spoken) in versions {
        let client = Client::of(&[&authority]).speaking(version);
        let mut connection = client.connect(server.address).await.unwrap();
        assert_eq!(
            connection.stream.get_ref().1.protocol_version(),
            Some(spoken)
        );
        assert_eq!(connection.get("/metrics", "").await.unwrap().status, 200);
    }
    // Nobody has chosen one for the whole process, neither we nor what we stand on.
    assert!(CryptoProvider::get_default().is_none());
    server.stop().await;
}

#[tokio::test]
async fn tls_1_1_is_refused() {
    let secret = Secret::of(&Authority::new().issue());
    let server = Running::start(&recorder(1), files(&secret)).await;
    let mut connection = Connection::new(TcpStream::connect(server.address).await.unwrap());
    connection.stream.write_all(OLD_HELLO).await.unwrap();
    let answer = connection.drain().await;
    // A fatal alert: protocol_version.
    assert!(matches!(answer[..], [21, 3, _, 0, 2, 2, 70]), "{answer:?}");
    server.stop().await;
}

#[tokio::test]
async fn http_1_1_is_all_that_is_chosen() {
    let authority = Authority::new();
    let secret = Secret::of(&authority.issue());
    let server = Running::start(&recorder(1), files(&secret)).await;
    let client = Client::of(&[&authority]);
    for (offered, chosen) in [
        (&["h2", "http/1.1"][..], Some(&b"http/1.1"[..])),
        (&["http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ] {
        let connection = client
            .clone()
            .offering(offered)
            .connect(server.address)
            .await;
        let connection = connection.unwrap();
        assert_eq!(
            connection.stream.get_ref().1.alpn_protocol(),
            chosen,
            "{offered:?}"
        );
    }
    let error = client.offering(&["h2"]).connect(server.address).await.err();
    let error = error.expect("no protocol in common").to_string();
    assert!(error.contains("NoApplicationProtocol"), "{error}");
    server.stop().await;
}

#[tokio::test]
async fn plain_http_is_told_that_this_is_none() {
    let authority = Authority::new();
    let secret = Secret::of(&authority.issue());
    let recorder = recorder(1);
    let server = Running::start(&recorder, files(&secret)).await;
    let long = format!("POST /metrics HTTP/1.1\r\n\r\n{}", "a".repeat(40_000));
    for request in [
        "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n",
        "HEAD / HTTP/1.0\r\n\r\n",
        &long,
    ] {
        let mut connection = Connection::new(TcpStream::connect(server.address).await.unwrap());
        let stream = &mut connection.stream;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        // A reset would be an error; on its way to a client it may overtake the answer.
        let read = timeout(LONG, stream.read_to_string(&mut answer)).await;
        read.expect("a read ends").unwrap();
        assert_eq!(
            answer,
            "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
        );
    }
    let text = recorder.encode(Format::Text);
    assert!(
        !text.contains("gotkmetrics_scrape"),
        "a scrape was counted in\n{text}"
    );
    server.stop().await;
}

#[tokio::test]
async fn what_is_neither_is_hung_up_on() {
    let authority = Authority::new();
    let secret = Secret::of(&authority.issue());
    let recorder = recorder(1);
    let server = Running::start(&recorder, files(&secret)).await;
    for bytes in [
        &b"\0\0\0\0\0\0\0\0"[..],
        b"get /metrics HTTP/1.1\r\n\r\n",
        b"SSH",
        // The record of a handshake with something else in it, and with too much of it.
        b"\x16\x03\x01\x00\x05hello",
        b"\x16\x03\x01\xff\xffhello",
        b"\x80\x2e\x01\x03\x01",
    ] {
        let mut connection = Connection::new(TcpStream::connect(server.address).await.unwrap());
        connection.stream.write_all(bytes).await.unwrap();
        connection.stream.shutdown().await.unwrap();
        let answer = connection.drain().await;
        // Nothing, an alert, or that this is no HTTP.
        assert!(matches!(answer[..], [] | [21 | b'H', ..]), "{answer:?}");
    }
    let answer = Client::of(&[&authority])
        .get(server.address, "/metrics")
        .await;
    assert_eq!(answer.unwrap().value("gotkmetrics_scrapes_in_flight"), 1);
    server.stop().await;
}

#[tokio::test]
async fn compressed_scrapes_follow_each_other_on_one_connection() {
    let authority = Authority::new();
    let secret = Secret::of(&authority.issue());
    let server = Running::start(&recorder(3000), files(&secret)).await;
    // Only at set-up from now on, so that nothing ends the connection.
    let client = Client::of(&[&authority]);
    let mut connection = client.connect(server.address).await.unwrap();
    for number in 0..3 {
        let answer = connection
            .get("/metrics", "Accept-Encoding: gzip\r\n")
            .await
            .unwrap();
        assert!(
            answer.head.contains("content-encoding: gzip"),
            "{}",
            answer.head
        );
        let mut text = String::new();
        GzDecoder::new(&*answer.body)
            .read_to_string(&mut text)
            .unwrap();
        let scrapes = format!("gotkmetrics_scrapes_total{{code=\"200\"}} {number}\n");
        assert!(text.contains(&scrapes), "no {scrapes}");
        assert!(text.contains("name=\"app-02999\""));
        assert!(answer.body.len() * 10 < text.len());
    }
    server.stop().await;
}
