//! What is going on, in one line.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gotk_metrics::ConditionStatus;

use crate::object::Object;
use crate::plan::Ending;

/// The first six add up to all objects.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    ready: u64,
    failing: u64,
    unknown: u64,
    /// Not reconciled yet: no condition.
    new: u64,
    /// Still shown, as `Deleted`.
    deleted: u64,
    /// Deleted so long ago that no series is left.
    gone: u64,
    /// Those in `deleted` too.
    suspended: u64,
    pub(crate) attempts: u64,
    panics: u64,
    cancels: u64,
}

impl Counts {
    pub(crate) fn of(objects: &[Arc<Object>], now: Duration) -> Self {
        let mut counts = Self::default();
        for object in objects {
            let state = object.state();
            let attempts = |ending| state.attempts.get(&ending).copied().unwrap_or_default();
            counts.attempts += state.attempts.values().sum::<u64>();
            counts.panics += attempts(Ending::Panicked);
            counts.cancels += attempts(Ending::Cancelled);
            counts.suspended += u64::from(state.suspended && !state.is_gone(now));
            *match (state.deleted_at, state.ready) {
                (Some(_), _) if state.is_gone(now) => &mut counts.gone,
                (Some(_), _) => &mut counts.deleted,
                (None, None) => &mut counts.new,
                (None, Some(ConditionStatus::True)) => &mut counts.ready,
                (None, Some(ConditionStatus::False)) => &mut counts.failing,
                (None, Some(ConditionStatus::Unknown)) => &mut counts.unknown,
            } += 1;
        }
        counts
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            ("ready", self.ready),
            ("failing", self.failing),
            ("unknown", self.unknown),
            ("new", self.new),
            ("deleted", self.deleted),
            ("gone", self.gone),
            ("suspended", self.suspended),
            ("attempts", self.attempts),
            ("panics", self.panics),
        ];
        for (what, count) in counts {
            write!(f, "{what} {count}, ")?;
        }
        write!(f, "cancels {}", self.cancels)
    }
}
