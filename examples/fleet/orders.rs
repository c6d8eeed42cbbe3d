//! What one object may be told, and how it hears of it.

use std::future::pending;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Fail,
    Stall,
    Fix,
    Suspend,
    Resume,
    Delete,
}

/// The orders to come; none ever, by default.
#[derive(Debug, Default)]
pub(crate) struct Orders(Option<UnboundedReceiver<Order>>);

impl Orders {
    pub(crate) fn channel() -> (UnboundedSender<Order>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Self(Some(receiver)))
    }

    pub(crate) async fn next(&mut self) -> Order {
        let order = match &mut self.0 {
            Some(receiver) => receiver.recv().await,
            None => None,
        };
        match order {
            Some(order) => order,
            None => pending().await,
        }
    }
}
