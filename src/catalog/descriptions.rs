//! The catalogue itself: one entry for each family, in the order of their names.

use super::{Family, FamilyType};

pub(super) struct Description {
    pub(super) family: Family,
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) family_type: FamilyType,
    pub(super) labels: &'static [&'static str],
}

pub(super) const CATALOG: [Description; 46] = [
    Description {
        family: Family::CertificateReadErrors,
        name: "certwatcher_read_certificate_errors_total",
        help: "Total number of certificate read errors",
        family_type: FamilyType::Counter,
        labels: &[],
    },
    Description {
        family: Family::CertificateReads,
        name: "certwatcher_read_certificate_total",
        help: "Total number of certificate reads",
        family_type: FamilyType::Counter,
        labels: &[],
    },
    Description {
        family: Family::ActiveWorkers,
        name: "controller_runtime_active_workers",
        help: "Number of currently used workers per controller",
        family_type: FamilyType::Gauge,
        labels: &["controller"],
    },
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
        family: Family::ReconcileTime,
        name: "controller_runtime_reconcile_time_seconds",
        help: "Length of time per reconciliation per controller",
        family_type: FamilyType::Histogram,
        labels: &["controller"],
    },
    Description {
        family: Family::ReconcileTimeouts,
        name: "controller_runtime_reconcile_timeouts_total",
        help: "Total number of reconciliation timeouts per controller",
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
        family: Family::ResourceInfo,
        name: "gotk_resource_info",
        help: "The current state of a GitOps Toolkit resource.",
        family_type: FamilyType::Gauge,
        labels: &[
            "customresource_group",
            "customresource_kind",
            "customresource_version",
            "exported_namespace",
            "name",
            "ready",
            "suspended",
        ],
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
        family: Family::AttemptsOverlapping,
        name: "gotkmetrics_attempts_overlapping_total",
        help: "Total number of reconcile attempts started inside another attempt on the same object, per controller.",
        family_type: FamilyType::Counter,
        labels: &["controller"],
    },
    Description {
        family: Family::DeletionTimestamp,
        name: "gotkmetrics_deletion_timestamp_seconds",
        help: "The time at which an object that is still there was asked to go, in seconds of Unix time.",
        family_type: FamilyType::Gauge,
        labels: &["kind", "name", "namespace"],
    },
    Description {
        family: Family::Objects,
        name: "gotkmetrics_objects",
        help: "Number of objects that have series, deleted ones in their grace included.",
        family_type: FamilyType::Gauge,
        labels: &[],
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
        family: Family::ErrorCategories,
        name: "gotkmetrics_reconcile_errors_total",
        help: "Total number of reconciliation errors per controller and category.",
        family_type: FamilyType::Counter,
        labels: &["category", "controller"],
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
        family: Family::Sources,
        name: "gotkmetrics_sources",
        help: "Number of tracked stores, per kind and state.",
        family_type: FamilyType::Gauge,
        labels: &["kind", "state"],
    },
    Description {
        family: Family::WatchErrors,
        name: "gotkmetrics_watch_errors_total",
        help: "Total number of errors of the watches per controller.",
        family_type: FamilyType::Counter,
        labels: &["controller"],
    },
    Description {
        family: Family::LeaderStatus,
        name: "leader_election_master_status",
        help: "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease. Please make sure to group by name.",
        family_type: FamilyType::Gauge,
        labels: &["name"],
    },
    Description {
        family: Family::ProcessCpu,
        name: "process_cpu_seconds_total",
        help: "Total user and system CPU time spent in seconds.",
        family_type: FamilyType::Counter,
        labels: &[],
    },
    Description {
        family: Family::ProcessMaxFds,
        name: "process_max_fds",
        help: "Maximum number of open file descriptors.",
        family_type: FamilyType::Gauge,
        labels: &[],
    },
    Description {
        family: Family::ProcessOpenFds,
        name: "process_open_fds",
        help: "Number of open file descriptors.",
        family_type: FamilyType::Gauge,
        labels: &[],
    },
    Description {
        family: Family::ProcessResidentMemory,
        name: "process_resident_memory_bytes",
        help: "Resident memory size in bytes.",
        family_type: FamilyType::Gauge,
        labels: &[],
    },
    Description {
        family: Family::ProcessStartTime,
        name: "process_start_time_seconds",
        help: "Start time of the process since unix epoch in seconds.",
        family_type: FamilyType::Gauge,
        labels: &[],
    },
    Description {
        family: Family::ProcessThreads,
        name: "process_threads",
        help: "Number of OS threads in the process.",
        family_type: FamilyType::Gauge,
        labels: &[],
    },
    Description {
        family: Family::ProcessVirtualMemory,
        name: "process_virtual_memory_bytes",
        help: "Virtual memory size in bytes.",
        family_type: FamilyType::Gauge,
        labels: &[],
    },
    Description {
        family: Family::ProcessVirtualMemoryMax,
        name: "process_virtual_memory_max_bytes",
        help: "Maximum amount of virtual memory available in bytes.",
        family_type: FamilyType::Gauge,
        labels: &[],
    },
    // These two are client-go's, with the help and labels that
    // component-base/metrics/prometheus/restclient/metrics.go gives them. controller-runtime
    // exposes the second one alone.
    Description {
        family: Family::RequestDuration,
        name: "rest_client_request_duration_seconds",
        help: "Request latency in seconds. Broken down by verb, and host.",
        family_type: FamilyType::Histogram,
        labels: &["host", "verb"],
    },
    Description {
        family: Family::RequestsTotal,
        name: "rest_client_requests_total",
        help: "Number of HTTP requests, partitioned by status code, method, and host.",
        family_type: FamilyType::Counter,
        labels: &["code", "host", "method"],
    },
    Description {
        family: Family::LongestRunning,
        name: "workqueue_longest_running_processor_seconds",
        help: "How many seconds has the longest running processor for workqueue been running.",
        family_type: FamilyType::Gauge,
        labels: &["controller", "name"],
    },
    Description {
        family: Family::Retries,
        name: "workqueue_retries_total",
        help: "Total number of items added to the workqueue with a non-zero delay (rate-limited requeues, explicit RequeueAfter or AddAfter calls)",
        family_type: FamilyType::Counter,
        labels: &["controller", "name"],
    },
    Description {
        family: Family::UnfinishedWork,
        name: "workqueue_unfinished_work_seconds",
        help: "How many seconds of work has been done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.",
        family_type: FamilyType::Gauge,
        labels: &["controller", "name"],
    },
    Description {
        family: Family::WorkDuration,
        name: "workqueue_work_duration_seconds",
        help: "How long in seconds processing an item from workqueue takes.",
        family_type: FamilyType::Histogram,
        labels: &["controller", "name"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_index_the_catalogue_in_the_order_of_names() {
        for (index, description) in CATALOG.iter().enumerate() {
            assert_eq!(description.family as usize, index, "{}", description.name);
        }
        assert!(CATALOG.is_sorted_by_key(|description| description.name));
    }
}
