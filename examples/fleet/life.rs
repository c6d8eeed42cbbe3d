//! What happens to one object, and what its controller records of it.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use gotk_metrics::{ConditionStatus, ConditionType, RecordReconcile as _, Recorder};

use crate::attempt;
use crate::object::Object;
use crate::orders::Orders;
use crate::plan::{Ending, Fate, Plan};
use crate::time::{Frozen, Time};

pub(crate) struct Life {
    pub(crate) object: Arc<Object>,
    pub(crate) recorder: Recorder,
    pub(crate) time: Arc<Time>,
    pub(crate) fate: Fate,
    pub(crate) orders: Orders,
}

impl Life {
    /// At random.
    pub(crate) async fn lives(&mut self) -> Result<Infallible, Frozen> {
        let suspended = self.fate.chance(0.04);
        self.suspend(suspended);
        // A controller that starts works through all objects.
        self.sleep(0..20).await?;
        if suspended {
            self.sleep(30..600).await?;
            self.suspend(false);
        }
        loop {
            self.reconcile_until_deleted().await?;
            self.delete();
            self.sleep(20..400).await?;
            // Created again: for the controller nothing more than one more object to reconcile.
            self.suspend(false);
        }
    }

    async fn reconcile_until_deleted(&mut self) -> Result<(), Frozen> {
        loop {
            let plan = self.fate.plan(self.object.kind);
            let ending = self.reconcile(plan).await;
            let pause = self.fate.pause(self.object.kind, ending);
            self.time.sleep(pause).await?;
            let suspended = self.fate.chance(0.02);
            if suspended {
                self.suspend(true);
                self.sleep(30..600).await?;
            }
            if self.fate.chance(if suspended { 0.2 } else { 0.03 }) {
                return Ok(());
            }
            if suspended {
                self.suspend(false);
            }
        }
    }

    pub(crate) async fn reconcile(&self, plan: Plan) -> Ending {
        let object = &*self.object;
        object.state().start(self.time.now());
        self.condition(&ConditionType::RECONCILING, true);
        let ending = attempt::run(&self.recorder, &object.id, &self.time, plan).await;
        object.state().end(ending);
        if !matches!(ending, Ending::Panicked | Ending::Cancelled) {
            self.condition(&ConditionType::RECONCILING, false);
            self.condition(&ConditionType::STALLED, plan.stalled);
        }
        ending
    }

    fn condition(&self, condition: &ConditionType, holds: bool) {
        if self.object.kind.conditions {
            let status = ConditionStatus::from(holds);
            self.recorder
                .record_condition(&self.object.id, condition, status);
        }
    }

    pub(crate) fn suspend(&self, suspended: bool) {
        self.object.state().suspended = suspended;
        self.recorder.record_suspend(&self.object.id, suspended);
    }

    pub(crate) fn delete(&self) {
        self.object.state().deleted_at = Some(self.time.now());
        self.recorder.record_deleted(&self.object.id);
    }

    async fn sleep(&mut self, seconds: Range<u64>) -> Result<(), Frozen> {
        let duration = self.fate.seconds(seconds);
        self.time.sleep(duration).await
    }
}
