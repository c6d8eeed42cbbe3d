//! The catalogue itself: one line for each family, in the order of their names.
//!
//! A line has the variant, the type, the name, the labels in the order of the wire, and the help.

use super::FamilyType;

pub(super) struct Description {
    pub(super) family: Family,
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) family_type: FamilyType,
    pub(super) labels: &'static [&'static str],
}

macro_rules! catalog {
    ($($family:ident: $family_type:ident $name:literal $labels:tt $help:literal,)*) => {
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
            $(#[doc = concat!("`", $name, "`: ", $help)] $family,)*
        }

        pub(super) const CATALOG: &[Description] = &[$(
            Description {
                family: Family::$family,
                name: $name,
                help: $help,
                family_type: FamilyType::$family_type,
                labels: &$labels,
            },
        )*];
    };
}

catalog! {
    CertificateReadErrors: Counter "certwatcher_read_certificate_errors_total" [] "Total number of certificate read errors",
    CertificateReads: Counter "certwatcher_read_certificate_total" [] "Total number of certificate reads",
    ActiveWorkers: Gauge "controller_runtime_active_workers" ["controller"] "Number of currently used workers per controller",
    MaxConcurrentReconciles: Gauge "controller_runtime_max_concurrent_reconciles" ["controller"] "Maximum number of concurrent reconciles per controller",
    ReconcileErrors: Counter "controller_runtime_reconcile_errors_total" ["controller"] "Total number of reconciliation errors per controller",
    ReconcilePanics: Counter "controller_runtime_reconcile_panics_total" ["controller"] "Total number of reconciliation panics per controller",
    ReconcileTime: Histogram "controller_runtime_reconcile_time_seconds" ["controller"] "Length of time per reconciliation per controller",
    ReconcileTimeouts: Counter "controller_runtime_reconcile_timeouts_total" ["controller"] "Total number of reconciliation timeouts per controller",
    ReconcileTotal: Counter "controller_runtime_reconcile_total" ["controller", "result"] "Total number of reconciliations per controller",
    TerminalReconcileErrors: Counter "controller_runtime_terminal_reconcile_errors_total" ["controller"] "Total number of terminal reconciliation errors per controller",
    ReconcileCondition: Gauge "gotk_reconcile_condition" ["kind", "name", "namespace", "status", "type"] "The current condition status of a GitOps Toolkit resource reconciliation.",
    ReconcileDuration: Histogram "gotk_reconcile_duration_seconds" ["kind", "name", "namespace"] "The duration in seconds of a GitOps Toolkit resource reconciliation.",
    ResourceInfo: Gauge "gotk_resource_info" ["customresource_group", "customresource_kind", "customresource_version", "exported_namespace", "name", "ready", "suspended"] "The current state of a GitOps Toolkit resource.",
    SuspendStatus: Gauge "gotk_suspend_status" ["kind", "name", "namespace"] "The current suspend status of a GitOps Toolkit resource.",
    AppendErrors: Counter "gotkmetrics_append_errors_total" [] "Total number of times a part of an appended registry was left out of an exposition.",
    AttemptsCancelled: Counter "gotkmetrics_attempts_cancelled_total" ["controller"] "Total number of reconcile attempts dropped before their end per controller.",
    AttemptsOverlapping: Counter "gotkmetrics_attempts_overlapping_total" ["controller"] "Total number of reconcile attempts started inside another attempt on the same object, per controller.",
    DeletionTimestamp: Gauge "gotkmetrics_deletion_timestamp_seconds" ["kind", "name", "namespace"] "The time at which an object that is still there was asked to go, in seconds of Unix time.",
    Objects: Gauge "gotkmetrics_objects" [] "Number of objects that have series, deleted ones in their grace included.",
    ObjectsBehind: Gauge "gotkmetrics_objects_behind" ["kind"] "Number of objects whose status is of an older generation than their spec per kind.",
    ObjectsNotFound: Counter "gotkmetrics_objects_not_found_total" ["controller"] "Total number of reconciles asked for of objects that were gone per controller.",
    ObservePanics: Counter "gotkmetrics_observe_panics_total" [] "Total number of panics while the state of an object in a tracked store was read.",
    ErrorCategories: Counter "gotkmetrics_reconcile_errors_total" ["category", "controller"] "Total number of reconciliation errors per controller and category.",
    Refused: Counter "gotkmetrics_refused_total" ["limit"] "Total number of recordings refused because a limit was reached.",
    ScrapeBytes: Counter "gotkmetrics_scrape_bytes_total" [] "Total number of bytes of expositions sent, after compression.",
    ScrapeDuration: Histogram "gotkmetrics_scrape_duration_seconds" [] "The time in seconds from the request of a scrape to the end of its answer.",
    ScrapesAborted: Counter "gotkmetrics_scrapes_aborted_total" [] "Total number of scrapes that were cut off or given up before their end.",
    ScrapesInFlight: Gauge "gotkmetrics_scrapes_in_flight" [] "The number of scrapes being answered, this one included.",
    ScrapesTotal: Counter "gotkmetrics_scrapes_total" ["code"] "Total number of scrapes answered per status code.",
    Sources: Gauge "gotkmetrics_sources" ["kind", "state"] "Number of tracked stores, per kind and state.",
    WatchErrors: Counter "gotkmetrics_watch_errors_total" ["controller"] "Total number of errors of the watches per controller.",
    LeaderStatus: Gauge "leader_election_master_status" ["name"] "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease. Please make sure to group by name.",
    ProcessCpu: Counter "process_cpu_seconds_total" [] "Total user and system CPU time spent in seconds.",
    ProcessMaxFds: Gauge "process_max_fds" [] "Maximum number of open file descriptors.",
    ProcessOpenFds: Gauge "process_open_fds" [] "Number of open file descriptors.",
    ProcessResidentMemory: Gauge "process_resident_memory_bytes" [] "Resident memory size in bytes.",
    ProcessStartTime: Gauge "process_start_time_seconds" [] "Start time of the process since unix epoch in seconds.",
    ProcessThreads: Gauge "process_threads" [] "Number of OS threads in the process.",
    ProcessVirtualMemory: Gauge "process_virtual_memory_bytes" [] "Virtual memory size in bytes.",
    ProcessVirtualMemoryMax: Gauge "process_virtual_memory_max_bytes" [] "Maximum amount of virtual memory available in bytes.",
    // These two are those of component-base/metrics/prometheus/restclient/metrics.go.
    // controller-runtime exposes the second one alone.
    RequestDuration: Histogram "rest_client_request_duration_seconds" ["host", "verb"] "Request latency in seconds. Broken down by verb, and host.",
    RequestsTotal: Counter "rest_client_requests_total" ["code", "host", "method"] "Number of HTTP requests, partitioned by status code, method, and host.",
    LongestRunning: Gauge "workqueue_longest_running_processor_seconds" ["controller", "name"] "How many seconds has the longest running processor for workqueue been running.",
    Retries: Counter "workqueue_retries_total" ["controller", "name"] "Total number of items added to the workqueue with a non-zero delay (rate-limited requeues, explicit RequeueAfter or AddAfter calls)",
    UnfinishedWork: Gauge "workqueue_unfinished_work_seconds" ["controller", "name"] "How many seconds of work has been done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.",
    WorkDuration: Histogram "workqueue_work_duration_seconds" ["controller", "name"] "How long in seconds processing an item from workqueue takes.",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_in_the_order_of_their_names() {
        assert!(CATALOG.is_sorted_by_key(|description| description.name));
    }
}
