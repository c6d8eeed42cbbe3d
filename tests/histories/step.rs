//! The steps of a history, and how they are chosen.
//!
//! A step names stores, terms and attempts by any number, which is taken modulo how many there are. A
//! history is therefore still one if steps are left out of it.

use std::time::Duration;

use fastrand::Rng;
use gotk_metrics::ConditionStatus::{self, False, True, Unknown};

/// The grace period of deleted objects.
pub(crate) const GRACE: Duration = Duration::from_secs(300);
/// The stores, by the number of their API group.
pub(crate) const STORES: [usize; 4] = [0, 0, 1, 1];
const NAMES: u8 = 4;

/// The number of an object's name. All objects have one kind and one namespace.
pub(crate) type Name = u8;

/// An object as a store has it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) uid: Option<u8>,
    pub(crate) ready: Option<ConditionStatus>,
    pub(crate) stalled: Option<ConditionStatus>,
    pub(crate) suspended: Option<bool>,
    /// Its deletion was requested and a finalizer holds it.
    pub(crate) is_terminating: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Condition {
    Ready,
    Stalled,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Condition(Name, Condition, ConditionStatus),
    Suspend(Name, bool),
    Duration(Name),
    Delete(Name),
    Forget(Name),
    Clear,
    /// An attempt from its start to its end.
    Attempt(Name, bool),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Starter {
    /// The controller of the store of a term, linked with `of`.
    Linked(usize),
    /// A wrapped reconcile function without a store.
    Unlinked,
    /// `Recorder::record`.
    Record,
    /// `Recorder::start`, whose attempt is not on any thread.
    Start,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Apply(usize, Name, State),
    Remove(usize, Name),
    List(usize, Vec<(Name, State)>),
    Track(usize),
    /// The guard of a store is dropped.
    End(usize),
    MarkSynced(usize),
    Begin(Starter, Name, Option<u8>),
    /// A call in the future of an attempt.
    Inside(usize, Call),
    Finish(usize, bool),
    Cancel(usize),
    Outside(Call),
    Wait(Duration),
    Restart,
    Scrape,
}

/// A history of so many steps; the same for the same `rng`.
pub(crate) fn history(rng: &mut Rng, steps: u64) -> Vec<Step> {
    (0..steps).map(|_| step(rng)).collect()
}

fn step(rng: &mut Rng) -> Step {
    match rng.u8(..100) {
        0..16 => Step::Apply(store(rng), name(rng), state(rng)),
        16..24 => Step::Remove(store(rng), name(rng)),
        24..26 => {
            let store = store(rng);
            let objects = (0..rng.u8(..3)).map(|_| (name(rng), state(rng)));
            Step::List(store, objects.collect())
        }
        26..33 => Step::Track(store(rng)),
        33..37 => Step::End(store(rng)),
        37..39 => Step::MarkSynced(store(rng)),
        39..53 => Step::Begin(starter(rng), name(rng), uid(rng)),
        53..59 => Step::Inside(rng.usize(..8), call(rng)),
        59..67 => Step::Finish(rng.usize(..8), rng.bool()),
        67..69 => Step::Cancel(rng.usize(..8)),
        69..79 => Step::Outside(call(rng)),
        79..82 => Step::Wait(wait(rng)),
        82 if rng.u8(..4) == 0 => Step::Restart,
        _ => Step::Scrape,
    }
}

fn store(rng: &mut Rng) -> usize {
    rng.usize(..STORES.len())
}

fn name(rng: &mut Rng) -> Name {
    rng.u8(..NAMES)
}

fn uid(rng: &mut Rng) -> Option<u8> {
    // Few, so that an object often returns as the same one.
    rng.choice([None, Some(1), Some(1), Some(2)]).flatten()
}

fn status(rng: &mut Rng) -> ConditionStatus {
    rng.choice([True, False, Unknown]).unwrap_or(True)
}

fn state(rng: &mut Rng) -> State {
    let mut maybe = || rng.u8(..3) == 0;
    let [has_ready, has_stalled, has_suspended, is_terminating] = [(); 4].map(|()| maybe());
    State {
        uid: uid(rng),
        ready: has_ready.then(|| status(rng)),
        stalled: has_stalled.then(|| status(rng)),
        suspended: has_suspended.then(|| rng.bool()),
        is_terminating,
    }
}

fn starter(rng: &mut Rng) -> Starter {
    match rng.u8(..6) {
        0..3 => Starter::Linked(rng.usize(..8)),
        3 => Starter::Unlinked,
        4 => Starter::Record,
        _ => Starter::Start,
    }
}

fn call(rng: &mut Rng) -> Call {
    let name = name(rng);
    match rng.u8(..20) {
        0..4 => Call::Condition(name, Condition::Ready, status(rng)),
        4..7 => Call::Condition(name, Condition::Stalled, status(rng)),
        7..9 => Call::Suspend(name, rng.bool()),
        9..11 => Call::Duration(name),
        11..14 => Call::Delete(name),
        14..16 => Call::Forget(name),
        16 => Call::Clear,
        _ => Call::Attempt(name, rng.bool()),
    }
}

fn wait(rng: &mut Rng) -> Duration {
    let second = Duration::from_secs(1);
    let waits = [second, GRACE.saturating_sub(second), GRACE, 2 * GRACE];
    rng.choice(waits).unwrap_or(second)
}
