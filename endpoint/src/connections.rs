//! The open connections of an endpoint.
//!
//! At their limit, the connection with the least progress makes room for a new one.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::fs;
use std::future::{Future, pending};
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use crate::admission::Origin;
use crate::deadline::ConnectionDeadline;

/// More than the scrapers and probes of a process, and little memory.
const CONNECTIONS: usize = 512;

/// The open connections; dropping this ends them.
#[derive(Debug)]
pub(crate) struct Connections {
    limit: usize,
    tasks: JoinSet<()>,
    /// In the order of their acceptance. Some may have ended.
    known: VecDeque<Known>,
}

#[derive(Debug)]
struct Known {
    task: AbortHandle,
    deadline: ConnectionDeadline,
    origin: Origin,
}

impl Connections {
    /// With the limit, or by default with so many that half of the file descriptors are left for the
    /// rest of the process.
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self {
            limit: limit.unwrap_or_else(default_limit),
            tasks: JoinSet::new(),
            known: VecDeque::new(),
        }
    }

    pub(crate) fn add(
        &mut self,
        connection: impl Future<Output = ()> + Send + 'static,
        deadline: ConnectionDeadline,
        origin: Origin,
    ) {
        if self.known.len() > 2 * self.tasks.len() + 16 {
            self.known.retain(|one| !one.task.is_finished());
        }
        let task = self.tasks.spawn(connection);
        self.known.push_back(Known {
            task,
            deadline,
            origin,
        });
    }

    /// Waits until any connection ends; never ready while there is none.
    pub(crate) async fn ended(&mut self) {
        if self.tasks.join_next().await.is_none() {
            pending::<()>().await;
        }
    }

    /// Returns when there is room for another connection.
    pub(crate) async fn wait_for_room(&mut self) {
        // First without waiting: those that have ended make room.
        while self.tasks.try_join_next().is_some() {}
        while self.tasks.len() >= self.limit && self.make_room().await {}
    }

    /// Ends the connection with the least progress; returns `false` if there is none.
    ///
    /// Among several it is one of the address that has most connections, and of those the oldest.
    pub(crate) async fn make_room(&mut self) -> bool {
        self.known.retain(|one| !one.task.is_finished());
        let mut of_origin = HashMap::new();
        for one in &self.known {
            *of_origin.entry(one.origin).or_insert(0_usize) += 1;
        }
        let slowest = self.known.iter().enumerate().min_by_key(|(_, one)| {
            let (progress, since) = one.deadline.progress();
            (
                progress,
                Reverse(of_origin.get(&one.origin).copied()),
                since,
            )
        });
        let Some((slowest, _)) = slowest else {
            return false;
        };
        if let Some(one) = self.known.remove(slowest) {
            one.task.abort();
        }
        // This connection or another: either way there is room.
        self.ended().await;
        true
    }

    /// Ends all connections after their response, within the limit.
    pub(crate) async fn drain(mut self, limit: Duration) {
        for one in &self.known {
            one.deadline.drain();
        }
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        // Connections that are still open after that are closed.
        let _ = timeout(limit, ended).await;
    }
}

fn default_limit() -> usize {
    let descriptors = file_descriptors().unwrap_or(usize::MAX);
    CONNECTIONS.min(descriptors / 2).max(1)
}

/// Returns how many file descriptors this process may open, if the system tells.
fn file_descriptors() -> Option<usize> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
