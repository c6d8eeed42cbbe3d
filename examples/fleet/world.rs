//! What all objects share: the recorder, the time, and what a controller has beside them.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use gotk_metrics::{BuildError, Recorder};

use crate::cache::Cache;
use crate::client::Client;
use crate::kind::Kind;
use crate::options::Options;
use crate::state;
use crate::time::Time;

const LEASE: &str = "fleet-leader-election";

pub(crate) struct World {
    pub(crate) recorder: Recorder,
    pub(crate) time: Arc<Time>,
    pub(crate) cache: Cache,
    pub(crate) client: Client,
    /// In Unix time: while what the objects of one kind are fetched from does not answer.
    outage: Range<Duration>,
}

impl World {
    pub(crate) fn new(recorder: Recorder, time: Arc<Time>, outage: Range<Duration>) -> Self {
        Self {
            outage,
            cache: Cache::new(&recorder),
            client: Client::new(&recorder),
            recorder,
            time,
        }
    }

    pub(crate) fn is_down(&self, kind: &Kind) -> bool {
        kind.name == "OCIRepository" && self.outage.contains(&self.time.unix())
    }

    /// Reconciling is for the leader; whoever has not won yet shows that it waits.
    pub(crate) fn leads(recorder: &Recorder, leads: bool) {
        recorder.record_leader(LEASE, leads);
    }
}

/// A recorder whose clock is the simulation's.
pub(crate) fn recorder(options: &Options, time: &Arc<Time>) -> Result<Recorder, BuildError> {
    let clock = Arc::clone(time);
    let builder = Recorder::builder()
        .clock(move || clock.now())
        .deleted_grace(state::GRACE)
        .max_objects(options.cap());
    // A history has simulated ones: those of this process are about writing it.
    #[cfg(feature = "process")]
    let builder = if options.backfill.is_none() {
        builder.process_metrics()
    } else {
        builder
    };
    builder.build()
}
