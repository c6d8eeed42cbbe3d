//! Feature `tls`: where the certificate is, and what can be wrong with it.
//!
//! No type of rustls leaves this module and its parts, nor is anything of it process-wide.

mod contents;
mod handshake;
mod reload;

use std::error::Error;
use std::fmt;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Duration;

pub(super) use self::handshake::{Session, shake_hands};
pub(super) use self::reload::Tls;

use crate::sync::Arc;

/// As controller-runtime's certwatcher.
const INTERVAL: Duration = Duration::from_secs(10);

/// The files of a certificate, for [`MetricsServer::tls`](crate::MetricsServer::tls).
///
/// All are PEM. They are read once at set-up and then again and again while the server serves: what
/// counts is what is in them, so that the exchange of links by which a mounted Secret changes is
/// seen like any other. What cannot be used is counted in
/// `certwatcher_read_certificate_errors_total`, and what was in use before stays.
///
/// # Examples
///
/// ```
/// use gotk_metrics::TlsFiles;
///
/// // A Secret of cert-manager, mounted at /tls.
/// let files = TlsFiles::new("/tls/tls.crt", "/tls/tls.key").client_ca("/tls/ca.crt");
/// # drop(files);
/// ```
#[derive(Clone, Debug)]
#[must_use = "files do nothing until `MetricsServer::tls` has them"]
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
    /// The certificate, with its chain behind it, and the key that belongs to it.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            client_ca: None,
            interval: INTERVAL,
            on_error: None,
        }
    }

    /// Who wants metrics has to show a certificate that one of these authorities has signed.
    ///
    /// A certificate of somebody else ends the handshake. Without any, all but the probes is
    /// answered with 403: the kubelet has none to show. Defaults to asking nobody.
    pub fn client_ca(mut self, authorities: impl Into<PathBuf>) -> Self {
        self.client_ca = Some(authorities.into());
        self
    }

    /// How long after one read of the files the next one is due.
    ///
    /// [`Duration::MAX`] is never. Defaults to ten seconds.
    pub fn reload_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// What is to be done when the files, read again, cannot be used: say it in a log.
    ///
    /// Called at each such read, on a thread where it may block; a panic is ignored. Defaults to
    /// nothing but the count.
    pub fn on_error(mut self, on_error: impl Fn(&TlsError) + Send + Sync + 'static) -> Self {
        self.on_error = Some(OnError(Arc::new(on_error)));
        self
    }

    fn tell(&self, error: &TlsError) {
        if let Some(OnError(tell)) = &self.on_error {
            // A payload is leaked: its drop is the user's code and could panic too.
            let _ = catch_unwind(AssertUnwindSafe(|| tell(error))).map_err(mem::forget);
        }
    }
}

/// Why the files of a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file could not be read, or is far longer than anything that belongs there.
    #[error("read `{}`", path.display())]
    #[non_exhaustive]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system answered.
        source: io::Error,
    },
    /// A file does not have in it what it is for, or only a part of that.
    #[error("find a {item} in `{}`", path.display())]
    #[non_exhaustive]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was looked for: `certificate` or `private key`.
        item: &'static str,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The certificate or the key is none, or they do not belong together.
    #[error("use certificate `{}` with key `{}`", certificate.display(), key.display())]
    #[non_exhaustive]
    Pair {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// What is wrong with them.
        source: Box<dyn Error + Send + Sync>,
    },
    /// An authority for the certificates of clients is none.
    #[error("trust client certificate authority `{}`", path.display())]
    #[non_exhaustive]
    ClientCa {
        /// The file with the authorities.
        path: PathBuf,
        /// What is wrong with one.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The files would be read all the time.
    #[error("certificate reload interval is 0")]
    NoInterval,
}
