//! The families that are not per object: a few series each.
//!
//! Which series there are stands here once, for our own writer and for prometheus-client's.

use std::collections::BTreeMap;

use crate::catalog::Family;
use crate::controller::Controller;
use crate::inner::Inner;
use crate::scrapes::Scrapes;

/// Labels with raw values, and the count.
pub(super) type Sample = (Vec<(&'static str, String)>, u64);

/// The series of `family` in the order of the exposition; none if it has series per object,
/// or is a histogram.
pub(super) fn samples(inner: &Inner, family: Family) -> Vec<Sample> {
    match family {
        Family::ReconcileErrors => per_controller(inner, |c| Some(c.error_count())),
        Family::ReconcilePanics => per_controller(inner, |c| Some(c.panic_count())),
        Family::TerminalReconcileErrors => {
            per_controller(inner, |c| Some(c.terminal_error_count()))
        }
        Family::AttemptsCancelled => per_controller(inner, |c| Some(c.cancelled_count())),
        Family::ObjectsNotFound => per_controller(inner, Controller::not_found_count),
        Family::WatchErrors => per_controller(inner, Controller::watch_error_count),
        Family::MaxConcurrentReconciles => per_controller(inner, Controller::max_concurrent),
        Family::ReconcileTotal => results(inner),
        Family::Refused => refused(inner),
        Family::AppendErrors => alone(inner.registries.errors()),
        Family::ObjectsBehind => per_kind(inner.tracking.behind()),
        Family::ObservePanics => alone(inner.tracking.panics()),
        Family::ScrapeBytes => alone(inner.scrapes.seen().map(Scrapes::bytes)),
        Family::ScrapesAborted => alone(inner.scrapes.seen().map(Scrapes::aborted)),
        Family::ScrapesInFlight => alone(inner.scrapes.seen().map(Scrapes::in_flight)),
        Family::ScrapesTotal => scrapes(inner),
        Family::ReconcileCondition
        | Family::ReconcileDuration
        | Family::SuspendStatus
        | Family::ScrapeDuration => Vec::new(),
    }
}

/// A series for each controller that has the count.
fn per_controller(inner: &Inner, count: fn(&Controller) -> Option<u64>) -> Vec<Sample> {
    let controllers = inner.controllers.sorted();
    let samples = controllers.iter().filter_map(|controller| {
        let name = controller.name().to_owned();
        Some((vec![("controller", name)], count(controller)?))
    });
    samples.collect()
}

fn per_kind(counts: BTreeMap<String, u64>) -> Vec<Sample> {
    let samples = counts.into_iter();
    samples
        .map(|(kind, count)| (vec![("kind", kind)], count))
        .collect()
}

/// One series without labels, if there is one.
fn alone(count: Option<u64>) -> Vec<Sample> {
    let sample = count.map(|count| (Vec::new(), count));
    sample.into_iter().collect()
}

fn scrapes(inner: &Inner) -> Vec<Sample> {
    let codes = inner.scrapes.seen().into_iter().flat_map(Scrapes::codes);
    codes
        .map(|(code, count)| (vec![("code", code.to_owned())], count))
        .collect()
}

fn results(inner: &Inner) -> Vec<Sample> {
    let controllers = inner.controllers.sorted();
    let results = controllers.iter().flat_map(|controller| {
        controller.results().map(|(result, count)| {
            let name = controller.name().to_owned();
            let labels = vec![("controller", name), ("result", result.to_owned())];
            (labels, count)
        })
    });
    results.collect()
}

/// With the first attempt they are all there, so that their increase shows. Without attempts, as Go's
/// recorder is used, they stay out of the way until they matter.
fn refused(inner: &Inner) -> Vec<Sample> {
    let all = inner.controllers.any();
    let limits = inner.refused().into_iter();
    let shown = limits.filter(|(_, count)| all || *count > 0);
    shown
        .map(|(limit, count)| (vec![("limit", limit.to_owned())], count))
        .collect()
}
