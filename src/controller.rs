//! What is counted per controller, over all its objects.
//!
//! Counters only grow and outlive the objects: `forget` and `clear` leave them alone.

mod categories;
mod names;
mod work;

use std::fmt;
use std::num::NonZeroU64;
use std::panic::RefUnwindSafe;

use self::categories::Categories;
#[cfg(feature = "kube")]
pub(crate) use self::names::Claim;
pub(crate) use self::names::Controllers;
pub(crate) use self::work::{Seat, Unfinished, Work};

use crate::status::ConditionStatus;
use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

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

/// The counters of one controller. Relaxed throughout: they guard no other memory.
#[derive(Default)]
pub(crate) struct Controller {
    /// The value of the label `controller`.
    name: Box<str>,
    results: [AtomicU64; 4],
    panics: AtomicU64,
    cancelled: AtomicU64,
    overlapping: AtomicU64,
    timeouts: AtomicU64,
    /// How long its attempts took and take.
    pub(crate) work: Work,
    retries: AtomicU64,
    terminal_errors: AtomicU64,
    categories: Categories,
    /// Whether a stream was seen, which shows the two errors below.
    streams: AtomicBool,
    watch_errors: AtomicU64,
    not_found: AtomicU64,
    /// Zero while nobody has told.
    max_concurrent: AtomicU64,
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
        counter.fetch_add(1, Ordering::Relaxed);
        if outcome == Outcome::RequeueAfter {
            self.count_retry();
        }
    }

    /// An object is to be reconciled again after some time.
    pub(crate) fn count_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn retry_count(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
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

    /// An attempt took longer than its limit; it ends as an error besides.
    pub(crate) fn timed_out(&self) {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn timeout_count(&self) -> u64 {
        self.timeouts.load(Ordering::Relaxed)
    }

    /// A category of errors that is exposed from now on, at 0.
    pub(crate) fn begin_category(&self, category: &'static str) {
        self.categories.add(category, 0);
    }

    /// An attempt was started inside another one on the same object.
    pub(crate) fn overlapped(&self) {
        self.overlapping.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn overlapping_count(&self) -> u64 {
        self.overlapping.load(Ordering::Relaxed)
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

    /// An attempt failed with an error of this category.
    pub(crate) fn failed_as(&self, category: &'static str) {
        self.categories.add(category, 1);
    }

    pub(crate) fn categories(&self) -> Vec<(&'static str, u64)> {
        self.categories.all()
    }

    pub(crate) fn refused_categories(&self) -> u64 {
        self.categories.refused()
    }

    /// The error policy answered that there is nothing to try again.
    pub(crate) fn failed_terminally(&self) {
        self.terminal_errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn terminal_error_count(&self) -> u64 {
        self.terminal_errors.load(Ordering::Relaxed)
    }

    /// There is a stream whose errors are counted.
    pub(crate) fn enable_stream_counters(&self) {
        self.streams.store(true, Ordering::Relaxed);
    }

    pub(crate) fn watch_failed(&self) {
        self.watch_errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn watch_error_count(&self) -> Option<u64> {
        self.of_stream(&self.watch_errors)
    }

    pub(crate) fn object_not_found(&self) {
        self.not_found.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn not_found_count(&self) -> Option<u64> {
        self.of_stream(&self.not_found)
    }

    /// None for a controller that was never seen to have a stream: it would show a zero that nobody
    /// has counted.
    fn of_stream(&self, count: &AtomicU64) -> Option<u64> {
        let streams = self.streams.load(Ordering::Relaxed);
        streams.then(|| count.load(Ordering::Relaxed))
    }

    pub(crate) fn set_max_concurrent(&self, max: NonZeroU64) {
        self.max_concurrent.store(max.get(), Ordering::Relaxed);
    }

    pub(crate) fn max_concurrent(&self) -> Option<u64> {
        let max = self.max_concurrent.load(Ordering::Relaxed);
        (max > 0).then_some(max)
    }
}
