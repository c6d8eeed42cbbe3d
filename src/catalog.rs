//! Every family once: name, help, type, labels, bounds.
//!
//! The only file that spells a metric name; everything else asks [`Family`].

/// A metric family that this crate can expose.
///
/// Variants are in the order of their names, which is the order of the exposition.
///
/// Families whose name starts with `gotk_` are Flux's, those that start with `controller_runtime_`
/// are controller-runtime's, both with their names, labels and help. Families of this crate's own
/// start with `gotkmetrics_`.
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
    /// How many reconciles a controller runs at a time at most.
    MaxConcurrentReconciles,
    /// Reconcile attempts that failed or panicked, by controller.
    ReconcileErrors,
    /// Reconcile attempts that panicked, by controller.
    ReconcilePanics,
    /// Finished reconcile attempts, by controller and result.
    ReconcileTotal,
    /// Reconcile errors after which nothing is tried again, by controller.
    TerminalReconcileErrors,
    /// The state of each condition of each object.
    ReconcileCondition,
    /// How long the attempts of each object took.
    ReconcileDuration,
    /// Whether each object is suspended.
    SuspendStatus,
    /// Appended registries that were left out of an exposition.
    AppendErrors,
    /// Reconcile attempts dropped before their end, by controller.
    AttemptsCancelled,
    /// Objects whose status is of an older generation than their spec, by kind.
    ObjectsBehind,
    /// Reconciles asked for of objects that were gone, by controller.
    ObjectsNotFound,
    /// Panics of the user's code that reads an object in a tracked store.
    ObservePanics,
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
    /// Errors of the watches of a controller.
    WatchErrors,
}

/// The type of a metric family, as its `# TYPE` line names it.
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

struct Description {
    family: Family,
    name: &'static str,
    help: &'static str,
    family_type: FamilyType,
    labels: &'static [&'static str],
}

const CATALOG: [Description; 20] = [
    Description {
        family: Family::MaxConcurrentReconciles,
        name: "controller_runtime_max_concurrent_reconciles",
        help: "Maximum number of concurrent reconciles per controller",
        family_type: FamilyType::Gauge,
        labels: &["controller"],
    },
    Description {
        family: Family::ReconcileErrors,
        name: "controller_runtime_reconcile_errors_total",
        help: "Total number of reconciliation errors per controller",
        family_type: FamilyType::Counter,
        labels: &["controller"],
    },
    Description {
        family: Family::ReconcilePanics,
        name: "controller_runtime_reconcile_panics_total",
        help: "Total number of reconciliation panics per controller",
        family_type: FamilyType::Counter,
        labels: &["controller"],
    },
    Description {
        family: Family::ReconcileTotal,
        name: "controller_runtime_reconcile_total",
        help: "Total number of reconciliations per controller",
        family_type: FamilyType::Counter,
        labels: &["controller", "result"],
    },
    Description {
        family: Family::TerminalReconcileErrors,
        name: "controller_runtime_terminal_reconcile_errors_total",
        help: "Total number of terminal reconciliation errors per controller",
        family_type: FamilyType::Counter,
        labels: &["controller"],
    },
    Description {
        family: Family::ReconcileCondition,
        name: "gotk_reconcile_condition",
        help: "The current condition status of a GitOps Toolkit resource reconciliation.",
        family_type: FamilyType::Gauge,
        labels: &["kind", "name", "namespace", "status", "type"],
    },
    Description {
        family: Family::ReconcileDuration,
        name: "gotk_reconcile_duration_seconds",
        help: "The duration in seconds of a GitOps Toolkit resource reconciliation.",
        family_type: FamilyType::Histogram,
        labels: &["kind", "name", "namespace"],
    },
    Description {
        family: Family::SuspendStatus,
        name: "gotk_suspend_status",
        help: "The current suspend status of a GitOps Toolkit resource.",
        family_type: FamilyType::Gauge,
        labels: &["kind", "name", "namespace"],
    },
    Description {
        family: Family::AppendErrors,
        name: "gotkmetrics_append_errors_total",
        help: "Total number of times a part of an appended registry was left out of an exposition.",
        family_type: FamilyType::Counter,
        labels: &[],
    },
    Description {
        family: Family::AttemptsCancelled,
        name: "gotkmetrics_attempts_cancelled_total",
        help: "Total number of reconcile attempts dropped before their end per controller.",
        family_type: FamilyType::Counter,
        labels: &["controller"],
    },
    Description {
        family: Family::ObjectsBehind,
        name: "gotkmetrics_objects_behind",
        help: "Number of objects whose status is of an older generation than their spec per kind.",
        family_type: FamilyType::Gauge,
        labels: &["kind"],
    },
    Description {
        family: Family::ObjectsNotFound,
        name: "gotkmetrics_objects_not_found_total",
        help: "Total number of reconciles asked for of objects that were gone per controller.",
        family_type: FamilyType::Counter,
        labels: &["controller"],
    },
    Description {
        family: Family::ObservePanics,
        name: "gotkmetrics_observe_panics_total",
        help: "Total number of panics while the state of an object in a tracked store was read.",
        family_type: FamilyType::Counter,
        labels: &[],
    },
    Description {
        family: Family::Refused,
        name: "gotkmetrics_refused_total",
        help: "Total number of recordings refused because a limit was reached.",
        family_type: FamilyType::Counter,
        labels: &["limit"],
    },
    Description {
        family: Family::ScrapeBytes,
        name: "gotkmetrics_scrape_bytes_total",
        help: "Total number of bytes of expositions sent, after compression.",
        family_type: FamilyType::Counter,
        labels: &[],
    },
    Description {
        family: Family::ScrapeDuration,
        name: "gotkmetrics_scrape_duration_seconds",
        help: "The time in seconds from the request of a scrape to the end of its answer.",
        family_type: FamilyType::Histogram,
        labels: &[],
    },
    Description {
        family: Family::ScrapesAborted,
        name: "gotkmetrics_scrapes_aborted_total",
        help: "Total number of scrapes that were cut off or given up before their end.",
        family_type: FamilyType::Counter,
        labels: &[],
    },
    Description {
        family: Family::ScrapesInFlight,
        name: "gotkmetrics_scrapes_in_flight",
        help: "The number of scrapes being answered, this one included.",
        family_type: FamilyType::Gauge,
        labels: &[],
    },
    Description {
        family: Family::ScrapesTotal,
        name: "gotkmetrics_scrapes_total",
        help: "Total number of scrapes answered per status code.",
        family_type: FamilyType::Counter,
        labels: &["code"],
    },
    Description {
        family: Family::WatchErrors,
        name: "gotkmetrics_watch_errors_total",
        help: "Total number of errors of the watches per controller.",
        family_type: FamilyType::Counter,
        labels: &["controller"],
    },
];

impl Family {
    /// Every family, in the order of the exposition.
    #[must_use]
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        CATALOG.iter().map(|description| description.family)
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
        &CATALOG[self as usize]
    }

    pub(crate) const fn bit(self) -> u32 {
        1 << self as u32
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

/// Upper bounds of `gotk_reconcile_duration_seconds`, in seconds; `+Inf` is implied.
///
/// Written out, not computed: Go's formula run in Rust differs in the last digits, and
/// Prometheus 2 compares `le` as text, so a sum over both kinds of controller would break.
#[expect(clippy::unreadable_literal, reason = "Go's own digits")]
pub(crate) const RECONCILE_BOUNDS: [f64; 10] = [
    0.01,
    0.038363583488692544,
    0.1471764538093883,
    0.5646216173286169,
    2.166090855590701,
    8.309900738254731,
    31.879757075478317,
    122.30217221643493,
    469.19495946736544,
    1799.9999999999986,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_have_gos_bits() {
        let bits = RECONCILE_BOUNDS.map(f64::to_bits);
        let go = [
            0x3f84_7ae1_47ae_147b,
            0x3fa3_a464_40e1_f215,
            0x3fc2_d6ad_93ed_2141,
            0x3fe2_1161_5aa1_502c,
            0x4001_5427_7147_69ec,
            0x4020_9eab_4f3f_9ee3,
            0x403f_e137_c27b_9a9e,
            0x405e_9356_ca22_d643,
            0x407d_531e_8dd1_8615,
            0x409c_1fff_ffff_fffa,
        ];
        assert_eq!(bits, go);
    }

    #[test]
    fn variants_index_the_catalogue_in_the_order_of_names() {
        for (index, description) in CATALOG.iter().enumerate() {
            assert_eq!(description.family as usize, index, "{}", description.name);
        }
        assert!(CATALOG.is_sorted_by_key(|description| description.name));
    }
}
