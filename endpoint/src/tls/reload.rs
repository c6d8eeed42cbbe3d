//! The certificate in use, and its replacement.
//!
//! Only files that are usable as a whole are ever put to use.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use webpki::EndEntityCert;

use super::contents::Loaded;
use super::{TlsError, TlsFiles};
use crate::totals::Totals;

/// Far longer than a read of a few small files takes.
const READ_LIMIT: Duration = Duration::from_secs(5);

pub(crate) struct Tls {
    files: TlsFiles,
    totals: Arc<Totals>,
    client_names: Vec<ServerName<'static>>,
    current: Mutex<Arc<Loaded>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Tls {
    pub(crate) fn new(files: TlsFiles, totals: Arc<Totals>) -> Result<Self, TlsError> {
        if files.interval.is_zero() {
            return Err(TlsError::NoInterval);
        }
        let names = files.client_names.iter();
        let names = names.map(|name| {
            let parsed = ServerName::try_from(name.clone());
            parsed.map_err(|_| TlsError::ClientName { name: name.clone() })
        });
        let client_names = names.collect::<Result<_, _>>()?;
        let loaded = Loaded::new(&files)?;
        totals.count_certificate_read();
        Ok(Self {
            files,
            totals,
            client_names,
            current: Mutex::new(Arc::new(loaded)),
        })
    }

    /// Reloads the files at each interval. Never ends.
    pub(crate) async fn watch(self: Arc<Self>) {
        let mut reading: Option<oneshot::Receiver<()>> = None;
        loop {
            sleep(self.files.interval).await;
            let mut read = match reading.take() {
                Some(read) => read,
                None => self.start_reload(),
            };
            if timeout(READ_LIMIT, &mut read).await.is_err() {
                // The thread cannot be ended, so there is no second one until it ends.
                reading = Some(read);
                self.report_timeout();
            }
        }
    }

    /// Reads the files on a thread of its own; the receiver is ready when that ends.
    ///
    /// Not on a blocking thread of tokio: a runtime waits for those before the process can exit, and
    /// a read from a dead mount never ends.
    fn start_reload(self: &Arc<Self>) -> oneshot::Receiver<()> {
        let (done, read) = oneshot::channel::<()>();
        let tls = Arc::clone(self);
        let reload = move || {
            tls.reload();
            drop(done);
        };
        let thread = thread::Builder::new().name("certificates".to_owned());
        if thread.spawn(reload).is_err() {
            // Most likely there are no more threads. The receiver is ready, as after a read.
            self.totals.count_certificate_read();
            self.totals.count_certificate_error();
        }
        read
    }

    fn report_timeout(self: &Arc<Self>) {
        self.totals.count_certificate_error();
        let tls = Arc::clone(self);
        let error = TlsError::TimedOut { limit: READ_LIMIT };
        // The callback may block.
        spawn_blocking(move || tls.files.report(&error));
    }

    fn reload(&self) {
        self.totals.count_certificate_read();
        match self.current().next(&self.files) {
            Ok(Some(loaded)) => *self.current.lock() = Arc::new(loaded),
            Ok(None) => {}
            Err(error) => {
                self.totals.count_certificate_error();
                self.files.report(&error);
            }
        }
    }

    fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.current.lock())
    }

    /// Returns the configuration for one handshake.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current().config)
    }

    /// Returns whether `config` is still in use.
    pub(super) fn is_current(&self, config: &Arc<ServerConfig>) -> bool {
        Arc::ptr_eq(&self.current().config, config)
    }

    /// Returns whether a client certificate, whose issuer is known to be trusted, has an allowed name.
    pub(super) fn allows(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok(certificate) = EndEntityCert::try_from(certificate) else {
            return false;
        };
        let is_valid_for = |name| certificate.verify_is_valid_for_subject_name(name).is_ok();
        self.client_names.is_empty() || self.client_names.iter().any(is_valid_for)
    }

    /// Returns whether clients must show a certificate.
    pub(super) fn requires_client_certificate(&self) -> bool {
        self.files.client_ca.is_some()
    }
}
