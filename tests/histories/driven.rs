//! A reconcile that does what a history says, one command for each poll.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use gotk_metrics::{ConditionType, Recorder};
use kube::runtime::controller::Action;

use crate::model::RECORDED;
use crate::objects::id;
use crate::step::{Call, Condition};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Command {
    Call(Call),
    /// Ends the attempt, as a success or not.
    End(bool),
}

/// Where a reconcile finds its next command.
pub(crate) struct Script {
    recorder: Recorder,
    next: Mutex<Option<Command>>,
}

pub(crate) struct Driven(Arc<Script>);

impl Script {
    pub(crate) fn new(recorder: &Recorder) -> Arc<Self> {
        Arc::new(Self {
            recorder: recorder.clone(),
            next: Mutex::default(),
        })
    }

    pub(crate) fn command(&self, command: Command) {
        *self.next.lock().expect("no poll panics") = Some(command);
    }
}

impl Driven {
    pub(crate) fn new(script: Arc<Script>) -> Self {
        Self(script)
    }
}

impl Future for Driven {
    type Output = Result<Action, io::Error>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let next = self.0.next.lock().expect("no poll panics").take();
        match next {
            None => Poll::Pending,
            Some(Command::Call(one)) => {
                call(&self.0.recorder, one);
                Poll::Pending
            }
            Some(Command::End(true)) => Poll::Ready(Ok(Action::await_change())),
            Some(Command::End(false)) => Poll::Ready(Err(io::Error::other("as told"))),
        }
    }
}

pub(crate) fn call(recorder: &Recorder, call: Call) {
    match call {
        Call::Condition(name, condition, status) => {
            let condition = match condition {
                Condition::Ready => ConditionType::READY,
                Condition::Stalled => ConditionType::STALLED,
            };
            recorder.record_condition(&id(name), &condition, status);
        }
        Call::Suspend(name, suspended) => recorder.record_suspend(&id(name), suspended),
        Call::Duration(name) => recorder.record_duration(&id(name), RECORDED),
        Call::Delete(name) => recorder.record_deleted(&id(name)),
        Call::Forget(name) => recorder.forget(&id(name)),
        Call::Clear => recorder.clear(),
        Call::Attempt(name, true) => recorder.start(&id(name)).succeed(),
        Call::Attempt(name, false) => recorder.start(&id(name)).fail(),
    }
}
