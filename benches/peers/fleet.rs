//! The objects that all peers record, the same in every run.

use std::time::Duration;

use fastrand::Rng;

use crate::peer::Peer;

pub(crate) const KIND: &str = "Kustomization";
/// Of the condition, whether suspended, the duration.
pub(crate) const NAMES: [&str; 3] = [
    "gotk_reconcile_condition",
    "gotk_suspend_status",
    "gotk_reconcile_duration_seconds",
];
pub(crate) const HELP: [&str; 3] = [
    "The current condition status of a GitOps Toolkit resource reconciliation",
    "The current suspend status of a GitOps Toolkit resource",
    "The duration in seconds of a GitOps Toolkit resource reconciliation",
];
/// Those that Ready may have, for peers that keep a gauge for each.
pub(crate) const STATUSES: [&str; 4] = ["True", "False", "Unknown", "Deleted"];
/// How many bounds Flux has, for a peer that wants to know it before it runs.
pub(crate) const BOUNDS: usize = 10;
/// Four states of Ready, one suspend, ten buckets and `+Inf`, sum and count.
pub(crate) const SERIES_PER_OBJECT: usize = 4 + 1 + 11 + 2;

pub(crate) struct Fleet {
    /// In the order in which they are created: a random one, since real processes scatter their
    /// records over memory.
    pub(crate) created: Vec<Object>,
    /// As many, picked at random and copied, so that reading them costs little beside recording.
    pub(crate) picked: Vec<Object>,
}

#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) ready: bool,
    pub(crate) duration: Duration,
}

impl Object {
    pub(crate) const fn status(&self) -> &'static str {
        if self.ready { "True" } else { "False" }
    }
}

impl Fleet {
    pub(crate) fn new(objects: usize) -> Self {
        let mut random = Rng::with_seed(42);
        let mut created: Vec<Object> = (0..objects)
            .map(|number| Object {
                name: format!("app-{number:06}"),
                namespace: format!("team-{:03}", number % 100),
                ready: random.u8(..) > 20,
                duration: Duration::from_micros(random.u64(..60_000_000)),
            })
            .collect();
        random.shuffle(&mut created);
        let picked = (0..objects)
            .map(|_| created[random.usize(..objects)].clone())
            .collect();
        Self { created, picked }
    }

    pub(crate) fn create(&self, peer: &dyn Peer) {
        for object in &self.created {
            peer.record(object);
        }
    }
}
