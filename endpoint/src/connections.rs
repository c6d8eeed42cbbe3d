//! The open connections.
//!
//! Only the system limits their number. At that limit, connections that wait for a request make room.

use std::collections::VecDeque;
use std::future::Future;

use tokio::task::{AbortHandle, JoinSet};

use crate::deadline::ConnectionDeadline;

/// The open connections of an endpoint; dropping this ends them.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    tasks: JoinSet<()>,
    /// In the order of their acceptance. Some may have ended.
    known: VecDeque<(AbortHandle, ConnectionDeadline)>,
}

impl Connections {
    pub(crate) fn add(
        &mut self,
        connection: impl Future<Output = ()> + Send + 'static,
        deadline: ConnectionDeadline,
    ) {
        if self.known.len() > 2 * self.tasks.len() + 16 {
            self.known.retain(|(task, _)| !task.is_finished());
        }
        let task = self.tasks.spawn(connection);
        self.known.push_back((task, deadline));
    }

    /// Waits until any connection ends; never ready while there is none.
    pub(crate) async fn ended(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends the connections that are still in their TLS handshake.
    pub(crate) fn end_handshakes(&self) {
        for (task, deadline) in &self.known {
            if deadline.is_in_handshake() {
                task.abort();
            }
        }
    }

    /// Ends the connection that has waited longest for a request; returns `false` if none waits.
    ///
    /// Chosen by time waited, not by deadline: idle connections have the longer deadline, so an
    /// attacker that scraped once would never be chosen.
    pub(crate) async fn make_room(&mut self) -> bool {
        self.known.retain(|(task, _)| !task.is_finished());
        let waiting = self.known.iter();
        let waiting = waiting.filter_map(|(task, deadline)| Some((deadline.waits_since()?, task)));
        let Some((_, task)) = waiting.min_by_key(|(since, _)| *since) else {
            return false;
        };
        task.abort();
        // This connection or another: either way there is room.
        self.ended().await;
        true
    }
}
