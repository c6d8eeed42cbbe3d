//! What may happen to a recorder, done to it and to the model alike.
//!
//! Any strings may come, and any order.

use std::array;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use gotk_metrics::{
    Attempt, ConditionStatus, ConditionType, ManualClock, ObjectId, Outcome, Recorder,
};

use crate::model::{self, CAPS, End, Key, Model, capped, modelled};
use crate::on_manual_clock;

#[derive(Clone, Debug)]
pub(crate) enum Operation<'a> {
    Condition([&'a str; 3], &'a str, ConditionStatus),
    Suspend([&'a str; 3], bool),
    Duration([&'a str; 3], Duration),
    Deleted([&'a str; 3]),
    Forget([&'a str; 3]),
    Clear,
    Advance(Step),
    Start([&'a str; 3]),
    /// One of the attempts that are open, if there is any.
    End(usize, Way),
    Scrape,
}

/// How far the clock moves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Nanosecond,
    HalfTheGrace,
    JustNotTheGrace,
    TheGrace,
    Millis(u64),
}

/// How the owner of an attempt ends it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Succeed,
    Fail,
    Finish(Outcome),
    Drop,
    Panic,
}

/// A recorder and what it should be.
pub(crate) struct Pair {
    pub(crate) recorder: Recorder,
    pub(crate) model: Model,
    clock: ManualClock,
    grace: Duration,
    attempts: Vec<(Attempt, model::Attempt)>,
}

impl Pair {
    pub(crate) fn new(grace: Duration, max_objects: usize) -> Self {
        // Two bounds: what is said about buckets is said elsewhere, and lines take time.
        let builder = modelled()
            .bounds([1.0, 300.0])
            .deleted_grace(grace)
            .max_objects(max_objects);
        let (recorder, clock) = on_manual_clock(builder);
        Self {
            recorder,
            model: Model::new(grace, max_objects),
            clock,
            grace,
            attempts: Vec::new(),
        }
    }

    /// Does everything but `Scrape`, which is for the caller to compare.
    pub(crate) fn apply(&mut self, operation: &Operation<'_>) {
        let Self {
            recorder, model, ..
        } = self;
        match operation {
            Operation::Condition(object, condition, status) => {
                recorder.record_condition(
                    &id(object),
                    &ConditionType::new((*condition).to_owned()),
                    *status,
                );
                model.condition(&key(object), condition, *status);
            }
            Operation::Suspend(object, suspended) => {
                recorder.record_suspend(&id(object), *suspended);
                model.suspend(&key(object), *suspended);
            }
            Operation::Duration(object, duration) => {
                recorder.record_duration(&id(object), *duration);
                model.duration(&key(object), *duration);
            }
            Operation::Deleted(object) => {
                recorder.record_deleted(&id(object));
                model.deleted(&key(object));
            }
            Operation::Forget(object) => {
                recorder.forget(&id(object));
                model.forget(&key(object));
            }
            Operation::Clear => {
                recorder.clear();
                model.clear();
            }
            Operation::Advance(step) => self.advance(*step),
            Operation::Start(object) => {
                let attempt = (recorder.start(&id(object)), model.start(&key(object)));
                self.attempts.push(attempt);
            }
            Operation::End(_, _) if self.attempts.is_empty() => {}
            Operation::End(attempt, way) => {
                let attempt = self.attempts.swap_remove(attempt % self.attempts.len());
                self.end(attempt, *way);
            }
            Operation::Scrape => {}
        }
    }

    /// Drops the attempts that are still open.
    pub(crate) fn drop_attempts(&mut self) {
        while let Some(attempt) = self.attempts.pop() {
            self.end(attempt, Way::Drop);
        }
    }

    fn advance(&mut self, step: Step) {
        let nanosecond = Duration::from_nanos(1);
        let step = match step {
            Step::Nanosecond => nanosecond,
            Step::HalfTheGrace => self.grace / 2,
            Step::JustNotTheGrace => self.grace.saturating_sub(nanosecond),
            Step::TheGrace => self.grace,
            Step::Millis(millis) => Duration::from_millis(millis),
        };
        self.clock.advance(step);
        self.model.advance(step);
    }

    fn end(&mut self, (attempt, modelled): (Attempt, model::Attempt), way: Way) {
        let end = match way {
            Way::Succeed => End::Finished(Outcome::Success),
            Way::Fail => End::Finished(Outcome::Error),
            Way::Finish(outcome) => End::Finished(outcome),
            Way::Drop => End::Cancelled,
            Way::Panic => End::Panicked,
        };
        match way {
            Way::Succeed => attempt.succeed(),
            Way::Fail => attempt.fail(),
            Way::Finish(outcome) => attempt.finish(outcome),
            Way::Drop => drop(attempt),
            Way::Panic => {
                let unwound = catch_unwind(AssertUnwindSafe(move || {
                    let _attempt = attempt;
                    // Not `panic!`, which would print.
                    resume_unwind(Box::new("reconcile"));
                }));
                assert!(unwound.is_err());
            }
        }
        self.model.end(&modelled, end);
    }
}

fn id<'a>([kind, name, namespace]: &[&'a str; 3]) -> ObjectId<'a> {
    ObjectId::new(*kind, *name).within(*namespace)
}

fn key(object: &[&str; 3]) -> Key {
    array::from_fn(|part| capped(object[part], CAPS[part]))
}
