//! One attempt as it is to be.

use std::time::Duration;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than anybody looks.
pub(crate) const FOR_GOOD: Duration = Duration::from_secs(1_000_000);

/// What is to happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) takes: Duration,
    pub(crate) ending: Ending,
    /// Whether the object is going to fail for long.
    pub(crate) stalled: bool,
    /// What went wrong, if it fails.
    pub(crate) category: &'static str,
    /// What the API server answers to what the reconcile writes.
    pub(crate) written: u16,
    /// Whether somebody has changed the spec before.
    pub(crate) changed: bool,
    /// How much longer than planned it may take before it is cancelled.
    pub(crate) patience: Duration,
}

impl Plan {
    /// Nothing else is remarkable about it.
    pub(crate) fn new(takes: Duration, ending: Ending) -> Self {
        Self {
            takes,
            ending,
            stalled: false,
            category: "apply",
            written: 200,
            changed: false,
            patience: PATIENCE,
        }
    }

    /// Something else is broken, so this fails too.
    pub(crate) fn fails(&mut self, category: &'static str) {
        (self.ending, self.category) = (Ending::Failed, category);
    }
}

/// How an attempt ends; the truth calls it by the name of the variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    Success,
    Requeue,
    RequeueAfter,
    Failed,
    Panicked,
    /// It hung until somebody lost patience.
    Cancelled,
}
