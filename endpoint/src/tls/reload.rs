//! The certificate in use, and its replacement.
//!
//! Only files that are usable as a whole are ever put to use.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_rustls::rustls::ServerConfig;

use super::contents::Loaded;
use super::{TlsError, TlsFiles};
use crate::totals::Totals;

pub(crate) struct Tls {
    files: TlsFiles,
    totals: Arc<Totals>,
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
        let loaded = Loaded::new(&files)?;
        totals.count_certificate_read();
        Ok(Self {
            files,
            totals,
            current: Mutex::new(Arc::new(loaded)),
        })
    }

    /// Reloads the files at each interval. Never ends.
    pub(crate) async fn watch(self: Arc<Self>) {
        loop {
            sleep(self.files.interval).await;
            let tls = Arc::clone(&self);
            // Files may be on a slow disk, and building the configuration takes a while.
            let _ = spawn_blocking(move || tls.reload()).await;
        }
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

    /// Returns whether clients must show a certificate.
    pub(super) fn requires_client_certificate(&self) -> bool {
        self.files.client_ca.is_some()
    }
}
