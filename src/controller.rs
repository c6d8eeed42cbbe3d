//! The counts of a controller, over all its objects.
//!
//! Counters only grow and outlive the objects: `forget` and `clear` leave them alone.

mod names;
mod work;

use std::fmt;
use std::num::NonZeroU64;
use std::panic::RefUnwindSafe;

#[cfg(feature = "kube-any")]
pub(crate) use self::names::Claim;
pub(crate) use self::names::Controllers;
pub(crate) use self::work::{Seat, Work};

use crate::metric::{Counter, Gauge, Labelled};
use crate::object::{MAX_NAME, cap};
use crate::status::ConditionStatus;
use crate::sync::{AtomicBool, AtomicUsize, Ordering};

/// Categories are words of the program, and few. Anything else would be a series for each message.
const MAX_CATEGORIES: usize = 32;

/// How an attempt ended: the label `result` of `controller_runtime_reconcile_total`.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{Format, ObjectId, Outcome, Recorder};
///
/// let recorder = Recorder::new();
/// let attempt = recorder.start(&ObjectId::new("Bucket", "charts").within("infra"));
/// attempt.finish(Outcome::RequeueAfter);
/// let line = r#"{controller="bucket",result="requeue_after"} 1"#;
/// assert!(recorder.encode(Format::Text).contains(line));
/// ```
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

/// The counts of one controller.
#[derive(Default)]
pub(crate) struct Controller {
    /// The value of the label `controller`.
    name: Box<str>,
    results: [Counter; 4],
    pub(crate) panics: Counter,
    pub(crate) cancelled: Counter,
    pub(crate) overlapping: Counter,
    pub(crate) timeouts: Counter,
    /// How long its attempts took and take.
    pub(crate) work: Work,
    pub(crate) retries: Counter,
    pub(crate) terminal_errors: Counter,
    pub(crate) categories: Labelled<&'static str, Counter, MAX_CATEGORIES>,
    /// Set by a stream. It shows the two errors below.
    streams: AtomicBool,
    pub(crate) watch_errors: Counter,
    pub(crate) not_found: Counter,
    /// Zero while it is not known.
    max_concurrent: Gauge,
    /// How many functions and streams have it as theirs.
    claims: AtomicUsize,
}

// Its locks are held only while numbers change.
impl RefUnwindSafe for Controller {}

impl fmt::Debug for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controller")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The label `result` of each counter in `Controller::results`, in the order of the exposition.
const RESULTS: [&str; 4] = ["error", "requeue", "requeue_after", "success"];

impl Controller {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    fn is_unclaimed(&self) -> bool {
        self.claims.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn finished(&self, outcome: Outcome) {
        let [error, requeue, requeue_after, success] = &self.results;
        let counter = match outcome {
            Outcome::Error => error,
            Outcome::Requeue => requeue,
            Outcome::RequeueAfter => requeue_after,
            Outcome::Success => success,
        };
        counter.inc();
        if outcome == Outcome::RequeueAfter {
            self.retries.inc();
        }
    }

    /// Counts a panic, which is an error as well.
    pub(crate) fn panicked(&self) {
        self.finished(Outcome::Error);
        self.panics.inc();
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn results(&self) -> impl Iterator<Item = (&'static str, u64)> {
        RESULTS
            .into_iter()
            .zip(self.results.iter().map(Counter::get))
    }

    /// Every error came from an attempt, so this is the count of that result.
    pub(crate) fn errors(&self) -> u64 {
        let [error, ..] = &self.results;
        error.get()
    }

    /// Exposes a category of errors from now on, at 0.
    pub(crate) fn begin_category(&self, category: &'static str) {
        let category = cap(category, MAX_NAME);
        self.categories.with(&category, |_| ());
    }

    /// Counts an attempt that failed with an error of this category.
    pub(crate) fn failed_as(&self, category: &'static str) {
        let category = cap(category, MAX_NAME);
        self.categories.with(&category, Counter::inc);
    }

    /// Declares that there is a stream whose errors are counted.
    pub(crate) fn enable_stream_counters(&self) {
        self.streams.store(true, Ordering::Relaxed);
    }

    /// Returns `None` for a controller that was never seen to have a stream: it would show a zero
    /// that was never counted.
    pub(crate) fn of_stream(&self, count: &Counter) -> Option<u64> {
        let streams = self.streams.load(Ordering::Relaxed);
        streams.then(|| count.get())
    }

    pub(crate) fn set_max_concurrent(&self, max: NonZeroU64) {
        self.max_concurrent.set(max.get());
    }

    pub(crate) fn max_concurrent(&self) -> Option<u64> {
        Some(self.max_concurrent.get()).filter(|max| *max > 0)
    }
}
