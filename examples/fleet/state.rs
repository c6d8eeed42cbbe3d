//! The simulator's own idea of an object's state, kept without asking the recorder.

use std::collections::BTreeMap;
use std::time::Duration;

use gotk_metrics::ConditionStatus;

use crate::plan::{Ending, Plan};

/// How long the series of a deleted object stay. Some objects are back before that, some after.
pub(crate) const GRACE: Duration = Duration::from_secs(120);

#[derive(Debug, Default)]
pub(crate) struct State {
    /// `None` until the first attempt has started.
    pub(crate) ready: Option<ConditionStatus>,
    pub(crate) suspended: bool,
    /// In simulated time; `None` while the object exists.
    pub(crate) deleted_at: Option<Duration>,
    /// In Unix time; `None` unless a finalizer holds it.
    pub(crate) asked_to_go: Option<Duration>,
    /// Of the spec, and the one that the status is about.
    pub(crate) generation: i64,
    pub(crate) observed_generation: i64,
    /// Those besides Ready, and whether they hold.
    pub(crate) conditions: BTreeMap<String, bool>,
    /// How many durations the histogram holds: a cancelled attempt has none.
    pub(crate) durations: u64,
    /// How many attempts ended in which way.
    pub(crate) attempts: BTreeMap<Ending, u64>,
    /// Whether an attempt is under way.
    pub(crate) at_work: bool,
}

impl State {
    /// An attempt starts, which brings a deleted object back, with its histogram if that is left.
    pub(crate) fn start(&mut self, now: Duration, plan: &Plan) {
        if self.is_gone(now) {
            self.durations = 0;
        }
        if self.deleted_at.take().is_some() {
            self.ready = None;
        }
        self.ready.get_or_insert_default();
        self.at_work = true;
        // What is new has to be seen for a first time.
        self.generation = (self.generation + i64::from(plan.changed)).max(1);
    }

    pub(crate) fn delete(&mut self, now: Duration) {
        self.deleted_at = Some(now);
        self.asked_to_go = None;
        (self.generation, self.observed_generation) = (0, 0);
        self.conditions.clear();
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
                self.observed_generation = self.generation;
            }
            Ending::Failed | Ending::Panicked => self.ready = Some(ConditionStatus::False),
            Ending::Cancelled => {}
        }
    }
}
