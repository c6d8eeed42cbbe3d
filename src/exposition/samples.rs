//! The families that are not per object: a few series each.
//!
//! Which series there are stands here once, for our own writer and for prometheus-client's.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::catalog::{Family, RECONCILE_TIME_BOUNDS, REQUEST_BOUNDS, WORK_BOUNDS};
use crate::certificates::Certificates;
use crate::controller::{Controller, Unfinished};
use crate::inner::Inner;
use crate::scrapes::{SCRAPE_BOUNDS, Scrapes};

/// One series, or a histogram's.
pub(super) struct Sample {
    /// With raw values.
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) value: Value,
}

pub(super) enum Value {
    Count(u64),
    Float(f64),
    /// Counts are those of each bucket, not cumulative; the last one is that of `+Inf`.
    Histogram {
        bounds: &'static [f64],
        counts: Vec<u64>,
        sum: f64,
    },
}

impl Sample {
    fn of(controller: &Controller, value: Value) -> Self {
        Self {
            labels: vec![("controller", controller.name().to_owned())],
            value,
        }
    }

    /// With the label that a workqueue has besides.
    fn of_queue(controller: &Controller, value: Value) -> Self {
        let mut sample = Self::of(controller, value);
        sample.labels.push(("name", controller.name().to_owned()));
        sample
    }

    fn with(label: &'static str, value: impl Into<String>, count: u64) -> Self {
        Self {
            labels: vec![(label, value.into())],
            value: Value::Count(count),
        }
    }
}

/// The series of `family` in the order of the exposition; none if it has series per object.
pub(super) fn samples(inner: &Inner, family: Family) -> Vec<Sample> {
    use Family as F;
    match family {
        F::CertificateReadErrors => alone(inner.certificates.seen().map(Certificates::errors)),
        F::CertificateReads => alone(inner.certificates.seen().map(Certificates::reads)),
        F::ReconcileErrors => count(inner, |c| Some(c.error_count())),
        F::ReconcilePanics => count(inner, |c| Some(c.panic_count())),
        F::ReconcileTimeouts => count(inner, |c| Some(c.timeout_count())),
        F::TerminalReconcileErrors => count(inner, |c| Some(c.terminal_error_count())),
        F::AttemptsOverlapping => count(inner, |c| Some(c.overlapping_count())),
        F::AttemptsCancelled => count(inner, |c| Some(c.cancelled_count())),
        F::ObjectsNotFound => count(inner, Controller::not_found_count),
        F::WatchErrors => count(inner, Controller::watch_error_count),
        F::MaxConcurrentReconciles => count(inner, Controller::max_concurrent),
        F::ActiveWorkers | F::UnfinishedWork | F::LongestRunning => under_way(inner, family),
        F::ReconcileTime | F::WorkDuration => durations(inner, family),
        F::Retries => of_queues(inner, |c| Value::Count(c.retry_count())),
        F::ReconcileTotal => results(inner),
        F::ErrorCategories => categories(inner),
        F::LeaderStatus => leaders(inner),
        F::RequestsTotal => requests(inner),
        F::RequestDuration => request_durations(inner),
        F::Refused => refused(inner),
        F::AppendErrors => alone(inner.registries.errors()),
        F::Objects => alone(inner.known_objects()),
        F::ObjectsBehind => per_kind(inner.tracking.behind()),
        F::ObservePanics => alone(inner.tracking.panics()),
        F::Sources => sources(inner),
        F::ScrapeBytes => alone(inner.scrapes.seen().map(Scrapes::bytes)),
        F::ScrapesAborted => alone(inner.scrapes.seen().map(Scrapes::aborted)),
        F::ScrapesInFlight => alone(inner.scrapes.seen().map(Scrapes::in_flight)),
        F::ScrapesTotal => scrapes(inner),
        F::ScrapeDuration => scrape_durations(inner),
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

/// A series for each controller that has the count.
fn count(inner: &Inner, count: fn(&Controller) -> Option<u64>) -> Vec<Sample> {
    let controllers = inner.controllers.sorted();
    let samples = controllers.iter().filter_map(|controller| {
        let count = count(controller)?;
        Some(Sample::of(controller, Value::Count(count)))
    });
    samples.collect()
}

fn of_queues(inner: &Inner, value: fn(&Controller) -> Value) -> Vec<Sample> {
    let controllers = inner.controllers.sorted();
    let samples = controllers.iter();
    samples
        .map(|controller| Sample::of_queue(controller, value(controller)))
        .collect()
}

fn under_way(inner: &Inner, family: Family) -> Vec<Sample> {
    let now = inner.store.now();
    let seconds = |time: Duration| Value::Float(time.as_secs_f64());
    let controllers = inner.controllers.sorted();
    let samples = controllers.iter().map(|controller| {
        let Unfinished {
            attempts,
            total,
            longest,
        } = controller.work.unfinished(now);
        match family {
            Family::ActiveWorkers => Sample::of(controller, Value::Count(attempts)),
            Family::UnfinishedWork => Sample::of_queue(controller, seconds(total)),
            _ => Sample::of_queue(controller, seconds(longest)),
        }
    });
    samples.collect()
}

fn durations(inner: &Inner, family: Family) -> Vec<Sample> {
    let of_queue = family == Family::WorkDuration;
    let controllers = inner.controllers.sorted();
    let samples = controllers.iter().filter_map(|controller| {
        let durations = controller.work.durations();
        let (bounds, counts): (&[f64], _) = if of_queue {
            (&WORK_BOUNDS, durations.in_queue)
        } else {
            (&RECONCILE_TIME_BOUNDS, durations.reconciles)
        };
        // As in Go, where the queue has its histogram from the start and the controller's own comes
        // with what it shows.
        if !of_queue && counts.iter().all(|count| *count == 0) {
            return None;
        }
        let value = Value::Histogram {
            bounds,
            counts,
            sum: durations.sum,
        };
        let sample = if of_queue {
            Sample::of_queue
        } else {
            Sample::of
        };
        Some(sample(controller, value))
    });
    samples.collect()
}

fn results(inner: &Inner) -> Vec<Sample> {
    let controllers = inner.controllers.sorted();
    let results = controllers.iter().flat_map(|controller| {
        controller.results().map(|(result, count)| {
            let mut sample = Sample::of(controller, Value::Count(count));
            sample.labels.push(("result", result.to_owned()));
            sample
        })
    });
    results.collect()
}

fn categories(inner: &Inner) -> Vec<Sample> {
    let mut counts = BTreeMap::new();
    for controller in inner.controllers.sorted() {
        for (category, count) in controller.categories() {
            counts.insert((category, controller.name().to_owned()), count);
        }
    }
    let samples = counts.into_iter().map(|((category, name), count)| Sample {
        labels: vec![("category", category.to_owned()), ("controller", name)],
        value: Value::Count(count),
    });
    samples.collect()
}

fn leaders(inner: &Inner) -> Vec<Sample> {
    let leases = inner.leases.all().into_iter();
    leases
        .map(|(name, leads)| Sample::with("name", name, leads.into()))
        .collect()
}

fn requests(inner: &Inner) -> Vec<Sample> {
    let results = inner.requests.results().into_iter();
    results
        .map(|(labels, count)| Sample {
            labels: labelled(Family::RequestsTotal, labels),
            value: Value::Count(count),
        })
        .collect()
}

fn request_durations(inner: &Inner) -> Vec<Sample> {
    let durations = inner.requests.durations().into_iter();
    durations
        .map(|(labels, durations)| Sample {
            labels: labelled(Family::RequestDuration, labels),
            value: Value::Histogram {
                bounds: &REQUEST_BOUNDS,
                counts: durations.counts.to_vec(),
                sum: durations.sum,
            },
        })
        .collect()
}

/// The labels of a family with these values.
fn labelled(
    family: Family,
    values: impl IntoIterator<Item = String>,
) -> Vec<(&'static str, String)> {
    family.labels().iter().copied().zip(values).collect()
}

fn per_kind(counts: BTreeMap<String, u64>) -> Vec<Sample> {
    let samples = counts.into_iter();
    samples
        .map(|(kind, count)| Sample::with("kind", kind, count))
        .collect()
}

fn sources(inner: &Inner) -> Vec<Sample> {
    let kinds = inner.tracking.states().into_iter();
    let samples = kinds.flat_map(|(kind, counts)| {
        let states = ["synced", "waiting"].into_iter().zip(counts);
        states.map(move |(state, count)| Sample {
            labels: vec![("kind", kind.clone()), ("state", state.to_owned())],
            value: Value::Count(count),
        })
    });
    samples.collect()
}

/// One series without labels, if there is one.
fn alone(count: Option<u64>) -> Vec<Sample> {
    let sample = count.map(|count| Sample {
        labels: Vec::new(),
        value: Value::Count(count),
    });
    sample.into_iter().collect()
}

fn scrapes(inner: &Inner) -> Vec<Sample> {
    let codes = inner.scrapes.seen().into_iter().flat_map(Scrapes::codes);
    codes
        .map(|(code, count)| Sample::with("code", code, count))
        .collect()
}

fn scrape_durations(inner: &Inner) -> Vec<Sample> {
    let sample = inner.scrapes.seen().map(|scrapes| {
        let durations = scrapes.durations();
        Sample {
            labels: Vec::new(),
            value: Value::Histogram {
                bounds: &SCRAPE_BOUNDS,
                counts: durations.counts.to_vec(),
                sum: durations.sum,
            },
        }
    });
    sample.into_iter().collect()
}

#[cfg(all(feature = "process", target_os = "linux"))]
fn process(family: Family) -> Vec<Sample> {
    let sample = crate::process::value(family).map(|value| Sample {
        labels: Vec::new(),
        value: Value::Float(value),
    });
    sample.into_iter().collect()
}

/// Nobody can have asked for them.
#[cfg(not(all(feature = "process", target_os = "linux")))]
fn process(_: Family) -> Vec<Sample> {
    Vec::new()
}

/// With the first attempt they are all there, so that their increase shows. Without attempts, as
/// Go's recorder is used, they stay out of the way until they matter.
fn refused(inner: &Inner) -> Vec<Sample> {
    let all = inner.controllers.any();
    let limits = inner.refused().into_iter();
    let shown = limits.filter(|(_, count)| all || *count > 0);
    shown
        .map(|(limit, count)| Sample::with("limit", limit, count))
        .collect()
}
