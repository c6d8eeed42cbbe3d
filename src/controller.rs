//! What is counted per controller, over all its objects.
//!
//! Counters only grow and outlive the objects: `forget` and `clear` leave them alone.

use crate::object::Key;
use crate::status::ConditionStatus;
use crate::sync::{Arc, AtomicU64, Ordering, RwLock};

/// Most controllers in one process are far below; the bound is against kinds made of user input.
const MAX_CONTROLLERS: usize = 64;

/// How an attempt ended: the label `result` of `controller_runtime_reconcile_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "complete: controller-runtime knows exactly these four results"
)]
pub enum Outcome {
    /// Done; the object is looked at again when it changes. Ready becomes True.
    Success,
    /// Done for now, to be run again at once. Ready becomes True.
    Requeue,
    /// Done for now, to be run again after some time. Ready becomes True.
    RequeueAfter,
    /// Failed. Ready becomes False.
    Error,
}

impl Outcome {
    pub(crate) const fn ready(self) -> ConditionStatus {
        match self {
            Self::Success | Self::Requeue | Self::RequeueAfter => ConditionStatus::True,
            Self::Error => ConditionStatus::False,
        }
    }
}

/// The counters of one controller. Relaxed throughout: they guard no other memory.
#[derive(Debug)]
pub(crate) struct Controller {
    /// The value of the label `controller`.
    name: Box<str>,
    results: [AtomicU64; 4],
    panics: AtomicU64,
    cancelled: AtomicU64,
}

/// The label `result` of each counter in `Controller::results`, in the order of the exposition.
const RESULTS: [&str; 4] = ["error", "requeue", "requeue_after", "success"];

impl Controller {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            results: Default::default(),
            panics: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
        }
    }

    pub(crate) fn finished(&self, outcome: Outcome) {
        let [error, requeue, requeue_after, success] = &self.results;
        let counter = match outcome {
            Outcome::Error => error,
            Outcome::Requeue => requeue,
            Outcome::RequeueAfter => requeue_after,
            Outcome::Success => success,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A panic is an error as well.
    pub(crate) fn panicked(&self) {
        self.finished(Outcome::Error);
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// No result: nobody knows how the attempt would have ended.
    pub(crate) fn cancelled(&self) {
        self.cancelled.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn results(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.results.iter().map(|n| n.load(Ordering::Relaxed));
        RESULTS.into_iter().zip(counts)
    }

    /// Every error came from an attempt, so this is the count of that result.
    pub(crate) fn error_count(&self) -> u64 {
        let [error, ..] = &self.results;
        error.load(Ordering::Relaxed)
    }

    pub(crate) fn panic_count(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    pub(crate) fn cancelled_count(&self) -> u64 {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// The controllers of one recorder.
#[derive(Debug, Default)]
pub(crate) struct Controllers {
    table: RwLock<Table>,
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Table {
    /// Which controller the attempts on a kind belong to. Few, so a scan beats a hash.
    by_kind: Vec<(Box<str>, Arc<Controller>)>,
    /// In the order of their names.
    by_name: Vec<Arc<Controller>>,
}

impl Controllers {
    /// The controller of the object's kind, named like the kind in lower case and created at need.
    ///
    /// `None` beyond the last one, which is counted.
    pub(crate) fn of_kind(&self, key: Key<'_>) -> Option<Arc<Controller>> {
        let known = |table: &Table| {
            let found = table.by_kind.iter().find(|(kind, _)| **kind == *key.kind);
            found.map(|(_, controller)| Arc::clone(controller))
        };
        {
            let table = self.table.read();
            let known = known(&table);
            // Once it is full, nothing changes in it any more.
            if known.is_some() || table.by_kind.len() == MAX_CONTROLLERS {
                self.count_refused(known.is_none());
                return known;
            }
        }
        let mut table = self.table.write();
        let controller = known(&table).or_else(|| table.add(key.kind));
        self.count_refused(controller.is_none());
        controller
    }

    fn count_refused(&self, refused: bool) {
        if refused {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All controllers in the order of their names.
    pub(crate) fn sorted(&self) -> Vec<Arc<Controller>> {
        let table = self.table.read();
        table.by_name.clone()
    }

    /// Whether there is any controller yet.
    pub(crate) fn any(&self) -> bool {
        !self.table.read().by_name.is_empty()
    }

    /// How many attempts found no place for their controller.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Table {
    #[cold]
    fn add(&mut self, kind: &str) -> Option<Arc<Controller>> {
        // Kinds bound the names too: two kinds may share one, none has two.
        if self.by_kind.len() == MAX_CONTROLLERS {
            return None;
        }
        let name = kind.to_lowercase();
        let controller = match self.by_name.binary_search_by(|c| (*c.name).cmp(&name)) {
            Ok(at) => Arc::clone(self.by_name.get(at)?),
            Err(at) => {
                let controller = Arc::new(Controller::new(&name));
                self.by_name.insert(at, Arc::clone(&controller));
                controller
            }
        };
        self.by_kind.push((kind.into(), Arc::clone(&controller)));
        Some(controller)
    }
}
