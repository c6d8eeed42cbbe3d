//! Every family once: name, help, type, labels, bounds.
//!
//! With its parts, the only file that spells a metric name; everything else asks [`Family`].

mod bounds;
mod descriptions;

pub(crate) use self::bounds::{
    RECONCILE_BOUNDS, RECONCILE_TIME_BOUNDS, REQUEST_BOUNDS, WORK_BOUNDS,
};
use self::descriptions::Description;

/// A metric family that this crate can expose.
///
/// Variants are in the order of their names, which is the order of the exposition.
///
/// Families whose name starts with `gotk_` are Flux's, those that start with `controller_runtime_`
/// and `certwatcher_` are controller-runtime's; `workqueue_`, `rest_client_` and `leader_election_`
/// are those of Kubernetes' Go libraries and `process_` those of Prometheus' client libraries, all
/// with their names, labels and help. Families of this crate's own start with `gotkmetrics_`.
///
/// # Examples
///
/// ```
/// use gotk_metrics::Family;
///
/// assert_eq!(Family::SuspendStatus.name(), "gotk_suspend_status");
/// assert_eq!(Family::SuspendStatus.labels(), ["kind", "name", "namespace"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Family {
    /// Reads of a server's certificate that failed or found nothing to use.
    CertificateReadErrors,
    /// Reads of a server's certificate and key.
    CertificateReads,
    /// How many reconciles a controller is running.
    ActiveWorkers,
    /// How many reconciles a controller runs at a time at most.
    MaxConcurrentReconciles,
    /// Reconcile attempts that failed or panicked, by controller.
    ReconcileErrors,
    /// Reconcile attempts that panicked, by controller.
    ReconcilePanics,
    /// How long the attempts of each controller took.
    ReconcileTime,
    /// Reconcile attempts that ran out of time, by controller; nothing here knows of one.
    ReconcileTimeouts,
    /// Finished reconcile attempts, by controller and result.
    ReconcileTotal,
    /// Reconcile errors after which nothing is tried again, by controller.
    TerminalReconcileErrors,
    /// The state of each condition of each object.
    ReconcileCondition,
    /// How long the attempts of each object took.
    ReconcileDuration,
    /// What each object in a tracked store is, and the state that it is in.
    ResourceInfo,
    /// Whether each object is suspended.
    SuspendStatus,
    /// Appended registries that were left out of an exposition.
    AppendErrors,
    /// Reconcile attempts dropped before their end, by controller.
    AttemptsCancelled,
    /// Reconcile attempts started inside another one on the same object, by controller.
    AttemptsOverlapping,
    /// When each object that is being deleted was asked to go.
    DeletionTimestamp,
    /// How many objects the recorder knows.
    Objects,
    /// Objects whose status is of an older generation than their spec, by kind.
    ObjectsBehind,
    /// Reconciles asked for of objects that were gone, by controller.
    ObjectsNotFound,
    /// Panics of the user's code that reads an object in a tracked store.
    ObservePanics,
    /// Reconcile attempts that failed, by controller and what the error says it is.
    ErrorCategories,
    /// Recordings refused because a limit was reached.
    Refused,
    /// Bytes of expositions that a server has sent.
    ScrapeBytes,
    /// How long a server took to answer scrapes.
    ScrapeDuration,
    /// Scrapes whose exposition was cut off or given up.
    ScrapesAborted,
    /// Scrapes that a server is answering now.
    ScrapesInFlight,
    /// Scrapes that a server has answered, by status code.
    ScrapesTotal,
    /// Tracked stores, by kind and whether they have their first list.
    Sources,
    /// Errors of the watches of a controller.
    WatchErrors,
    /// Whether this process leads, by lease.
    LeaderStatus,
    /// Processor time that this process has used.
    ProcessCpu,
    /// How many file descriptors this process may have open.
    ProcessMaxFds,
    /// How many file descriptors this process has open.
    ProcessOpenFds,
    /// How much of this process is in memory.
    ProcessResidentMemory,
    /// When this process started.
    ProcessStartTime,
    /// How many threads this process has.
    ProcessThreads,
    /// How much address space this process uses.
    ProcessVirtualMemory,
    /// How much address space this process may use.
    ProcessVirtualMemoryMax,
    /// How long requests took until the head of their answer, by host and method.
    RequestDuration,
    /// Requests to an API server, by status code, host and method.
    RequestsTotal,
    /// How long the longest attempt under way has been running, by controller.
    LongestRunning,
    /// Reconciles put off for a while, by controller.
    Retries,
    /// How long the attempts under way have been running together, by controller.
    UnfinishedWork,
    /// How long the attempts of each controller took, as the workqueue of Go has it.
    WorkDuration,
}

/// The type of a metric family, as its `# TYPE` line names it.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{Family, FamilyType};
///
/// let histograms = Family::all().filter(|one| one.family_type() == FamilyType::Histogram);
/// assert!(histograms.map(Family::name).any(|name| name == "gotk_reconcile_duration_seconds"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FamilyType {
    /// A value that only grows while the process lives.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Counts of observations by upper bound, with their sum.
    Histogram,
}

impl Family {
    /// Those that are exposed only where they were asked for.
    pub(crate) const OF_PROCESS: [Self; 8] = [
        Self::ProcessCpu,
        Self::ProcessMaxFds,
        Self::ProcessOpenFds,
        Self::ProcessResidentMemory,
        Self::ProcessStartTime,
        Self::ProcessThreads,
        Self::ProcessVirtualMemory,
        Self::ProcessVirtualMemoryMax,
    ];

    /// Every family, in the order of the exposition.
    #[must_use]
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        descriptions::CATALOG
            .iter()
            .map(|description| description.family)
    }

    /// The full name; that of a counter ends in `_total`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.description().name
    }

    /// The text of the `# HELP` line, unescaped.
    #[must_use]
    pub const fn help(self) -> &'static str {
        self.description().help
    }

    /// The type of the `# TYPE` line.
    #[must_use]
    pub const fn family_type(self) -> FamilyType {
        self.description().family_type
    }

    /// The family's name in OpenMetrics, where only the samples of a counter end in `_total`.
    pub(crate) fn base_name(self) -> &'static str {
        let name = self.name();
        name.strip_suffix("_total").unwrap_or(name)
    }

    /// The label names in the order of the wire; a histogram's `le` comes after them.
    #[must_use]
    pub const fn labels(self) -> &'static [&'static str] {
        self.description().labels
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "variants index the catalogue, held by a test; the index is a constant at each use"
    )]
    const fn description(self) -> &'static Description {
        &descriptions::CATALOG[self as usize]
    }

    pub(crate) const fn bit(self) -> u64 {
        1 << self as u64
    }
}

impl FamilyType {
    /// The word in a `# TYPE` line: `counter`, `gauge` or `histogram`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}
