//! The model's record of one object.

use std::collections::BTreeSet;
use std::time::Duration;

use gotk_metrics::ConditionStatus::{self, Unknown};

use crate::step::{Condition, Name, State};

#[derive(Clone, Default)]
pub(crate) struct Record {
    /// Of the record: another one after its removal.
    pub(crate) identity: usize,
    pub(crate) life: usize,
    pub(crate) owner: Option<usize>,
    pub(crate) uid: Option<u8>,
    pub(crate) deleted_at: Option<Duration>,
    pub(crate) tracked_ready: Option<ConditionStatus>,
    pub(crate) explicit_ready: Option<ConditionStatus>,
    pub(crate) outcome: Option<ConditionStatus>,
    pub(crate) stalled: Value<ConditionStatus>,
    pub(crate) suspended: Value<bool>,
    pub(crate) durations: Vec<Duration>,
    pub(crate) info: Option<Info>,
}

/// A value that a store and calls both set.
#[derive(Clone, Copy, Default)]
pub(crate) struct Value<T> {
    value: Option<T>,
    is_of_store: bool,
}

#[derive(Clone, Copy)]
pub(crate) struct Info {
    group: usize,
    is_terminating: bool,
}

impl<T> Value<T> {
    /// A call sets it, unless the store has a value.
    pub(crate) fn record(&mut self, value: T, is_deleted: bool) {
        if !self.is_of_store || is_deleted {
            self.value = Some(value);
        }
    }

    fn read(&mut self, value: Option<T>) {
        if value.is_some() || self.is_of_store {
            self.is_of_store = value.is_some();
            self.value = value;
        }
    }
}

impl Record {
    fn ready(&self) -> Option<ConditionStatus> {
        self.tracked_ready.or(self.explicit_ready).or(self.outcome)
    }

    pub(crate) fn begin_life(&mut self, life: usize) {
        self.life = life;
        self.deleted_at = None;
        self.outcome = self.ready().map(|_| Unknown);
        self.tracked_ready = None;
        self.explicit_ready = None;
        self.stalled.value = self.stalled.value.map(|_| Unknown);
        self.info = None;
    }

    pub(crate) fn set(&mut self, condition: Condition, status: ConditionStatus) {
        match condition {
            Condition::Ready => self.explicit_ready = Some(status),
            Condition::Stalled => self.stalled.record(status, self.deleted_at.is_some()),
        }
    }

    pub(crate) fn read(&mut self, state: State, group: usize, has_ready: bool) {
        self.tracked_ready = state.ready;
        if has_ready {
            self.outcome.get_or_insert(Unknown);
        }
        self.stalled.read(state.stalled);
        self.suspended.read(state.suspended);
        self.info = Some(Info {
            group,
            is_terminating: state.is_terminating,
        });
    }

    pub(crate) fn show(&self, name: Name, shown: &mut BTreeSet<String>) {
        let conditions = [("Ready", self.ready()), ("Stalled", self.stalled.value)];
        for (condition, status) in conditions {
            let status = status.map(|status| match self.deleted_at {
                Some(_) => "Deleted",
                None => status.as_str(),
            });
            shown.extend(status.map(|status| format!("o{name} {condition}={status}")));
        }
        if let Some(suspended) = self.suspended.value {
            shown.insert(format!("o{name} suspended={}", u8::from(suspended)));
        }
        if !self.durations.is_empty() {
            let sum: Duration = self.durations.iter().sum();
            let count = self.durations.len();
            shown.insert(format!("o{name} durations={count}"));
            shown.insert(format!("o{name} sum={}", sum.as_secs()));
        }
        if let Some(info) = self.info.filter(|_| self.deleted_at.is_none()) {
            let suspended = self.suspended.value;
            shown.insert(info_line(info.group, name, self.ready(), suspended));
            if info.is_terminating {
                shown.insert(format!("o{name} terminating"));
            }
        }
    }
}

pub(crate) fn info_line(
    group: usize,
    name: Name,
    ready: Option<ConditionStatus>,
    suspended: Option<bool>,
) -> String {
    let ready = ready.map_or("", ConditionStatus::as_str);
    let suspended = suspended.map_or("", |suspended| if suspended { "true" } else { "false" });
    format!("o{name} info group={group} ready={ready} suspended={suspended}")
}
