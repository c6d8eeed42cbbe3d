//! What all clones of a recorder share.
//!
//! Data only: what is recorded in it is written by `families` and `reconcile`, read by
//! `exposition`.

use std::fmt;
use std::panic::RefUnwindSafe;

use crate::catalog::Family;
use crate::controller::Controllers;
use crate::metric::{Counter, Gauge, Labelled};
use crate::registries::Registries;
use crate::requests::Requests;
use crate::status::ConditionTypes;
use crate::store::{Snapshot, Store};
use crate::sync::{Arc, AtomicBool, AtomicUsize};
use crate::tracking::Tracking;

/// A process takes part in one or two elections; the bound is against names made of user input.
const MAX_LEASES: usize = 16;

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) types: ConditionTypes,
    pub(crate) controllers: Controllers,
    pub(crate) registries: Registries,
    /// The counters and limits of all servers of this recorder.
    #[cfg(feature = "server")]
    pub(crate) totals: Arc<metrics_endpoint::Totals>,
    /// Which leases this process holds.
    pub(crate) leases: Labelled<String, Gauge, MAX_LEASES>,
    pub(crate) requests: Requests,
    pub(crate) tracking: Tracking,
    pub(crate) bounds: Box<[f64]>,
    /// The bits of the families that are switched off.
    pub(crate) without: u64,
    pub(crate) refused_types: Counter,
    /// Of the last exposition that was asked for as one string: the next one will be about as
    /// long.
    pub(crate) last_length: AtomicUsize,
    /// Whether the recorder is a collector of some registry.
    pub(crate) registered: AtomicBool,
}

/// Counts only, and under no lock: whoever prints may be slow, or record while he does.
impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("objects", &self.store.objects())
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

// No lock is held while code of the user runs, so a panic there leaves nothing half changed.
impl RefUnwindSafe for Inner {}

impl Inner {
    pub(crate) fn exposes(&self, family: Family) -> bool {
        self.without & family.bit() == 0
    }

    /// The records in the order of the exposition, as the tracked stores and the end of the grace
    /// have them.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        let has_attempts = |kind: &str| self.controllers.has_attempts(kind);
        self.tracking.sync(&self.store, has_attempts);
        self.store.snapshot()
    }

    pub(crate) fn count_refused_type(&self) {
        self.refused_types.inc();
    }

    /// How many recordings each limit refused, in the order of the exposition.
    pub(crate) fn refused(&self) -> [(&'static str, u64); 6] {
        let types = self.refused_types.get() + self.tracking.refused_types();
        [
            ("condition_types", types),
            ("controllers", self.controllers.refused()),
            ("error_categories", self.controllers.refused_categories()),
            ("leases", self.leases.refused()),
            ("objects", self.store.refused()),
            ("requests", self.requests.refused()),
        ]
    }

    /// How many objects there are; `None` where neither an attempt nor a tracked store tells of
    /// objects that are to be watched over.
    pub(crate) fn known_objects(&self) -> Option<u64> {
        let any = self.controllers.any() || self.tracking.panics().is_some();
        any.then(|| self.store.objects() as u64)
    }
}
