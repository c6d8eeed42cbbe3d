//! A recorder and the model, to which the same happens.

use std::array;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use gotk_metrics::kube::TrackGuard;
use gotk_metrics::{ManualClock, Recorder};

use crate::driven::{Command, Driven, Script, call};
use crate::exposed;
use crate::manual::on_manual_clock;
use crate::model::{self, Model};
use crate::objects::{AttemptFuture, Cache, Reconcile, StoreOf, id};
use crate::step::{GRACE, Name, STORES, Starter, State, Step};

/// More terms or attempts than these are not kept.
const KEPT: usize = 8;

pub(crate) struct Pair {
    recorder: Recorder,
    clock: ManualClock,
    model: Model,
    stores: [Box<dyn Cache>; STORES.len()],
    terms: Vec<Term>,
    unlinked: Option<Reconcile>,
    attempts: Vec<(Attempt, model::Attempt)>,
}

/// A store while it is tracked, and its controller then and afterwards.
struct Term {
    store: usize,
    number: usize,
    /// `None` once it has ended.
    guard: Option<TrackGuard>,
    /// Made for its first attempt: before that, nothing says that the kind has attempts.
    reconcile: Option<Reconcile>,
}

enum Attempt {
    Future(AttemptFuture, Arc<Script>),
    Guard(gotk_metrics::Attempt),
}

impl Pair {
    pub(crate) fn new() -> Self {
        let stores: [Box<dyn Cache>; STORES.len()] = array::from_fn(|store| match STORES[store] {
            0 => Box::new(StoreOf::<0>::default()) as Box<dyn Cache>,
            _ => Box::new(StoreOf::<1>::default()),
        });
        let (recorder, clock) = recorder();
        Self {
            recorder,
            clock,
            model: Model::new(array::from_fn(|_| BTreeMap::new())),
            stores,
            terms: Vec::new(),
            unlinked: None,
            attempts: Vec::new(),
        }
    }

    /// Does one step; returns what differs afterwards.
    pub(crate) fn step(&mut self, step: &Step) -> Result<(), String> {
        match *step {
            Step::Apply(store, name, state) => {
                self.stores[store].apply(name, state);
                self.model.stores[store].insert(name, state);
            }
            Step::Remove(store, name) => {
                self.stores[store].remove(name);
                self.model.stores[store].remove(&name);
            }
            Step::List(store, ref objects) => {
                let objects: BTreeMap<Name, State> = objects.iter().copied().collect();
                self.stores[store].list(&objects);
                self.model.stores[store] = objects;
            }
            Step::Track(store) => self.track(store),
            Step::End(store) => {
                if let Some(term) = self.live(store) {
                    term.guard = None;
                    let number = term.number;
                    self.model.end(number);
                }
            }
            Step::MarkSynced(store) => {
                if let Some(term) = self.live(store)
                    && let Some(guard) = &term.guard
                {
                    guard.mark_synced();
                    let number = term.number;
                    self.model.mark_synced(number);
                }
            }
            Step::Begin(starter, name, uid) => self.begin(starter, name, uid),
            Step::Inside(..) | Step::Finish(..) | Step::Cancel(_) => self.go_on(step),
            Step::Outside(one) => {
                call(&self.recorder, one);
                self.model.call(one, None);
            }
            Step::Wait(time) => {
                self.clock.advance(time);
                self.model.now += time;
            }
            Step::Restart => self.restart(),
            Step::Scrape => return exposed::compare(&self.recorder, &self.model.scrape()),
        }
        Ok(())
    }

    fn live(&mut self, store: usize) -> Option<&mut Term> {
        let mut terms = self.terms.iter_mut();
        terms.find(|term| term.store == store && term.guard.is_some())
    }

    fn track(&mut self, store: usize) {
        if self.terms.len() >= KEPT || self.live(store).is_some() {
            return;
        }
        let guard = self.stores[store].track(&self.recorder);
        let number = self.model.track(store);
        self.terms.push(Term {
            store,
            number,
            guard: Some(guard),
            reconcile: None,
        });
    }

    /// The number of a term and the controller of its store, now or while it was tracked.
    fn controller_of(&mut self, at: usize) -> Option<(usize, &mut Reconcile)> {
        let count = self.terms.len();
        let term = self.terms.get_mut(at.checked_rem(count)?)?;
        if term.reconcile.is_none() {
            let guard = term.guard.as_ref()?;
            let name = format!("controller-{}", term.store);
            let store = &self.stores[term.store];
            term.reconcile = Some(store.controller(&self.recorder, &name, Some(guard)));
        }
        Some((term.number, term.reconcile.as_mut()?))
    }

    fn begin(&mut self, starter: Starter, name: Name, uid: Option<u8>) {
        if self.attempts.len() >= KEPT {
            return;
        }
        let script = Script::new(&self.recorder);
        let mut number = 0;
        let attempt = match starter {
            Starter::Linked(at) => {
                let Some((of, reconcile)) = self.controller_of(at) else {
                    return;
                };
                number = of;
                Attempt::Future(reconcile(name, uid, Arc::clone(&script)), script)
            }
            Starter::Unlinked => {
                let recorder = &self.recorder;
                let store = &self.stores[0];
                let reconcile = self
                    .unlinked
                    .get_or_insert_with(|| store.controller(recorder, "unlinked", None));
                Attempt::Future(reconcile(name, uid, Arc::clone(&script)), script)
            }
            Starter::Record => {
                let future = self
                    .recorder
                    .record(&id(name), Driven::new(Arc::clone(&script)));
                Attempt::Future(Box::pin(future), script)
            }
            Starter::Start => Attempt::Guard(self.recorder.start(&id(name))),
        };
        let modelled = self.model.start(starter, number, name, uid);
        self.attempts.push((attempt, modelled));
    }

    /// Does a step of an attempt, if there is one.
    fn go_on(&mut self, step: &Step) {
        let count = self.attempts.len();
        match *step {
            Step::Inside(at, one) if count > 0 => {
                let (attempt, modelled) = &mut self.attempts[at % count];
                let within = attempt.call(&self.recorder, one);
                self.model.call(one, within.then_some(&*modelled));
            }
            Step::Finish(at, succeeds) if count > 0 => {
                let (attempt, modelled) = self.attempts.swap_remove(at % count);
                attempt.end(succeeds);
                self.model.finish(&modelled, succeeds);
            }
            Step::Cancel(at) if count > 0 => drop(self.attempts.swap_remove(at % count)),
            _ => {}
        }
    }

    /// The process starts again in the same cluster.
    fn restart(&mut self) {
        self.attempts.clear();
        self.terms.clear();
        self.unlinked = None;
        (self.recorder, self.clock) = recorder();
        self.model = Model::new(self.model.stores.clone());
    }
}

impl Attempt {
    /// Makes a call; returns whether that was inside of the attempt.
    fn call(&mut self, recorder: &Recorder, one: crate::step::Call) -> bool {
        match self {
            Self::Guard(_) => {
                call(recorder, one);
                false
            }
            Self::Future(future, script) => {
                script.command(Command::Call(one));
                assert!(poll(future).is_pending());
                true
            }
        }
    }

    fn end(self, succeeds: bool) {
        match self {
            Self::Guard(attempt) if succeeds => attempt.succeed(),
            Self::Guard(attempt) => attempt.fail(),
            Self::Future(mut future, script) => {
                script.command(Command::End(succeeds));
                assert!(poll(&mut future).is_ready());
            }
        }
    }
}

fn poll(future: &mut AttemptFuture) -> Poll<Result<kube::runtime::controller::Action, io::Error>> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

fn recorder() -> (Recorder, ManualClock) {
    // The buckets of histograms have tests of their own, so one is enough.
    on_manual_clock(Recorder::builder().bounds([1.0]).deleted_grace(GRACE))
}
