//! What the documentation says about the life of an object, written down once more.
//!
//! Plain maps, no tombstones: what is due is gone before anything else happens.

use std::collections::BTreeMap;
use std::time::Duration;

use gotk_metrics::ConditionStatus::{self, False, True, Unknown};
use gotk_metrics::{Family, Outcome, Recorder, RecorderBuilder};

/// Kind, name and namespace, each capped; compared as bytes.
pub(crate) type Key = [String; 3];

pub(crate) const CAPS: [usize; 3] = [63, 253, 253];
pub(crate) const TYPE_CAP: usize = 316;
const READY: &str = "Ready";
/// Where a manual clock stops.
const END_OF_TIME: Duration = Duration::from_nanos(u64::MAX);

/// Families about the time that a controller takes and about nested attempts, which have tests of
/// their own.
const NOT_IN_THE_MODEL: [Family; 9] = [
    Family::ActiveWorkers,
    Family::AttemptsOverlapping,
    Family::ReconcileTime,
    Family::ReconcileTimeouts,
    Family::Objects,
    Family::LongestRunning,
    Family::Retries,
    Family::UnfinishedWork,
    Family::WorkDuration,
];

/// A recorder without them.
pub(crate) fn modelled() -> RecorderBuilder {
    let builder = Recorder::builder();
    NOT_IN_THE_MODEL
        .iter()
        .fold(builder, |builder, family| builder.without(*family))
}

pub(crate) struct Model {
    pub(crate) objects: BTreeMap<Key, Object>,
    pub(crate) controllers: BTreeMap<String, Counters>,
    pub(crate) refused_objects: usize,
    pub(crate) refused_types: usize,
    now: Duration,
    grace: Duration,
    max_objects: usize,
    born: u64,
}

/// One record, from its creation until it leaves the recorder.
#[derive(Default)]
pub(crate) struct Object {
    birth: u64,
    revivals: u64,
    deleted_at: Option<Duration>,
    explicit: BTreeMap<String, ConditionStatus>,
    outcome: Option<ConditionStatus>,
    pub(crate) suspended: Option<bool>,
    /// In seconds.
    pub(crate) durations: Vec<f64>,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) errors: usize,
    pub(crate) requeues: usize,
    pub(crate) requeues_after: usize,
    pub(crate) successes: usize,
    pub(crate) panics: usize,
    pub(crate) cancelled: usize,
}

/// What an attempt remembers from its start.
pub(crate) struct Attempt {
    key: Key,
    controller: String,
    started: Duration,
    /// Birth and revivals of the record; `None` if the object was refused.
    record: Option<(u64, u64)>,
}

#[derive(Clone, Copy)]
pub(crate) enum End {
    Finished(Outcome),
    Panicked,
    Cancelled,
}

impl Model {
    pub(crate) fn new(grace: Duration, max_objects: usize) -> Self {
        Self {
            objects: BTreeMap::new(),
            controllers: BTreeMap::new(),
            refused_objects: 0,
            refused_types: 0,
            now: Duration::ZERO,
            grace,
            max_objects,
            born: 0,
        }
    }

    pub(crate) fn condition(&mut self, key: &Key, condition: &str, status: ConditionStatus) {
        if condition.is_empty() {
            self.refused_types += 1;
            return;
        }
        if let Some(object) = self.object(key) {
            object.revive();
            object.explicit.insert(capped(condition, TYPE_CAP), status);
        }
    }

    pub(crate) fn suspend(&mut self, key: &Key, suspended: bool) {
        if let Some(object) = self.object(key) {
            object.suspended = Some(suspended);
        }
    }

    pub(crate) fn duration(&mut self, key: &Key, duration: Duration) {
        if let Some(object) = self.object(key) {
            object.durations.push(duration.as_secs_f64());
        }
    }

    pub(crate) fn deleted(&mut self, key: &Key) {
        let now = self.now;
        if let Some(object) = self.objects.get_mut(key) {
            object.deleted_at.get_or_insert(now);
        }
        self.expire();
    }

    pub(crate) fn forget(&mut self, key: &Key) {
        self.objects.remove(key);
    }

    pub(crate) fn clear(&mut self) {
        self.objects.clear();
    }

    pub(crate) fn advance(&mut self, step: Duration) {
        self.now = self.now.saturating_add(step).min(END_OF_TIME);
        self.expire();
    }

    pub(crate) fn start(&mut self, key: &Key) -> Attempt {
        let controller = key[0].to_lowercase();
        self.controllers.entry(controller.clone()).or_default();
        let record = self.object(key).map(|object| {
            object.revive();
            object.outcome.get_or_insert(Unknown);
            (object.birth, object.revivals)
        });
        Attempt {
            key: key.clone(),
            controller,
            started: self.now,
            record,
        }
    }

    pub(crate) fn end(&mut self, attempt: &Attempt, end: End) {
        let counters = self.controllers.entry(attempt.controller.clone());
        counters.or_default().count(end);
        let ready = match end {
            End::Finished(Outcome::Error) | End::Panicked => False,
            End::Finished(_) => True,
            End::Cancelled => return,
        };
        let object = self.objects.get_mut(&attempt.key);
        if let (Some(object), Some((birth, revivals))) = (object, attempt.record)
            && object.birth == birth
        {
            let elapsed = self.now.saturating_sub(attempt.started);
            object.durations.push(elapsed.as_secs_f64());
            if object.revivals == revivals && object.deleted_at.is_none() {
                object.outcome = Some(ready);
            }
        }
    }

    /// The object's record, created if there is room.
    fn object(&mut self, key: &Key) -> Option<&mut Object> {
        if !self.objects.contains_key(key) {
            if self.objects.len() == self.max_objects {
                self.refused_objects += 1;
                return None;
            }
            self.born += 1;
            let object = Object {
                birth: self.born,
                ..Object::default()
            };
            self.objects.insert(key.clone(), object);
        }
        self.objects.get_mut(key)
    }

    fn expire(&mut self) {
        let is_due = |deleted_at| self.now.saturating_sub(deleted_at) >= self.grace;
        self.objects
            .retain(|_, object| !object.deleted_at.is_some_and(is_due));
    }
}

impl Object {
    fn revive(&mut self) {
        if self.deleted_at.take().is_some() {
            self.revivals += 1;
            // Ready follows the attempts again.
            if self.explicit.remove(READY).is_some() || self.outcome.is_some() {
                self.outcome = Some(Unknown);
            }
            self.explicit
                .values_mut()
                .for_each(|status| *status = Unknown);
        }
    }

    /// The value of the label `status` that is 1, for each condition type.
    pub(crate) fn conditions(&self) -> BTreeMap<&str, &'static str> {
        let outcome = self.outcome.iter().map(|status| (READY, status));
        let explicit = self
            .explicit
            .iter()
            .map(|(condition, status)| (&**condition, status));
        // The later of two entries stays.
        let all = outcome.chain(explicit);
        all.map(|(condition, status)| match self.deleted_at {
            Some(_) => (condition, "Deleted"),
            None => (condition, status.as_str()),
        })
        .collect()
    }
}

impl Counters {
    fn count(&mut self, end: End) {
        match end {
            End::Finished(Outcome::Error) => self.errors += 1,
            End::Finished(Outcome::Requeue) => self.requeues += 1,
            End::Finished(Outcome::RequeueAfter) => self.requeues_after += 1,
            End::Finished(Outcome::Success) => self.successes += 1,
            End::Panicked => {
                self.errors += 1;
                self.panics += 1;
            }
            End::Cancelled => self.cancelled += 1,
        }
    }
}

/// The longest start of `value` of at most `cap` bytes.
pub(crate) fn capped(value: &str, cap: usize) -> String {
    let mut kept = String::new();
    for character in value.chars() {
        if kept.len() + character.len_utf8() > cap {
            break;
        }
        kept.push(character);
    }
    kept
}
