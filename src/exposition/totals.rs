//! The families that are counted per process or per controller: a few series each.
//!
//! The series of a family are made here once, for every format and for prometheus-client.

use std::array;

use super::Format;
use super::float::{write_count, write_counter, write_float};
use super::lines::write_header;
use crate::catalog::{Family, RECONCILE_TIME_BOUNDS, WORK_BOUNDS};
use crate::controller::Controller;
use crate::inner::Inner;
use crate::metric::{Buckets, Counter, Gauge};
use crate::object::escape_label;

/// One series, or the series of one histogram.
pub(super) struct Total {
    /// The raw values of the family's labels.
    labels: Vec<String>,
    pub(super) value: Value,
}

pub(super) enum Value {
    Count(u64),
    Float(f64),
    Histogram(Buckets),
}

impl Total {
    /// Returns each label with its raw value.
    pub(super) fn labels(&self, family: Family) -> Vec<(&'static str, &str)> {
        let values = self.labels.iter().map(String::as_str);
        family.labels().iter().copied().zip(values).collect()
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<Buckets> for Value {
    fn from(buckets: Buckets) -> Self {
        Self::Histogram(buckets)
    }
}

/// Returns the series of `family` in the order of the exposition. A family that has series per
/// object has none here.
pub(super) fn totals(inner: &Inner, family: Family) -> Vec<Total> {
    use Family as F;
    match family {
        F::CertificateReadErrors
        | F::CertificateReads
        | F::ScrapeBytes
        | F::ScrapeDuration
        | F::ScrapesAborted
        | F::ScrapesInFlight
        | F::ScrapesTotal => endpoint(inner, family),
        F::ActiveWorkers | F::UnfinishedWork | F::LongestRunning => in_flight(inner, family),
        F::MaxConcurrentReconciles => per_controller(inner, Controller::max_concurrent),
        F::ReconcileErrors => per_controller(inner, |c| Some(c.errors())),
        F::ReconcilePanics => per_controller(inner, |c| Some(c.panics.get())),
        // As in Go, it comes with its first observation, and that of the queue is there from the
        // start.
        F::ReconcileTime => per_controller(inner, |c| {
            let durations = c.work.durations.read().within(&RECONCILE_TIME_BOUNDS);
            (durations.count() > 0).then_some(durations)
        }),
        F::WorkDuration => per_queue(inner, |c| c.work.durations.read().within(&WORK_BOUNDS)),
        F::ReconcileTimeouts => per_controller(inner, |c| Some(c.timeouts.get())),
        F::ReconcileTotal => results(inner),
        F::TerminalReconcileErrors => per_controller(inner, |c| Some(c.terminal_errors.get())),
        F::AttemptsCancelled => per_controller(inner, |c| Some(c.cancelled.get())),
        F::AttemptsOverlapping => per_controller(inner, |c| Some(c.overlapping.get())),
        F::ObjectsNotFound => per_controller(inner, |c| c.of_stream(&c.not_found)),
        F::WatchErrors => per_controller(inner, |c| c.of_stream(&c.watch_errors)),
        F::Retries => per_queue(inner, |c| c.retries.get()),
        F::ErrorCategories => categories(inner),
        F::AppendErrors => {
            let errors = inner.registries.errors.get();
            single(inner.registries.any().then_some(errors))
        }
        F::Objects => single(inner.known_objects()),
        F::ObjectsBehind => {
            let kinds = inner.tracking.behind().into_iter();
            labelled(kinds.map(|(kind, count)| ([kind], count)))
        }
        F::ObservePanics => single(inner.tracking.panics()),
        F::Refused => refused(inner),
        F::Sources => sources(inner),
        F::LeaderStatus => {
            let leases = &inner.leases;
            labelled(leases.read(|name, leads: &Gauge| ([name.clone()], leads.get())))
        }
        F::RequestDuration => labelled(inner.requests.durations()),
        F::RequestsTotal => labelled(inner.requests.results()),
        F::ProcessCpu
        | F::ProcessMaxFds
        | F::ProcessOpenFds
        | F::ProcessResidentMemory
        | F::ProcessStartTime
        | F::ProcessThreads
        | F::ProcessVirtualMemory
        | F::ProcessVirtualMemoryMax => process(family),
        F::ReconcileCondition
        | F::ReconcileDuration
        | F::ResourceInfo
        | F::SuspendStatus
        | F::DeletionTimestamp => Vec::new(),
    }
}

/// One series without labels, if there is one.
fn single(value: Option<impl Into<Value>>) -> Vec<Total> {
    labelled(value.map(|value| ([], value)))
}

fn labelled<const N: usize, V: Into<Value>>(
    series: impl IntoIterator<Item = ([String; N], V)>,
) -> Vec<Total> {
    let series = series.into_iter().map(|(labels, value)| Total {
        labels: labels.into(),
        value: value.into(),
    });
    series.collect()
}

/// One series for each controller that has the value.
fn per_controller<V: Into<Value>>(
    inner: &Inner,
    value: impl Fn(&Controller) -> Option<V>,
) -> Vec<Total> {
    let controllers = inner.controllers.sorted();
    let series = controllers.iter();
    labelled(series.filter_map(|c| Some(([c.name().to_owned()], value(c)?))))
}

/// The same with the label of the workqueue, which is called like its controller.
fn per_queue<V: Into<Value>>(inner: &Inner, value: impl Fn(&Controller) -> V) -> Vec<Total> {
    let controllers = inner.controllers.sorted();
    let series = controllers.iter();
    labelled(series.map(|c| (array::from_fn::<_, 2, _>(|_| c.name().to_owned()), value(c))))
}

fn in_flight(inner: &Inner, family: Family) -> Vec<Total> {
    let now = inner.store.now();
    match family {
        Family::ActiveWorkers => per_controller(inner, |c| Some(c.work.unfinished(now).attempts)),
        Family::UnfinishedWork => per_queue(inner, |c| c.work.unfinished(now).total.as_secs_f64()),
        _ => per_queue(inner, |c| c.work.unfinished(now).longest.as_secs_f64()),
    }
}

fn results(inner: &Inner) -> Vec<Total> {
    let controllers = inner.controllers.sorted();
    let results = controllers.iter().flat_map(|controller| {
        let labels = |result: &str| [controller.name().to_owned(), result.to_owned()];
        controller
            .results()
            .map(move |(result, count)| (labels(result), count))
    });
    labelled(results)
}

fn categories(inner: &Inner) -> Vec<Total> {
    let mut counts = Vec::new();
    for controller in inner.controllers.sorted() {
        counts.extend(controller.categories.read(|category, count: &Counter| {
            let labels = [(*category).to_owned(), controller.name().to_owned()];
            (labels, count.get())
        }));
    }
    counts.sort_unstable();
    labelled(counts)
}

fn sources(inner: &Inner) -> Vec<Total> {
    let kinds = inner.tracking.states().into_iter();
    labelled(kinds.flat_map(|(kind, counts)| {
        let states = ["synced", "waiting"].into_iter().zip(counts);
        states.map(move |(state, count)| ([kind.clone(), state.to_owned()], count))
    }))
}

/// The families of the endpoint, which counts for all servers of a recorder. They begin with the
/// first scrape or read of a certificate.
#[cfg(feature = "server")]
fn endpoint(inner: &Inner, family: Family) -> Vec<Total> {
    let certificates = inner.totals.certificates();
    let scrapes = inner.totals.scrapes();
    match family {
        Family::CertificateReadErrors => single(certificates.map(|all| all.errors)),
        Family::CertificateReads => single(certificates.map(|all| all.reads)),
        Family::ScrapeBytes => single(scrapes.map(|all| all.bytes)),
        Family::ScrapeDuration => single(scrapes.map(|all| Buckets {
            bounds: &metrics_endpoint::ScrapeDurations::BOUNDS,
            counts: all.durations.counts.to_vec(),
            sum: all.durations.sum,
        })),
        Family::ScrapesAborted => single(scrapes.map(|all| all.aborted)),
        Family::ScrapesInFlight => single(scrapes.map(|all| all.in_flight)),
        _ => {
            let codes = scrapes.into_iter().flat_map(|all| all.codes);
            labelled(codes.map(|(code, count)| ([code.to_owned()], count)))
        }
    }
}

#[cfg(not(feature = "server"))]
fn endpoint(_: &Inner, _: Family) -> Vec<Total> {
    Vec::new()
}

/// With the first attempt they are all there, so that their increase shows. Without attempts, as
/// Go's recorder is used, they stay out of the way until they matter.
fn refused(inner: &Inner) -> Vec<Total> {
    let all = inner.controllers.any();
    let limits = inner.refused().into_iter();
    let shown = limits.filter(|(_, count)| all || *count > 0);
    labelled(shown.map(|(limit, count)| ([limit.to_owned()], count)))
}

#[cfg(all(feature = "process", target_os = "linux"))]
fn process(family: Family) -> Vec<Total> {
    single(crate::process::value(family))
}

/// They can only be enabled with the feature.
#[cfg(not(all(feature = "process", target_os = "linux")))]
fn process(_: Family) -> Vec<Total> {
    Vec::new()
}

// === text ===

/// Appends a family with all its series, and nothing if there are none.
pub(super) fn write_totals(out: &mut String, inner: &Inner, family: Family, format: Format) {
    let totals = totals(inner, family);
    if !totals.is_empty() {
        write_header(out, family, format);
    }
    for total in totals {
        let labels = rendered(&total.labels(family));
        match total.value {
            Value::Count(count) => {
                open(out, family, "", &labels);
                write_counter(out, count, format);
            }
            Value::Float(value) => {
                open(out, family, "", &labels);
                write_float(out, value, format);
            }
            Value::Histogram(buckets) => {
                write_buckets(out, family, &labels, &buckets, format);
                open(out, family, "_sum", &labels);
                write_float(out, buckets.sum, format);
                out.push('\n');
                open(out, family, "_count", &labels);
                write_count(out, buckets.count(), format);
            }
        }
        out.push('\n');
    }
}

/// `a="b",c="d"`.
fn rendered(labels: &[(&'static str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in labels {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(name);
        out.push_str("=\"");
        escape_label(value, &mut out);
        out.push('"');
    }
    out
}

/// The name, the labels if there are any, and a space.
fn open(out: &mut String, family: Family, suffix: &str, labels: &str) {
    out.push_str(family.name());
    out.push_str(suffix);
    if !labels.is_empty() {
        out.push('{');
        out.push_str(labels);
        out.push('}');
    }
    out.push(' ');
}

fn write_buckets(
    out: &mut String,
    family: Family,
    labels: &str,
    buckets: &Buckets,
    format: Format,
) {
    let mut cumulative = 0;
    for (bound, count) in buckets.iter() {
        cumulative += count;
        out.push_str(family.name());
        out.push_str("_bucket{");
        out.push_str(labels);
        out.push_str(if labels.is_empty() { "le=\"" } else { ",le=\"" });
        write_float(out, bound, format);
        out.push_str("\"} ");
        write_count(out, cumulative, format);
        out.push('\n');
    }
}
