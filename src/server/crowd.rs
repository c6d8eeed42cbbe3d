//! The connections that are open.
//!
//! There is no cap on them but the system's. Where that is reached those that wait make room, so
//! that nobody who opens many can lock others out.

use std::collections::VecDeque;
use std::future::Future;

use tokio::task::{AbortHandle, JoinSet};

use super::progress::Progress;

/// Ends them all when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    tasks: JoinSet<()>,
    /// In the order in which they came; some may have ended.
    known: VecDeque<(AbortHandle, Progress)>,
}

impl Crowd {
    pub(super) fn add(
        &mut self,
        connection: impl Future<Output = ()> + Send + 'static,
        progress: Progress,
    ) {
        if self.known.len() > 2 * self.tasks.len() + 16 {
            self.known.retain(|(task, _)| !task.is_finished());
        }
        let task = self.tasks.spawn(connection);
        self.known.push_back((task, progress));
    }

    /// Waits for the end of any; never ready while there is none.
    pub(super) async fn ended(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends those that have not come as far as HTTP, and so cannot be told of the end.
    pub(super) fn end_handshakes(&self) {
        for (task, progress) in &self.known {
            if progress.is_shaking_hands() {
                task.abort();
            }
        }
    }

    /// Ends the connection that has waited longest for a request; false if none waits.
    ///
    /// Not the one whose time is up first: a crowd that has asked once may wait longer than whoever
    /// has just come, and would never be chosen.
    pub(super) async fn make_room(&mut self) -> bool {
        self.known.retain(|(task, _)| !task.is_finished());
        let waiting = self.known.iter();
        let waiting = waiting.filter_map(|(task, progress)| Some((progress.waits_since()?, task)));
        let Some((_, task)) = waiting.min_by_key(|(since, _)| *since) else {
            return false;
        };
        task.abort();
        // This one or another: either way there is room.
        self.ended().await;
        true
    }
}
