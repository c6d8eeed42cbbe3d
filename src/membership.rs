//! Which source a record belongs to, and what each event does to the record.
//!
//! A *source* is a tracked store. It is live until its guard or its stream ends. The *owner* of a
//! record is one source, or none, and **only the owner judges the record**. A source is *complete*
//! if it has held an object, if its first list is known to be complete, or if one of its
//! controller's attempts has started.
//!
//! Two uids are *alike* if they are equal and *other* if both are known and differ; otherwise the
//! uid is *unknown*. Only the owner compares uids: two stores of different age would otherwise
//! change the uid at each scrape. A *sign of life* is the creation of a record, the start of an
//! attempt on it, or its presence in a source. A call is *inside* an attempt if it is on the object
//! of the attempt that this thread is polling.
//!
//! | event | no record | no owner | owned by S itself | owned by T, live | owned by T, ended | deleted, in its grace period |
//! |---|---|---|---|---|---|---|
//! | a sync of S finds the object | create, S becomes the owner | S adopts it | mark as seen; other uid: new life | if T is before S in track order and has the object: nothing; otherwise S takes over and reads the object again | S takes over and reads the object again | revive, S becomes the owner; alike: as it was; other or unknown: new life |
//! | an attempt of S starts, S is live | create, S becomes the owner | S adopts it | sign of life; other uid: new life | sign of life; the owner stays | S takes over | revive, S becomes the owner, as above |
//! | an attempt of S starts, S has ended | nothing | nothing | nothing | nothing | nothing | nothing |
//! | an attempt or a call without a source, outside | create; the source that has the object now becomes the owner; none: no owner | write | write | write | write | no owner: revive; owned: revive if a source has the object now, which becomes the owner; otherwise it stays Deleted |
//! | suspension or duration without a source | as above | write | write | write | write | write, never revive |
//! | a call inside an attempt | nothing | write if it is the attempt's life | same | same | same | nothing |
//! | the end of an attempt | nothing | outcome if it is the attempt's life; duration | same | same | same | duration, no outcome |
//! | a sync ends, no sign of life since it began | | never judged | S is complete and no source came or went: read the other sources of the kind again; still unseen: Deleted. S is not complete: stays | | removed, without Deleted | owner has ended: removed |
//! | the end of S | | stays | removed at once if S is the only source of its kind, otherwise at the next sync or when the cap needs room | | | the same |
//! | `record_deleted`, `forget` | | Deleted, removed | the same; while its source has the object, the next sync brings it back (alike: as it was) | same | same | nothing, removed |
//! | `clear` | | removed | removed, and back at the next scrape while its source is live; a sync in progress runs once more | same | removed | removed |
//!
//! A *new life* makes every known condition Unknown, drops an explicit Ready and resets the
//! outcome; the histogram continues. *As it was* clears the deleted bit and nothing else.
//!
//! Owner and uid are set under the lock of the shard, in any mode. A life changes only under its
//! write lock. Whether the acting source is live is read under the lock of the shard. Look-ups in
//! stores, and whether *another* source is live, run under no lock: the end of a sync holds the
//! list of sources while it locks shards.
//!
//! The rows about a sync and about the end of a source are in `store/sighting.rs` and in `tracking`.

use std::time::Duration;

use crate::catalog::Family;
use crate::inner::Inner;
use crate::object::Key;
use crate::origin::{Origin, SourceId, SourceState, Uid};
use crate::series::{ObjectSeries, Round, Turn};
use crate::status::Word;
use crate::store::{Denied, Found, take};
use crate::sync::Arc;

/// One life of an object: from its creation, or from a revival, to the next one.
///
/// What is written through it changes no other life and brings nothing back.
#[derive(Debug)]
pub(crate) struct Life {
    record: Arc<ObjectSeries>,
    epoch: u64,
}

/// A call without a source.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) key: Key<'a>,
    /// Whether it may bring a deleted object back.
    pub(crate) revives: bool,
    /// Whether it may create the record of an object that no source has: not if what it records is
    /// not exposed.
    pub(crate) creates: bool,
}

/// What a call without a source finds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Missing,
    Alive,
    DeletedUnowned,
    DeletedOwned,
}

/// What the start of an attempt of a source finds while the shard is locked for reading.
enum Start {
    Begun(Life),
    SourceEnded,
    /// The life changes, which takes the write lock.
    NewLife,
    OwnedBy(SourceId),
}

// === impl Inner ===

impl Inner {
    /// Starts an attempt of the controller of `source`; `None` if the source has ended, or if the
    /// cap refuses the object.
    pub(crate) fn start_of_source(
        &self,
        key: Key<'_>,
        source: &SourceState,
        uid: Uid,
    ) -> Option<Life> {
        let own = Origin::new(source.id(), uid);
        let mut ended = None;
        match self
            .store
            .with_found(key, |record| self.start_found(record, source, own))
        {
            Some(Start::Begun(life)) => return Some(life),
            Some(Start::SourceEnded) => return None,
            Some(Start::NewLife) | None => {}
            Some(Start::OwnedBy(owner)) if self.tracking.is_live(owner) => {
                let started = self.store.with_found(key, |record| {
                    let is_there = source.is_live() && !record.word().is_deleted();
                    is_there.then(|| self.begin(record, Turn::Same))
                });
                if let Some(Some(life)) = started {
                    return Some(life);
                }
            }
            Some(Start::OwnedBy(owner)) => ended = Some(owner),
        }
        let admitted = |_: Option<&ObjectSeries>| source.is_live();
        let started = self
            .store
            .with_entry(key, self.store.now(), admitted, |record| {
                let owner = record.origin().owner;
                let takes_over = owner.is_none() || owner == own.owner || owner == ended;
                let turn = if record.word().is_deleted() || takes_over {
                    take(record, own)
                } else {
                    Turn::Same
                };
                self.begin(record, turn)
            });
        self.store.counted(started)
    }

    fn start_found(&self, record: &Arc<ObjectSeries>, source: &SourceState, own: Origin) -> Start {
        let origin = record.origin();
        if !source.is_live() {
            return Start::SourceEnded;
        }
        if record.word().is_deleted() {
            return Start::NewLife;
        }
        match origin.owner {
            Some(owner) if owner != source.id() => return Start::OwnedBy(owner),
            Some(_) if origin.uid.is_other(own.uid) => return Start::NewLife,
            _ => record.adopt(own),
        }
        Start::Begun(self.begin(record, Turn::Same))
    }

    /// Starts an attempt without a source; `None` if the cap refuses the object.
    pub(crate) fn start_of_call(&self, key: Key<'_>) -> Option<Life> {
        let call = Call {
            key,
            revives: true,
            creates: self.exposes(Family::ReconcileCondition)
                || self.exposes(Family::ReconcileDuration),
        };
        self.call(call, |record, turn| self.begin(record, turn))
    }

    fn begin(&self, record: &Arc<ObjectSeries>, turn: Turn) -> Life {
        record.touch(self.store.round());
        record.change(|word| Some(turn.apply(word).with_attempt()));
        Life {
            epoch: record.word().epoch(),
            record: Arc::clone(record),
        }
    }

    /// Runs `act` on the object's record for a call without a source; `None` if there is none.
    ///
    /// `act` runs under the lock of the shard: short, and without a look-up of its own. It applies
    /// the turn in the same change of the word as its own.
    pub(crate) fn call<R>(
        &self,
        call: Call<'_>,
        mut act: impl FnMut(&Arc<ObjectSeries>, Turn) -> R,
    ) -> Option<R> {
        let Call {
            key,
            revives,
            creates,
        } = call;
        loop {
            let found = match self.store.with_alive(key, |record| act(record, Turn::Same)) {
                Found::Alive(result) => return Some(result),
                Found::Deleted(record) => Some(record),
                Found::Missing => None,
            };
            // Under no lock: the clock and the sources are code of others.
            let now = self.store.now();
            let case = self.case(found.as_deref(), now);
            let holder = match case {
                Case::Missing => self.tracking.holder(key),
                Case::DeletedOwned if revives => self.tracking.holder(key),
                _ => None,
            };
            if case == Case::Missing && holder.is_none() && !creates {
                return None;
            }
            let owner = holder.as_ref().map(|source| source.state());
            let admitted = |found: Option<&ObjectSeries>| {
                self.case(found, now) == case && owner.is_none_or(SourceState::is_live)
            };
            let called = self.store.with_entry(key, now, admitted, |record| {
                let turn = match case {
                    Case::DeletedUnowned if revives => Turn::NewLife,
                    Case::DeletedOwned if owner.is_some() => Turn::NewLife,
                    _ => Turn::Same,
                };
                if turn == Turn::NewLife {
                    record.turn(turn);
                    record.touch(self.store.round());
                }
                if let Some(owner) = owner {
                    record.set_origin(Origin::new(owner.id(), Uid::UNKNOWN));
                }
                act(record, turn)
            });
            match called {
                // Somebody else was faster: what was found is not so any more.
                Err(Denied::NotAdmitted) => {}
                called => return self.store.counted(called),
            }
        }
    }

    fn case(&self, found: Option<&ObjectSeries>, now: Duration) -> Case {
        let Some(record) = found.filter(|record| !self.store.has_expired(record, now)) else {
            return Case::Missing;
        };
        match record.origin().owner {
            _ if !record.word().is_deleted() => Case::Alive,
            None => Case::DeletedUnowned,
            Some(_) => Case::DeletedOwned,
        }
    }
}

// === impl Life ===

impl Life {
    pub(crate) fn record(&self) -> &ObjectSeries {
        &self.record
    }

    /// Changes the state if this is still the object's life.
    pub(crate) fn change(&self, change: impl Fn(Word) -> Option<Word>) {
        self.record.change_life(self.epoch, change);
    }

    /// Whether this is still the object's life.
    pub(crate) fn is_current(&self) -> bool {
        self.record.word().is_life(self.epoch)
    }

    /// Starts an attempt within another one on the same object.
    pub(crate) fn begin(&self, round: Round) -> Self {
        if self.is_current() {
            self.record.touch(round);
        }
        Self {
            record: Arc::clone(&self.record),
            epoch: self.epoch,
        }
    }
}
