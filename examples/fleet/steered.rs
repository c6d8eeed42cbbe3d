//! The life of an object: at random until its first order, then what it was told last until it is told otherwise.

use std::convert::Infallible;
use std::mem;
use std::time::Duration;

use gotk_metrics::ConditionStatus;

use crate::life::Life;
use crate::orders::{Order, Orders};
use crate::plan::{Ending, Plan};
use crate::time::Frozen;

const TAKES: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_secs(10);

impl Life {
    pub(crate) async fn live(mut self) -> Frozen {
        let mut orders = mem::take(&mut self.orders);
        let order = tokio::select! {
            biased;
            order = orders.next() => order,
            Err(frozen) = self.lives() => return frozen,
        };
        let Err(frozen) = self.obeys(order, orders).await;
        frozen
    }

    async fn obeys(&self, mut order: Order, mut orders: Orders) -> Result<Infallible, Frozen> {
        let mut plan = self.take_over();
        loop {
            match order {
                // What is not there cannot change.
                Order::Suspend | Order::Resume | Order::Delete if self.is_deleted() => {}
                Order::Suspend => self.controller.suspend(true),
                Order::Resume => self.controller.suspend(false),
                Order::Delete => self.controller.delete(),
                Order::Fail | Order::Stall | Order::Fix => {
                    plan = self.plan(!matches!(order, Order::Fix));
                    plan.stalled = matches!(order, Order::Stall);
                    if self.is_deleted() {
                        // The attempt creates it again.
                        self.controller.suspend(false);
                        self.controller.reconcile(plan).await;
                    }
                }
            }
            order = loop {
                // Not interrupted: what is told to fail and then to suspend has failed.
                if !self.rests() {
                    self.controller.reconcile(plan).await;
                }
                tokio::select! {
                    biased;
                    order = orders.next() => break order,
                    slept = self.controller.world.time.sleep(PAUSE) => slept?,
                }
            };
        }
    }

    /// Goes on as the object did.
    fn take_over(&self) -> Plan {
        let mut state = self.controller.object.state();
        if state.at_work {
            // Dropped with its life.
            state.end(Ending::Cancelled);
        }
        self.plan(state.ready == Some(ConditionStatus::False))
    }

    fn plan(&self, fails: bool) -> Plan {
        let success = self.controller.object.kind.success;
        Plan::new(TAKES, if fails { Ending::Failed } else { success })
    }

    fn rests(&self) -> bool {
        self.controller.object.state().suspended || self.is_deleted()
    }

    fn is_deleted(&self) -> bool {
        self.controller.object.state().deleted_at.is_some()
    }
}
