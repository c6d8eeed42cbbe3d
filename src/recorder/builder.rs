//! How a recorder is configured, and the defaults.

use std::time::Duration;

use super::Recorder;
use crate::catalog::{Family, RECONCILE_BOUNDS};
use crate::clock::Clock;
use crate::controller::Controllers;
use crate::error::BuildError;
use crate::inner::Inner;
use crate::metric::{Counter, Labelled};
use crate::registries::Registries;
use crate::requests::Requests;
use crate::status::ConditionTypes;
use crate::store::Store;
use crate::sync::{Arc, AtomicBool, AtomicUsize};
use crate::tracking::Tracking;

/// Scraped every half minute, five minutes are enough for an alert to resolve by `Deleted` and for
/// a dashboard to show it.
const DELETED_GRACE: Duration = Duration::from_secs(300);
/// 1.8 million series, some 30 MB.
const MAX_OBJECTS: usize = 100_000;

/// Configures a [`Recorder`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gotk_metrics::{BuildError, Family, Recorder};
///
/// let recorder = Recorder::builder()
///     .bounds([0.1, 1.0, 10.0, 60.0])
///     .deleted_grace(Duration::ZERO)
///     .max_objects(5_000)
///     .without(Family::SuspendStatus)
///     .build()?;
/// assert_eq!(recorder.durations().bounds(), [0.1, 1.0, 10.0, 60.0]);
///
/// let error = Recorder::builder().bounds([1.0, 1.0]).build().unwrap_err();
/// assert_eq!(error.to_string(), "histogram bound 1 at position 1 is not above the one before");
/// # Ok::<(), BuildError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct RecorderBuilder {
    bounds: Vec<f64>,
    deleted_grace: Duration,
    max_objects: usize,
    without: u64,
    process: bool,
    clock: Option<Clock>,
    #[cfg(feature = "server")]
    scrape_limits: metrics_endpoint::ScrapeLimits,
}

impl RecorderBuilder {
    pub(super) fn new() -> Self {
        Self {
            bounds: RECONCILE_BOUNDS.into(),
            deleted_grace: DELETED_GRACE,
            max_objects: MAX_OBJECTS,
            without: 0,
            process: false,
            clock: None,
            #[cfg(feature = "server")]
            scrape_limits: metrics_endpoint::ScrapeLimits::default(),
        }
    }

    /// The inclusive upper bounds of `gotk_reconcile_duration_seconds`, in seconds, increasing.
    ///
    /// A last `+Inf` is allowed and implied. Controllers whose durations are summed must share
    /// their bounds. Defaults to the ten of Flux 2, from 0.01 to 1799.9999999999986.
    pub fn bounds(mut self, bounds: impl IntoIterator<Item = f64>) -> Self {
        self.bounds = bounds.into_iter().collect();
        self
    }

    /// How long the series of a deleted object stay, its conditions as `Deleted`.
    ///
    /// Zero removes them at once, as Flux does since 2.1. Defaults to five minutes.
    pub fn deleted_grace(mut self, grace: Duration) -> Self {
        self.deleted_grace = grace;
        self
    }

    /// The most objects that can be recorded at a time, those in their grace included.
    ///
    /// An object has about 18 series. Beyond the limit new objects are refused and counted in
    /// `gotkmetrics_refused_total{limit="objects"}`; known ones go on. Defaults to 100 000.
    pub fn max_objects(mut self, objects: usize) -> Self {
        self.max_objects = objects;
        self
    }

    /// Neither records nor exposes `family`.
    ///
    /// What would be recorded in it does nothing, and a registry that is appended may have a family
    /// of its name. Defaults to all families.
    pub fn without(mut self, family: Family) -> Self {
        self.without |= family.bit();
        self
    }

    /// Exposes `process_*` too, which are about this process.
    ///
    /// Processor time, memory, file descriptors, threads, and when it started. Names, help and
    /// meaning are those of Prometheus' client libraries. Read from `/proc` at each scrape; what
    /// cannot be read there is absent. On other systems than Linux this does nothing. In a process
    /// with several recorders it is for one of them. Defaults to none of these families.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{Family, Format, Recorder};
    ///
    /// let recorder = Recorder::builder()
    ///     .process_metrics()
    ///     .without(Family::ProcessThreads)
    ///     .build()?;
    /// let text = recorder.encode(Format::Text);
    /// assert_eq!(text.contains("\nprocess_resident_memory_bytes "), cfg!(target_os = "linux"));
    /// assert!(!text.contains("process_threads"));
    /// # Ok::<(), gotk_metrics::BuildError>(())
    /// ```
    #[cfg(feature = "process")]
    pub fn process_metrics(mut self) -> Self {
        self.process = cfg!(target_os = "linux");
        self
    }

    /// Sets how many scrapes run and wait at once, on all servers of this recorder.
    ///
    /// Defaults to 8 that run, 64 that wait and a wait of at most 10 seconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{Recorder, ScrapeLimits};
    ///
    /// let limits = ScrapeLimits::default().responses(16)?.queue(128)?;
    /// let recorder = Recorder::builder().scrape_limits(limits).build()?;
    /// # drop(recorder);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "server")]
    pub fn scrape_limits(mut self, limits: metrics_endpoint::ScrapeLimits) -> Self {
        self.scrape_limits = limits;
        self
    }

    /// Where time comes from: a monotonic time since any fixed moment.
    ///
    /// Called at the start and the end of an attempt, when an object that is new or deleted is
    /// recorded, at a deletion, and at a scrape; under no lock. Should it panic, the time is
    /// taken as zero, which makes what is measured with it wrong but harms nothing else. See
    /// [`ManualClock`](crate::ManualClock) for tests. Defaults to the system's monotonic clock.
    pub fn clock(mut self, now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.clock = Some(Clock::custom(now));
        self
    }

    /// The recorder.
    ///
    /// # Errors
    ///
    /// [`BuildError`], which names the option that cannot be.
    pub fn build(mut self) -> Result<Recorder, BuildError> {
        self.bounds.pop_if(|last| *last == f64::INFINITY);
        if self.bounds.is_empty() {
            return Err(BuildError::NoBounds);
        }
        let mut last = f64::NEG_INFINITY;
        for (position, &bound) in self.bounds.iter().enumerate() {
            if !bound.is_finite() {
                return Err(BuildError::BoundNotFinite { bound, position });
            }
            if bound <= last {
                return Err(BuildError::BoundsNotIncreasing { bound, position });
            }
            last = bound;
        }
        if self.max_objects == 0 {
            return Err(BuildError::NoObjects);
        }
        Ok(self.build_valid())
    }

    /// The caller knows that the options are valid.
    pub(super) fn build_valid(mut self) -> Recorder {
        if !self.process {
            let of_process = Family::OF_PROCESS.map(Family::bit);
            self.without |= of_process.iter().fold(0, |bits, bit| bits | bit);
        }
        let clock = self.clock.unwrap_or_else(Clock::system);
        let buckets = self.bounds.len() + 1;
        let exposed = Family::all().filter(|family| self.without & family.bit() == 0);
        Recorder {
            inner: Arc::new(Inner {
                store: Store::new(clock, self.deleted_grace, buckets, self.max_objects),
                tracking: Tracking::default(),
                types: ConditionTypes::new(),
                controllers: Controllers::default(),
                registries: Registries::new(exposed),
                #[cfg(feature = "server")]
                totals: Arc::new(metrics_endpoint::Totals::with_limits(self.scrape_limits)),
                leases: Labelled::default(),
                requests: Requests::default(),
                bounds: self.bounds.into(),
                without: self.without,
                refused_types: Counter::default(),
                last_length: AtomicUsize::new(0),
                registered: AtomicBool::new(false),
            }),
        }
    }
}
