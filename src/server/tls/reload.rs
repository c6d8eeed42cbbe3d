//! The certificate in use, and how it changes.
//!
//! What is in use has been usable as a whole; nothing else ever takes its place.

use std::fmt;

use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_rustls::rustls::ServerConfig;

use super::contents::Loaded;
use super::{TlsError, TlsFiles};
use crate::recorder::Recorder;
use crate::sync::{Arc, Mutex};

pub(in crate::server) struct Tls {
    files: TlsFiles,
    recorder: Recorder,
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
    pub(in crate::server) fn new(files: TlsFiles, recorder: &Recorder) -> Result<Self, TlsError> {
        if files.interval.is_zero() {
            return Err(TlsError::NoInterval);
        }
        let loaded = Loaded::new(&files)?;
        recorder.inner.certificates.read();
        Ok(Self {
            files,
            recorder: recorder.clone(),
            current: Mutex::new(Arc::new(loaded)),
        })
    }

    /// Reads the files whenever they are due. Never ends.
    pub(in crate::server) async fn watch(self: Arc<Self>) {
        loop {
            sleep(self.files.interval).await;
            let tls = Arc::clone(&self);
            // Files may be far away, and what is signed with an RSA key takes a while.
            let _ = spawn_blocking(move || tls.reload()).await;
        }
    }

    fn reload(&self) {
        let counts = &self.recorder.inner.certificates;
        counts.read();
        match self.current().next(&self.files) {
            Ok(Some(loaded)) => *self.current.lock() = Arc::new(loaded),
            Ok(None) => {}
            Err(error) => {
                counts.failed();
                self.files.tell(&error);
            }
        }
    }

    fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.current.lock())
    }

    /// For one handshake.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current().config)
    }

    /// Whether `config` is still the one in use.
    pub(super) fn is_current(&self, config: &Arc<ServerConfig>) -> bool {
        Arc::ptr_eq(&self.current().config, config)
    }

    /// Whether clients have to show a certificate.
    pub(super) fn asks_clients(&self) -> bool {
        self.files.client_ca.is_some()
    }
}
