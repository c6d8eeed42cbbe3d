//! Feature `tls`: the files of the certificate, and the errors they can cause.
//!
//! No type of rustls leaves this module, and nothing in it is process-wide.

mod contents;
mod handshake;
mod reload;

use std::error::Error;
use std::fmt;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::handshake::{Session, handshake};
pub(crate) use self::reload::Tls;

/// As controller-runtime's certwatcher.
const INTERVAL: Duration = Duration::from_secs(10);

/// The files of a certificate, for [`Endpoint::tls`](crate::Endpoint::tls).
///
/// All files are PEM. They are read at set-up, and then periodically while the endpoint serves. Their
/// contents are compared, so an update of a mounted Secret, which only changes links, is detected.
/// Unusable files are counted in [`CertificateTotals`](crate::CertificateTotals), and the previous
/// certificate stays in use. Only regular files are read, within 5 seconds.
///
/// # Examples
///
/// ```
/// use metrics_endpoint::TlsFiles;
///
/// // A Secret of cert-manager, mounted at /tls.
/// let files = TlsFiles::new("/tls/tls.crt", "/tls/tls.key").client_ca("/tls/ca.crt");
/// # drop(files);
/// ```
#[derive(Clone, Debug)]
#[must_use = "files do nothing until they are passed to `Endpoint::tls`"]
pub struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
    min_version: TlsVersion,
    client_ca: Option<Authorities>,
    client_names: Vec<String>,
    interval: Duration,
    on_error: Option<OnError>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// The authorities of client certificates.
#[derive(Clone, Debug)]
enum Authorities {
    File(PathBuf),
    Pem(Arc<[u8]>),
}

#[derive(Clone)]
struct OnError(Arc<dyn Fn(&TlsError) + Send + Sync>);

impl fmt::Debug for OnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnError")
    }
}

impl TlsFiles {
    /// The certificate, followed by its chain, and its private key.
    ///
    /// The key must not be encrypted. Supported are RSA keys of 2048 to 8192 bits, ECDSA keys on P-256
    /// or P-384, and Ed25519 keys, in PKCS #8, PKCS #1 or SEC 1. ECDSA keys on P-521 are not, because
    /// ring does not support them.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            min_version: TlsVersion::default(),
            client_ca: None,
            client_names: Vec::new(),
            interval: INTERVAL,
            on_error: None,
        }
    }

    /// Requires client certificates that one of these authorities has signed.
    ///
    /// The handshake fails with a certificate of another authority. Without a certificate, only the
    /// probes are served, because a kubelet has none, and other requests are answered with 403. By
    /// default no certificate is required.
    pub fn client_ca(mut self, authorities: impl Into<PathBuf>) -> Self {
        self.client_ca = Some(Authorities::File(authorities.into()));
        self
    }

    /// Does the same with authorities in memory, for example from a `ConfigMap`.
    ///
    /// They are not reloaded.
    pub fn client_ca_pem(mut self, authorities: impl Into<Vec<u8>>) -> Self {
        self.client_ca = Some(Authorities::Pem(authorities.into().into()));
        self
    }

    /// Requires client certificates with one of these DNS names or IP addresses.
    ///
    /// Compared with the subject alternative names of the certificate, never with its common name.
    /// Other certificates are treated as none. Without effect unless there are authorities. By
    /// default any name is allowed.
    pub fn client_names<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.client_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the minimum version of TLS. Defaults to TLS 1.2.
    pub fn min_version(mut self, version: TlsVersion) -> Self {
        self.min_version = version;
        self
    }

    /// Sets the interval at which the files are read again.
    ///
    /// [`Duration::MAX`] disables reloading. Defaults to 10 seconds.
    pub fn reload_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets a callback for reloads that fail, for example to log them.
    ///
    /// Called for each failed reload, on a thread where it may block. Panics are ignored. By default
    /// there is no callback.
    pub fn on_error(mut self, on_error: impl Fn(&TlsError) + Send + Sync + 'static) -> Self {
        self.on_error = Some(OnError(Arc::new(on_error)));
        self
    }

    fn report(&self, error: &TlsError) {
        if let Some(OnError(on_error)) = &self.on_error {
            // The payload is leaked: dropping it runs foreign code, which could panic again.
            let _ = catch_unwind(AssertUnwindSafe(|| on_error(error))).map_err(mem::forget);
        }
    }
}

/// Why the files of a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file could not be read, or is far too long.
    #[error("cannot read {}", path.display())]
    #[non_exhaustive]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file does not contain the item, or only a part of it.
    #[error("no {item} found in {}", path.display())]
    #[non_exhaustive]
    Pem {
        /// The file.
        path: PathBuf,
        /// The missing item: `certificate` or `private key`.
        item: &'static str,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The key is encrypted, or of a kind that ring does not support.
    #[error(
        "cannot use key {}: supported are RSA (2048 to 8192 bits), ECDSA (P-256, P-384) and Ed25519, not encrypted",
        path.display()
    )]
    #[non_exhaustive]
    Key {
        /// The file with the key.
        path: PathBuf,
    },
    /// A name of [`TlsFiles::client_names`] is neither a DNS name nor an IP address.
    #[error("client name `{}` is neither a DNS name nor an IP address", name.escape_debug())]
    #[non_exhaustive]
    ClientName {
        /// The name.
        name: String,
    },
    /// The certificate or the key is invalid or unsupported, or the key belongs to another certificate.
    #[error("cannot use certificate {} with key {}", certificate.display(), key.display())]
    #[non_exhaustive]
    Pair {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// An authority for client certificates is invalid.
    #[error("cannot use the client certificate authorities in {}", path.display())]
    #[non_exhaustive]
    ClientCa {
        /// The file with the authorities.
        path: PathBuf,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Reading the files again has not ended in time, for example because of a dead mount.
    #[error("reading the certificate files timed out after {limit:?}")]
    #[non_exhaustive]
    TimedOut {
        /// The time limit of a read.
        limit: Duration,
    },
    /// The reload interval is zero.
    #[error("the certificate reload interval must not be zero")]
    NoInterval,
}
