//! Every family once: name, help, type, labels, bounds.
//!
//! With its parts, the only file that spells a metric name; everything else asks [`Family`].

mod bounds;
mod families;

pub(crate) use self::bounds::{
    ATTEMPT_BOUNDS, RECONCILE_BOUNDS, RECONCILE_TIME_BOUNDS, REQUEST_BOUNDS, WORK_BOUNDS,
};
use self::families::Description;
pub use self::families::Family;

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
        families::CATALOG
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
        &families::CATALOG[self as usize]
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
