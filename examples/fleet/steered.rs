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
                Order::Suspend => self.suspend(true),
                Order::Resume => self.suspend(false),
                Order::Delete => self.delete(),
                Order::Fail | Order::Stall | Order::Fix => {
                    plan = self.plan(!matches!(order, Order::Fix));
                    plan.stalled = matches!(order, Order::Stall);
                    if self.is_deleted() {
                        // The attempt creates it again.
                        self.suspend(false);
                        self.reconcile(plan).await;
                    }
                }
            }
            order = loop {
                // Not interrupted: what is told to fail and then to suspend has failed.
                if !self.rests() {
                    self.reconcile(plan).await;
                }
                tokio::select! {
                    biased;
                    order = orders.next() => break order,
                    slept = self.time.sleep(PAUSE) => slept?,
                }
            };
        }
    }

    /// Goes on as the object did.
    fn take_over(&self) -> Plan {
        let mut state = self.object.state();
        if state.at_work {
            // Dropped with its life.
            state.end(Ending::Cancelled);
        }
        self.plan(state.ready == Some(ConditionStatus::False))
    }

    fn plan(&self, fails: bool) -> Plan {
        Plan {
            takes: TAKES,
            ending: if fails {
                Ending::Failed
            } else {
                self.object.kind.success
            },
            stalled: false,
        }
    }

    fn rests(&self) -> bool {
        self.object.state().suspended || self.is_deleted()
    }

    fn is_deleted(&self) -> bool {
        self.object.state().deleted_at.is_some()
    }
}
