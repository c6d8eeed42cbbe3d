//! What a server counts about the files of its certificate.
//!
//! Counters only: the server writes them, the exposition reads them.

use crate::sync::{AtomicU64, Ordering};

/// The reads of one recorder, by whatever server. Relaxed throughout: the counters guard no other
/// memory.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    reads: AtomicU64,
    errors: AtomicU64,
}

impl Certificates {
    /// `None` before the first read: who has no certificate does not see its reads counted.
    pub(crate) fn seen(&self) -> Option<&Self> {
        (self.reads() > 0).then_some(self)
    }

    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    pub(crate) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }
}

#[cfg(feature = "tls")]
impl Certificates {
    pub(crate) fn read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }
}
