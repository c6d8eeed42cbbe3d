//! What a server counts about the files of its certificate.
//!
//! Counters only: the server writes them, the exposition reads them.

use crate::metric::Counter;

/// The reads of one recorder, by whatever server.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    reads: Counter,
    errors: Counter,
}

impl Certificates {
    /// `None` before the first read: who has no certificate does not see its reads counted.
    pub(crate) fn seen(&self) -> Option<&Self> {
        (self.reads() > 0).then_some(self)
    }

    pub(crate) fn reads(&self) -> u64 {
        self.reads.get()
    }

    pub(crate) fn errors(&self) -> u64 {
        self.errors.get()
    }
}

#[cfg(feature = "tls")]
impl Certificates {
    pub(crate) fn read(&self) {
        self.reads.inc();
    }

    pub(crate) fn failed(&self) {
        self.errors.inc();
    }
}
