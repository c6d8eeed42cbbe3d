//! Who has to show a certificate, and what it opens.

use std::sync::Arc;

use gotk_metrics::{Format, Recorder, TlsFiles, TlsVersion};
use tokio_rustls::rustls::HandshakeKind;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::certificates::{Authority, Pair, Secret};
use crate::client::Client;
use crate::rotation::read_again;
use crate::running::{Running, files, recorder};

/// A server that asks for certificates of `clients`.
async fn start(recorder: &Recorder, own: &Pair, clients: &Authority) -> (Running, Secret) {
    let secret = Secret::mount(&entries(own, &clients.pem()));
    let server = Running::start(recorder, with_ca(&secret)).await;
    (server, secret)
}

fn entries<'a>(own: &'a Pair, ca: &'a str) -> [(&'static str, &'a str); 3] {
    [
        ("tls.crt", &own.certificate),
        ("tls.key", &own.key),
        ("ca.crt", ca),
    ]
}

fn with_ca(secret: &Secret) -> TlsFiles {
    files(secret).client_ca(secret.path("ca.crt"))
}

#[tokio::test]
async fn a_certificate_of_the_authority_opens_the_metrics() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let (server, _secret) = start(&recorder(1), &authority.issue(), &clients).await;
    for version in [&TLS12, &TLS13] {
        let client = Client::of(&[&authority])
            .showing(&clients.issue())
            .speaking(version);
        assert_eq!(
            client.get(server.address, "/metrics").await.unwrap().status,
            200
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn without_a_certificate_there_are_probes_alone() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let recorder = recorder(1);
    let (server, _secret) = start(&recorder, &authority.issue(), &clients).await;
    for version in [&TLS12, &TLS13] {
        let client = Client::of(&[&authority]).speaking(version);
        for (target, status) in [
            ("/healthz", 200),
            ("/readyz", 200),
            ("/metrics", 403),
            ("/metrics?name[]=gotk_suspend_status", 403),
            ("/", 403),
        ] {
            let answer = client.get(server.address, target).await.unwrap();
            assert_eq!(answer.status, status, "{target}");
            assert!(
                !answer.text().contains("gotk"),
                "{target}: {}",
                answer.text()
            );
        }
    }
    let text = recorder.encode(Format::Text);
    assert!(
        !text.contains("gotkmetrics_scrape"),
        "a scrape was counted in\n{text}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_certificate_of_somebody_else_ends_the_handshake() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let (server, _secret) = start(&recorder(1), &authority.issue(), &clients).await;
    // The server's own authority is none for clients.
    for stranger in [&Authority::new(), &authority] {
        for version in [&TLS12, &TLS13] {
            let client = Client::of(&[&authority])
                .showing(&stranger.issue())
                .speaking(version);
            // Not even probes: whoever shows something wrong is told so.
            let error = client.get(server.address, "/healthz").await.unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains("UnknownCA") || error.contains("DecryptError"),
                "{error}"
            );
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_new_authority_takes_the_place_of_the_old_one() {
    let (authority, old, new) = (Authority::new(), Authority::new(), Authority::new());
    let own = authority.issue();
    let recorder = recorder(1);
    let (server, secret) = start(&recorder, &own, &old).await;
    let known = Client::of(&[&authority]).showing(&old.issue());
    let unknown = Client::of(&[&authority]).showing(&new.issue());
    let config = Arc::new(known.config());
    let again = || known.connect_with(Arc::clone(&config), server.address);
    let mut open = again().await.unwrap();
    assert_eq!(open.get("/metrics", "").await.unwrap().status, 200);
    unknown.get(server.address, "/metrics").await.unwrap_err();

    secret.write(&entries(&own, &new.pem()));
    read_again(&recorder).await;
    assert_eq!(
        unknown
            .get(server.address, "/metrics")
            .await
            .unwrap()
            .status,
        200
    );
    // Not by a session of before either: it is the same client.
    if let Ok(mut connection) = again().await {
        connection.get("/metrics", "").await.unwrap_err();
    }
    // One answer is left to who was let in before.
    let last = open.get("/metrics", "").await.unwrap();
    assert!(last.head.contains("connection: close"), "{}", last.head);
    assert_eq!(open.drain().await, b"");
    server.stop().await;
}

/// A session of before would let a certificate in that nobody looks at any more.
#[tokio::test]
async fn a_certificate_is_looked_at_by_each_handshake() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let own = authority.issue();
    let (asking, _secret) = start(&recorder(1), &own, &clients).await;
    let secret = Secret::of(&own);
    let open = Running::start(&recorder(1), files(&secret)).await;
    for version in [&TLS12, &TLS13] {
        let client = Client::of(&[&authority]).showing(&clients.issue());
        let client = client.speaking(version);
        for (server, expected) in [
            (&asking, HandshakeKind::Full),
            // Otherwise the client would not have come back to anything above either.
            (&open, HandshakeKind::Resumed),
        ] {
            let config = Arc::new(client.config());
            let mut kind = None;
            for _ in 0..2 {
                let connection = client.connect_with(Arc::clone(&config), server.address);
                let mut connection = connection.await.unwrap();
                let answer = connection.get("/metrics", "").await.unwrap();
                assert_eq!(answer.status, 200);
                kind = connection.stream.get_ref().1.handshake_kind();
            }
            assert_eq!(kind, Some(expected), "{version:?}");
        }
    }
    asking.stop().await;
    open.stop().await;
}

#[tokio::test]
async fn only_clients_with_an_allowed_name_are_served() {
    let (authority, clients) = (Authority::new(), Authority::new());
    for (names, status) in [
        (&["localhost"][..], 200),
        (&["other", "localhost"], 200),
        (&["other"], 403),
        (&["127.0.0.1"], 403),
    ] {
        let own = authority.issue();
        let secret = Secret::mount(&entries(&own, &clients.pem()));
        let files = with_ca(&secret).client_names(names.iter().copied());
        let server = Running::start(&recorder(1), files).await;
        let client = Client::of(&[&authority]).showing(&clients.issue());
        for (target, expected) in [("/metrics", status), ("/healthz", 200)] {
            let answer = client.get(server.address, target).await.unwrap();
            assert_eq!(answer.status, expected, "{names:?} {target}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn authorities_may_come_from_memory() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let secret = Secret::of(&authority.issue());
    let server = Running::start(&recorder(1), files(&secret).client_ca_pem(clients.pem())).await;
    let client = Client::of(&[&authority]);
    let answer = client.get(server.address, "/metrics").await.unwrap();
    assert_eq!(answer.status, 403);
    let client = client.showing(&clients.issue());
    let answer = client.get(server.address, "/metrics").await.unwrap();
    assert_eq!(answer.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn an_older_version_of_tls_can_be_disabled() {
    let authority = Authority::new();
    let secret = Secret::of(&authority.issue());
    let files = files(&secret).min_version(TlsVersion::Tls13);
    let server = Running::start(&recorder(1), files).await;
    let client = Client::of(&[&authority]).speaking(&TLS12);
    assert!(client.get(server.address, "/metrics").await.is_err());
    let client = Client::of(&[&authority]).speaking(&TLS13);
    let answer = client.get(server.address, "/metrics").await.unwrap();
    assert_eq!(answer.status, 200);
    server.stop().await;
}
