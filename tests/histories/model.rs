//! Computes the exposition after any history in the plainest way.
//!
//! It is the table at the top of `src/membership.rs`, written a second time: no locks, no order of
//! threads, nothing kept between two scrapes that could be read again, and no code of the crate.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True, Unknown};

use crate::record::{Record, info_line};
use crate::step::{Call, GRACE, Name, STORES, Starter, State};

/// How long a recorded duration is.
pub(crate) const RECORDED: Duration = Duration::from_secs(7);

type SourceNumber = usize;

pub(crate) struct Model {
    pub(crate) now: Duration,
    /// The objects of each store, tracked or not.
    pub(crate) stores: [BTreeMap<Name, State>; STORES.len()],
    /// Those that are tracked, in the order in which they were.
    sources: Vec<Source>,
    records: BTreeMap<Name, Record>,
    /// Rises with each source and each life, so that no number is used twice.
    last_number: usize,
    has_attempts: bool,
    /// A store was tracked.
    has_tracked: bool,
    overlapping: usize,
}

struct Source {
    number: SourceNumber,
    store: usize,
    is_synced: bool,
    /// An object that it has read had Ready, or there are attempts.
    has_ready: bool,
}

/// An attempt that has begun.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) name: Name,
    /// The record and the life that it writes to, if any.
    target: Option<(usize, usize)>,
    is_wrapped: bool,
    started: Duration,
}

impl Model {
    pub(crate) fn new(stores: [BTreeMap<Name, State>; STORES.len()]) -> Self {
        Self {
            now: Duration::ZERO,
            stores,
            sources: Vec::new(),
            records: BTreeMap::new(),
            last_number: 0,
            has_attempts: false,
            has_tracked: false,
            overlapping: 0,
        }
    }

    fn next_number(&mut self) -> usize {
        self.last_number += 1;
        self.last_number
    }

    pub(crate) fn track(&mut self, store: usize) -> SourceNumber {
        self.has_tracked = true;
        let number = self.next_number();
        self.sources.push(Source {
            number,
            store,
            is_synced: false,
            has_ready: false,
        });
        number
    }

    pub(crate) fn mark_synced(&mut self, number: SourceNumber) {
        for source in &mut self.sources {
            source.is_synced |= source.number == number;
        }
    }

    pub(crate) fn end(&mut self, number: SourceNumber) {
        self.sources.retain(|source| source.number != number);
        if self.sources.is_empty() {
            self.records.retain(|_, record| record.owner.is_none());
        }
    }

    fn is_live(&self, number: SourceNumber) -> bool {
        self.sources.iter().any(|source| source.number == number)
    }

    /// The record of an object unless its grace period is over.
    fn record(&mut self, name: Name) -> Option<&mut Record> {
        let expired = |record: &Record| record.deleted_at.is_some_and(|at| self.now >= at + GRACE);
        if self.records.get(&name).is_some_and(expired) {
            self.records.remove(&name);
        }
        self.records.get_mut(&name)
    }

    fn create(&mut self, name: Name) -> &mut Record {
        let number = self.next_number();
        let record = Record {
            identity: number,
            life: number,
            ..Record::default()
        };
        let entry = self.records.entry(name).or_default();
        *entry = record;
        entry
    }

    fn begin_life(&mut self, name: Name) {
        let life = self.next_number();
        if let Some(record) = self.records.get_mut(&name) {
            record.begin_life(life);
        }
    }

    /// A source takes a record that is its own, or that no source before it claims.
    fn take(&mut self, name: Name, number: SourceNumber, uid: Option<u8>) {
        let Some(record) = self.record(name) else {
            let record = self.create(name);
            (record.owner, record.uid) = (Some(number), uid);
            return;
        };
        let is_alike = record.uid.is_some() && record.uid == uid;
        let is_other = record.uid.is_some() && uid.is_some() && record.uid != uid;
        let is_own = record.owner == Some(number);
        let is_new_life = if record.deleted_at.is_some() {
            record.deleted_at = None;
            !is_alike
        } else {
            is_own && is_other
        };
        if !is_own || uid.is_some() {
            (record.owner, record.uid) = (Some(number), uid);
        }
        if is_new_life {
            self.begin_life(name);
        }
    }

    fn started(&mut self, name: Name) -> Option<(usize, usize)> {
        let record = self.records.get_mut(&name)?;
        record.outcome.get_or_insert(Unknown);
        Some((record.identity, record.life))
    }

    /// A wrapped attempt of a source.
    fn start_of_source(&mut self, name: Name, number: SourceNumber, uid: Option<u8>) -> Attempt {
        self.mark_synced(number);
        let mut target = None;
        if self.is_live(number) {
            let sources: Vec<_> = self.sources.iter().map(|source| source.number).collect();
            let is_of_other = |record: &mut Record| {
                let other = record.owner.filter(|owner| *owner != number);
                record.deleted_at.is_none() && other.is_some_and(|other| sources.contains(&other))
            };
            if !self.record(name).is_some_and(is_of_other) {
                self.take(name, number, uid);
            }
            target = self.started(name);
        }
        self.attempt(name, target, true)
    }

    fn attempt(&mut self, name: Name, target: Option<(usize, usize)>, is_wrapped: bool) -> Attempt {
        self.has_attempts = true;
        Attempt {
            name,
            target,
            is_wrapped,
            started: self.now,
        }
    }

    pub(crate) fn start(
        &mut self,
        starter: Starter,
        number: SourceNumber,
        name: Name,
        uid: Option<u8>,
    ) -> Attempt {
        if matches!(starter, Starter::Linked(_)) {
            return self.start_of_source(name, number, uid);
        }
        self.outside(name, true, |_| ());
        let target = self.started(name);
        self.attempt(name, target, matches!(starter, Starter::Unlinked))
    }

    /// A call without a source that is not inside an attempt on its object.
    fn outside(&mut self, name: Name, revives: bool, write: impl FnOnce(&mut Record)) {
        let holder = self
            .sources
            .iter()
            .find(|source| self.stores[source.store].contains_key(&name));
        let holder = holder.map(|source| source.number);
        let found = self.record(name);
        let (is_missing, owner) = match &found {
            Some(record) => (false, record.owner),
            None => (true, None),
        };
        let is_deleted = found.is_some_and(|record| record.deleted_at.is_some());
        let looks = is_missing || (is_deleted && revives && owner.is_some());
        let holder = holder.filter(|_| looks);
        if is_missing {
            self.create(name);
        } else if is_deleted && revives && (owner.is_none() || holder.is_some()) {
            self.begin_life(name);
        }
        if let Some(holder) = holder {
            self.mark_synced(holder);
        }
        let record = self.records.get_mut(&name).expect("it was found or made");
        if holder.is_some() {
            (record.owner, record.uid) = (holder, None);
        }
        write(record);
    }

    /// A call, inside of an attempt if there is one.
    pub(crate) fn call(&mut self, call: Call, within: Option<&Attempt>) {
        let of = |name: Name| within.filter(|attempt| attempt.name == name);
        match call {
            Call::Condition(name, condition, status) => {
                self.write(name, of(name), true, |record| record.set(condition, status));
            }
            Call::Suspend(name, suspended) => {
                let set = |record: &mut Record| {
                    let is_deleted = record.deleted_at.is_some();
                    record.suspended.record(suspended, is_deleted);
                };
                self.write(name, of(name), false, set);
            }
            Call::Duration(name) => {
                let observe = |record: &mut Record| record.durations.push(RECORDED);
                self.write(name, of(name), false, observe);
            }
            Call::Delete(name) => {
                let now = self.now;
                if let Some(record) = self.record(name) {
                    record.deleted_at.get_or_insert(now);
                }
            }
            Call::Forget(name) => drop(self.records.remove(&name)),
            Call::Clear => self.records.clear(),
            Call::Attempt(name, succeeds) => {
                let attempt = match of(name) {
                    Some(outer) => {
                        self.overlapping += usize::from(outer.is_wrapped);
                        Attempt {
                            started: self.now,
                            ..outer.clone()
                        }
                    }
                    None => self.start(Starter::Start, 0, name, None),
                };
                self.has_attempts = true;
                self.finish(&attempt, succeeds);
            }
        }
    }

    fn write(
        &mut self,
        name: Name,
        within: Option<&Attempt>,
        revives: bool,
        write: impl FnOnce(&mut Record),
    ) {
        match within {
            None => self.outside(name, revives, write),
            Some(attempt) => {
                if let Some(record) = self.record(name)
                    && attempt.is_of_life(record)
                {
                    write(record);
                }
            }
        }
    }

    pub(crate) fn finish(&mut self, attempt: &Attempt, succeeds: bool) {
        let took = self.now.saturating_sub(attempt.started);
        let Some(record) = self.record(attempt.name) else {
            return;
        };
        if attempt.target.is_some_and(|(of, _)| of == record.identity) {
            record.durations.push(took);
        }
        if attempt.is_of_life(record) {
            record.outcome = Some(if succeeds { True } else { False });
        }
    }

    /// Reads the stores and returns what a scrape shows.
    pub(crate) fn scrape(&mut self) -> BTreeSet<String> {
        self.sync();
        let names: Vec<_> = self.records.keys().copied().collect();
        for name in names {
            self.record(name);
        }
        let guests = self.guests();
        let synced = self.sources.iter().filter(|source| source.is_synced);
        let synced = synced.count();
        let mut shown = BTreeSet::from([
            format!("sources {synced} {}", self.sources.len() - synced),
            format!("overlapping {}", self.overlapping),
        ]);
        // Without attempts and stores nothing watches over objects.
        if self.has_attempts || self.has_tracked {
            shown.insert(format!("objects {}", self.records.len()));
        }
        for (name, record) in &self.records {
            record.show(*name, &mut shown);
        }
        for ((group, name), state) in guests {
            shown.insert(info_line(group, name, state.ready, state.suspended));
        }
        shown
    }

    fn sync(&mut self) {
        if self.sources.is_empty() {
            return;
        }
        let mut seen = BTreeSet::new();
        let mut complete = BTreeSet::new();
        for at in 0..self.sources.len() {
            let source = &mut self.sources[at];
            let objects = self.stores[source.store].clone();
            source.is_synced |= !objects.is_empty();
            source.has_ready |= self.has_attempts;
            source.has_ready |= objects.values().any(|state| state.ready.is_some());
            let (number, group, has_ready) =
                (source.number, STORES[source.store], source.has_ready);
            if source.is_synced {
                complete.insert(number);
            }
            for (name, state) in objects {
                if seen.insert(name) {
                    self.take(name, number, state.uid);
                    let record = self.records.get_mut(&name).expect("it was taken");
                    record.read(state, group, has_ready);
                }
            }
        }
        let now = self.now;
        let sources: Vec<_> = self.sources.iter().map(|source| source.number).collect();
        self.records.retain(|name, record| {
            let owner = record.owner.filter(|_| !seen.contains(name));
            if owner.is_some_and(|owner| complete.contains(&owner)) {
                record.deleted_at.get_or_insert(now);
            }
            owner.is_none_or(|owner| sources.contains(&owner))
        });
    }

    /// Objects whose record belongs to an object of another group.
    fn guests(&self) -> BTreeMap<(usize, Name), State> {
        let mut guests = BTreeMap::new();
        for source in &self.sources {
            let group = STORES[source.store];
            for (name, state) in &self.stores[source.store] {
                let owner = self.records.get(name).and_then(|record| record.owner);
                let owner = self.sources.iter().find(|one| Some(one.number) == owner);
                if owner.is_some_and(|owner| STORES[owner.store] != group) {
                    guests.entry((group, *name)).or_insert(*state);
                }
            }
        }
        guests
    }
}

impl Attempt {
    fn is_of_life(&self, record: &Record) -> bool {
        record.deleted_at.is_none() && self.target == Some((record.identity, record.life))
    }
}
