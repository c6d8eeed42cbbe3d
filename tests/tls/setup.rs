//! What is refused before anything is served.

use std::error::Error as _;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use gotk_metrics::{Format, MetricsServer, Recorder, TlsError, TlsFiles};

use crate::certificates::{Authority, Secret};
use crate::running::{bind, recorder};

/// PEM, and nothing in it.
const GARBAGE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

async fn error(files: TlsFiles) -> TlsError {
    let recorder = recorder(0);
    let error = bind(&recorder).await.tls(files).unwrap_err();
    // Nothing is served with a certificate, so nothing is counted.
    assert!(!recorder.encode(Format::Text).contains("certwatcher"));
    error
}

fn assert_error(error: &TlsError, message: &str, cause: &str) {
    assert_eq!(error.to_string(), message);
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    assert!(source.contains(cause), "{message}: {source}");
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_named() {
    let authority = Authority::new();
    let (pair, other) = (authority.issue(), authority.issue());
    let secret = Secret::mount(&[
        ("tls.crt", &pair.certificate),
        ("tls.key", &pair.key),
        ("other.key", &other.key),
        ("empty", ""),
        ("garbage", GARBAGE),
    ]);
    fs::write(secret.path("long"), vec![b'a'; (1 << 20) + 1]).unwrap();
    let path = |name: &str| secret.path(name).display().to_string();
    let (certificate, key) = (secret.path("tls.crt"), secret.path("tls.key"));

    let missing = error(TlsFiles::new(secret.path("nowhere"), &key)).await;
    assert_error(
        &missing,
        &format!("cannot read {}", path("nowhere")),
        "No such file",
    );
    let folder = error(TlsFiles::new(secret.path("..data"), &key)).await;
    assert_error(
        &folder,
        &format!("cannot read {}", path("..data")),
        "not a regular file",
    );
    let long = error(TlsFiles::new(&certificate, secret.path("long"))).await;
    assert_error(
        &long,
        &format!("cannot read {}", path("long")),
        "longer than 1 MiB",
    );
    let empty = error(TlsFiles::new(secret.path("empty"), &key)).await;
    assert_error(
        &empty,
        &format!("no certificate found in {}", path("empty")),
        "no items",
    );
    let empty = error(TlsFiles::new(&certificate, secret.path("empty"))).await;
    assert_error(
        &empty,
        &format!("no private key found in {}", path("empty")),
        "no items",
    );
    let pair = |certificate, key| {
        format!(
            "cannot use certificate {} with key {}",
            path(certificate),
            path(key)
        )
    };
    let foreign = error(TlsFiles::new(&certificate, secret.path("other.key"))).await;
    assert_error(&foreign, &pair("tls.crt", "other.key"), "KeyMismatch");
    let garbage = error(TlsFiles::new(secret.path("garbage"), &key)).await;
    assert_error(&garbage, &pair("garbage", "tls.key"), "certificate");
}

#[tokio::test]
async fn an_authority_that_cannot_be_used_is_named() {
    let pair = Authority::new().issue();
    let secret = Secret::mount(&[
        ("tls.crt", &pair.certificate),
        ("tls.key", &pair.key),
        ("empty", ""),
        ("garbage", GARBAGE),
    ]);
    let path = |name: &str| secret.path(name).display().to_string();
    let files = || TlsFiles::new(secret.path("tls.crt"), secret.path("tls.key"));
    let empty = error(files().client_ca(secret.path("empty"))).await;
    assert_error(
        &empty,
        &format!("no certificate found in {}", path("empty")),
        "no items",
    );
    let garbage = error(files().client_ca(secret.path("garbage"))).await;
    let expected = format!(
        "cannot use the client certificate authorities in {}",
        path("garbage")
    );
    assert_error(&garbage, &expected, "certificate");
}

#[tokio::test]
async fn an_interval_of_nothing_is_refused() {
    let files = || TlsFiles::new("/not/mounted/tls.crt", "/not/mounted/tls.key");
    let always = error(files().reload_interval(Duration::ZERO)).await;
    assert_error(
        &always,
        "the certificate reload interval must not be zero",
        "",
    );
}

#[tokio::test]
async fn a_key_is_never_printed() {
    let pair = Authority::new().issue();
    let secret = Secret::of(&pair);
    let files = TlsFiles::new(secret.path("tls.crt"), secret.path("tls.key"));
    let server = bind(&recorder(0)).await.tls(files).unwrap();
    let printed = format!("{server:?}");
    let line = pair.key.lines().nth(1).unwrap();
    let bytes = format!("{:?}", line.as_bytes());
    assert!(printed.contains("tls.key"), "{printed}");
    assert!(!printed.contains(line) && !printed.contains(bytes.trim_matches(['[', ']'])));
}

#[tokio::test]
async fn who_listens_nowhere_needs_no_files() {
    let recorder = Recorder::new();
    let server = MetricsServer::bind(recorder.clone(), None::<SocketAddr>).await;
    let files = TlsFiles::new("/not/mounted/tls.crt", "/not/mounted/tls.key");
    let server = server.unwrap().tls(files).unwrap();
    server.serve_until(async {}).await;
    assert!(!recorder.encode(Format::Text).contains("certwatcher"));
}

#[tokio::test]
async fn a_server_without_tls_counts_no_certificates() {
    let recorder = recorder(1);
    drop(bind(&recorder).await);
    assert!(!recorder.encode(Format::Text).contains("certwatcher"));
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_an_error_that_lists_those_that_can() {
    let pair = Authority::new().issue();
    let encrypted = pair.key.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let secret = Secret::mount(&[("tls.crt", &pair.certificate), ("tls.key", &encrypted)]);
    let key = secret.path("tls.key");
    let error = error(TlsFiles::new(secret.path("tls.crt"), &key)).await;
    let expected = format!(
        "cannot use key {}: supported are RSA (2048 to 8192 bits), ECDSA (P-256, P-384) and Ed25519, \
         not encrypted",
        key.display()
    );
    assert_error(&error, &expected, "");
}

#[tokio::test]
async fn a_client_name_that_cannot_be_is_an_error() {
    let secret = Secret::of(&Authority::new().issue());
    let files = TlsFiles::new(secret.path("tls.crt"), secret.path("tls.key"));
    let error = error(files.client_names(["a name"])).await;
    let expected = "client name `a name` is neither a DNS name nor an IP address";
    assert_error(&error, expected, "");
}
