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
    client_ca: Option<PathBuf>,
    interval: Duration,
    on_error: Option<OnError>,
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
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            client_ca: None,
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
        self.client_ca = Some(authorities.into());
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
