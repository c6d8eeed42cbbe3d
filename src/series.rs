//! The record of one object: its key, its state word, its durations, its labels of
//! `gotk_resource_info`.
//!
//! State and durations change without the store's lock. Whether the object is deleted or gone
//! changes only under the write lock of its shard, so that a record found in the store is alive for
//! as long as the shard is locked.

mod counts;

use std::fmt;
use std::panic::RefUnwindSafe;
use std::time::Duration;

use self::counts::Counts;
use crate::object::Key;
use crate::origin::{Origin, SourceId, Uid};
use crate::resource_info::Info;
use crate::status::{Reading, Word};
use crate::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering};

/// An object as a source has it.
pub(crate) struct View {
    pub(crate) reading: Reading,
    pub(crate) info: Arc<Info>,
}

/// The state and the info of an object at one moment.
pub(crate) struct Shown {
    pub(crate) word: Word,
    pub(crate) info: Option<Arc<Info>>,
}

/// What happens to the life of an object together with a change of its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It goes on.
    Same,
    /// It goes on, and the object is not deleted any more.
    Undeleted,
    /// A new one begins: what earlier attempts and calls came to says nothing about the object.
    NewLife,
}

impl Turn {
    pub(crate) const fn apply(self, word: Word) -> Word {
        match self {
            Self::Same => word,
            Self::Undeleted => word.undeleted(),
            Self::NewLife => word.new_life(),
        }
    }
}

/// The number of a sync of tracked stores, even; wraps around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Round(u32);

impl Round {
    /// From one round to the next.
    pub(crate) const STEP: u32 = 2;

    pub(crate) const fn new(number: u32) -> Self {
        Self(number)
    }

    const fn seen(self) -> u32 {
        self.0 | 1
    }

    /// Whether `seen` is from an earlier round; half of all numbers are.
    const fn is_after(self, seen: u32) -> bool {
        self.0.wrapping_sub(seen).wrapping_sub(1) < u32::MAX / 2
    }
}

pub(crate) struct ObjectSeries {
    /// Kind, name and namespace, one behind the other: one allocation instead of three.
    text: Box<str>,
    kind_len: u8,
    name_len: u8,
    /// Whether the owner has read the object since its life began. False means that the next sync
    /// must read it, even if the object itself has not changed.
    is_read: AtomicBool,
    /// The last round in which there was a sign of life, or the number above it if a sync of that
    /// round saw the object in a store.
    seen: AtomicU32,
    state: AtomicU64,
    /// An [`Origin`]. Set under the lock of the shard, in any mode.
    origin: AtomicU64,
    /// When the object was deleted, in nanoseconds of the clock; means nothing while it is not.
    deleted_at: AtomicU64,
    rest: Mutex<Rest>,
}

/// Not what is behind a lock.
impl fmt::Debug for ObjectSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectSeries")
            .field("key", &self.key())
            .field("word", &self.word())
            .finish_non_exhaustive()
    }
}

// Its lock is held only while numbers are added.
impl RefUnwindSafe for ObjectSeries {}

impl ObjectSeries {
    pub(crate) fn new(key: Key<'_>, buckets: usize, round: Round) -> Self {
        let text = [key.kind, key.name, key.namespace].concat();
        // A key is capped far below 256 bytes a part.
        let len = |part: &str| u8::try_from(part.len()).unwrap_or(u8::MAX);
        Self {
            text: text.into(),
            kind_len: len(key.kind),
            name_len: len(key.name),
            is_read: AtomicBool::new(false),
            seen: AtomicU32::new(round.0),
            state: AtomicU64::new(Word::default().bits()),
            origin: AtomicU64::new(Origin::default().bits()),
            deleted_at: AtomicU64::new(0),
            rest: Mutex::new(Rest {
                counts: Counts::new(buckets),
                sum: 0.0,
                info: None,
            }),
        }
    }

    pub(crate) fn key(&self) -> Key<'_> {
        let (kind, rest) = split(&self.text, self.kind_len);
        let (name, namespace) = split(rest, self.name_len);
        Key {
            kind,
            name,
            namespace,
        }
    }

    /// Whether this is the record of `key`.
    pub(crate) fn is_of(&self, key: Key<'_>) -> bool {
        let Key {
            kind,
            name,
            namespace,
        } = key;
        // Bytes: where a character ends does not matter to whether they are equal.
        let text = self.text.as_bytes();
        let rest = text.strip_prefix(kind.as_bytes());
        let rest = rest.and_then(|rest| rest.strip_prefix(name.as_bytes()));
        usize::from(self.kind_len) == kind.len()
            && usize::from(self.name_len) == name.len()
            && rest == Some(namespace.as_bytes())
    }

    pub(crate) fn word(&self) -> Word {
        // Relaxed: the word guards no other memory; a scrape may be one behind.
        Word::from_bits(self.state.load(Ordering::Relaxed))
    }

    /// Replaces the word by what `change` makes of it, or leaves it if that is `None`.
    pub(crate) fn change(&self, change: impl Fn(Word) -> Option<Word>) {
        // Most records say what was said before: that writes nothing, which costs less than an
        // exchange and leaves the cache line to whoever reads it.
        let change = |bits| {
            let changed = change(Word::from_bits(bits)).map(Word::bits);
            changed.filter(|changed| *changed != bits)
        };
        // Relaxed: as in `word`. An error is the None of `change`.
        let _ = self
            .state
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }

    pub(crate) fn origin(&self) -> Origin {
        // Relaxed: guards no other memory.
        Origin::from_bits(self.origin.load(Ordering::Relaxed))
    }

    pub(crate) fn is_owned_by(&self, source: SourceId) -> bool {
        self.origin().owner == Some(source)
    }

    /// The caller holds the lock of the shard.
    pub(crate) fn set_origin(&self, origin: Origin) {
        // Most syncs find the origin that they would write.
        if self.origin() != origin {
            self.origin.store(origin.bits(), Ordering::Relaxed);
        }
    }

    /// Makes a source the owner. An object without a uid does not replace the uid that the same
    /// owner has seen. The caller holds the lock of the shard.
    pub(crate) fn adopt(&self, own: Origin) {
        if own.uid != Uid::UNKNOWN || self.origin().owner != own.owner {
            self.set_origin(own);
        }
    }

    /// Prepares a change of the state that begins with `turn`.
    ///
    /// The caller holds the write lock of the shard and changes the word next, in one step: a
    /// scrape never sees the state in between.
    pub(crate) fn turn(&self, turn: Turn) {
        if turn == Turn::NewLife {
            self.is_read.store(false, Ordering::Relaxed);
            self.rest.lock().info = None;
        }
    }

    /// Whether the owner has read the object since its life began.
    pub(crate) fn is_read(&self) -> bool {
        self.is_read.load(Ordering::Relaxed)
    }

    /// The caller holds the write lock of the shard.
    pub(crate) fn delete(&self, now: Duration) {
        // Relaxed: read only by those who hold the lock, or after they saw the word change, where
        // one that is too old makes a late end count that came at the very end of the grace.
        self.deleted_at.store(nanos(now), Ordering::Relaxed);
        // The info stays, hidden: an object that only moved between two sources is shown again as
        // it was.
        self.change(|word| Some(word.deleted()));
    }

    /// Whether the object was deleted at least `grace` before `now`.
    pub(crate) fn is_due(&self, now: Duration, grace: Duration) -> bool {
        let deleted_at = Duration::from_nanos(self.deleted_at.load(Ordering::Relaxed));
        self.word().is_deleted() && now.saturating_sub(deleted_at) >= grace
    }

    pub(crate) fn deleted_at(&self) -> Duration {
        Duration::from_nanos(self.deleted_at.load(Ordering::Relaxed))
    }

    pub(crate) fn observe(&self, bounds: &[f64], seconds: f64) {
        // Bounds are inclusive. Searched outside of the lock.
        let bucket = bounds.partition_point(|bound| *bound < seconds);
        let mut rest = self.rest.lock();
        rest.sum += seconds;
        rest.counts.add(bucket);
    }

    /// Changes the state of the life with this epoch; does nothing in another life, or if the
    /// object is deleted or its record has left the store.
    pub(crate) fn change_life(&self, epoch: u64, change: impl Fn(Word) -> Option<Word>) {
        self.change(|word| word.is_life(epoch).then(|| change(word)).flatten());
    }

    /// A sign of life: a sync of `round`, which may have read the stores before, is not to miss the
    /// object.
    pub(crate) fn touch(&self, round: Round) {
        let older = |seen| round.is_after(seen).then_some(round.0);
        // Relaxed: who sees an object in a store has synchronised with whoever put it there, by the
        // store's own lock; so a sync that read the store before that has begun its round before
        // this.
        if older(self.seen.load(Ordering::Relaxed)).is_some() {
            // Not a mere store: it would undo `see`. An error is the None of `older`.
            let _ = self
                .seen
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, older);
        }
    }

    /// A sync found the object in a store.
    pub(crate) fn see(&self, round: Round) {
        self.seen.store(round.seen(), Ordering::Relaxed);
    }

    pub(crate) fn was_seen(&self, round: Round) -> bool {
        self.seen.load(Ordering::Relaxed) == round.seen()
    }

    /// Whether there was no sign of life since `round` began.
    pub(crate) fn is_unseen(&self, round: Round) -> bool {
        round.is_after(self.seen.load(Ordering::Relaxed))
    }

    /// Writes what the owner has read; `None` if the object could not be read, which keeps its
    /// state. Called by one sync at a time.
    ///
    /// State and info change under one lock, so that [`shown`](Self::shown) never mixes two
    /// moments. `with_ready` creates Ready if the object has no such condition.
    pub(crate) fn read(&self, turn: Turn, view: Option<&View>, with_ready: bool) {
        self.is_read.store(true, Ordering::Relaxed);
        let mut rest = self.rest.lock();
        self.change(|word| {
            let word = turn.apply(word);
            let word = match view {
                Some(view) => word.with_reading(view.reading),
                None => word,
            };
            Some(if with_ready {
                word.with_attempt()
            } else {
                word
            })
        });
        if let Some(view) = view {
            rest.info = Some(Arc::clone(&view.info));
        }
    }

    /// The state and the info of the object at one moment.
    pub(crate) fn shown(&self) -> Shown {
        let rest = self.rest.lock();
        Shown {
            word: self.word(),
            info: rest.info.clone(),
        }
    }

    /// Appends the count of each bucket, not cumulative, and returns the sum.
    pub(crate) fn copy_durations(&self, counts: &mut Vec<u64>) -> f64 {
        let rest = self.rest.lock();
        rest.counts.copy_to(counts);
        rest.sum
    }
}

/// What does not fit into a word.
struct Rest {
    /// Of the durations.
    counts: Counts,
    /// Added to in call order and never computed from integers, as Go does: the last digits show.
    sum: f64,
    /// As the owner read it last.
    info: Option<Arc<Info>>,
}

/// The lengths are those of whole parts of `text`, so the fallback is never taken.
fn split(text: &str, at: u8) -> (&str, &str) {
    text.split_at_checked(usize::from(at)).unwrap_or((text, ""))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
