//! What happens to one object.

use std::convert::Infallible;
use std::ops::Range;
use std::time::Duration;

use crate::controller::Controller;
use crate::fate::Fate;
use crate::orders::Orders;
use crate::time::Frozen;

pub(crate) struct Life {
    pub(crate) controller: Controller,
    pub(crate) fate: Fate,
    pub(crate) orders: Orders,
}

impl Life {
    /// At random.
    pub(crate) async fn lives(&mut self) -> Result<Infallible, Frozen> {
        let suspended = self.fate.chance(0.04);
        self.controller.suspend(suspended);
        // A controller that starts works through all objects.
        self.sleep(0..20).await?;
        if suspended {
            self.sleep(30..600).await?;
            self.controller.suspend(false);
        }
        loop {
            let held = self.reconcile_until_deleted().await?;
            if !held.is_zero() {
                self.controller.ask_to_go();
                self.controller.world.time.sleep(held).await?;
            }
            self.controller.delete();
            self.sleep(20..400).await?;
            // Created again: for the controller nothing more than one more object to reconcile.
            self.controller.suspend(false);
        }
    }

    /// How long a finalizer holds it then.
    async fn reconcile_until_deleted(&mut self) -> Result<Duration, Frozen> {
        loop {
            let kind = self.controller.object.kind;
            let mut plan = self.fate.plan(kind);
            if self.controller.world.is_down(kind) {
                plan.fails("source");
            }
            let ending = self.controller.reconcile(plan).await;
            let pause = self.fate.pause(kind, ending);
            self.controller.world.time.sleep(pause).await?;
            let suspended = self.fate.chance(0.02);
            if suspended {
                self.controller.suspend(true);
                self.sleep(30..600).await?;
            }
            if let Some(held) = self.fate.deletion(suspended) {
                return Ok(held);
            }
            if suspended {
                self.controller.suspend(false);
            }
        }
    }

    async fn sleep(&mut self, seconds: Range<u64>) -> Result<(), Frozen> {
        let duration = self.fate.seconds(seconds);
        self.controller.world.time.sleep(duration).await
    }
}
