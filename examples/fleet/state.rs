//! The simulator's own idea of an object's state, kept without asking the recorder.

use std::collections::BTreeMap;
use std::time::Duration;

use gotk_metrics::ConditionStatus;

use crate::plan::Ending;

/// How long the series of a deleted object stay. Some objects are back before that, some after.
pub(crate) const GRACE: Duration = Duration::from_secs(120);

#[derive(Debug, Default)]
pub(crate) struct State {
    /// `None` until the first attempt has started.
    pub(crate) ready: Option<ConditionStatus>,
    pub(crate) suspended: bool,
    /// In simulated time; `None` while the object exists.
    pub(crate) deleted_at: Option<Duration>,
    /// How many durations the histogram holds: a cancelled attempt has none.
    pub(crate) durations: u64,
    /// How many attempts ended in which way.
    pub(crate) attempts: BTreeMap<Ending, u64>,
    /// Whether an attempt is under way.
    pub(crate) at_work: bool,
}

impl State {
    /// An attempt starts, which brings a deleted object back, with its histogram if that is left.
    pub(crate) fn start(&mut self, now: Duration) {
        if self.is_gone(now) {
            self.durations = 0;
        }
        if self.deleted_at.take().is_some() {
            self.ready = None;
        }
        self.ready.get_or_insert_default();
        self.at_work = true;
    }

    /// Whether it was deleted so long ago that no series is left.
    pub(crate) fn is_gone(&self, now: Duration) -> bool {
        let age = |deleted_at| now.saturating_sub(deleted_at);
        self.deleted_at.map(age) >= Some(GRACE)
    }

    pub(crate) fn end(&mut self, ending: Ending) {
        self.at_work = false;
        *self.attempts.entry(ending).or_default() += 1;
        self.durations += u64::from(ending != Ending::Cancelled);
        match ending {
            Ending::Success | Ending::Requeue | Ending::RequeueAfter => {
                self.ready = Some(ConditionStatus::True);
            }
            Ending::Failed | Ending::Panicked => self.ready = Some(ConditionStatus::False),
            Ending::Cancelled => {}
        }
    }
}
