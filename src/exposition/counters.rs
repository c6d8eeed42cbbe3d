//! The families that are not per object: a few series each.
//!
//! Which series there are stands here once, for our own writer and for prometheus-client's.

use crate::catalog::Family;
use crate::controller::Controller;
use crate::inner::Inner;

/// Labels with raw values, and the count.
pub(super) type Sample = (Vec<(&'static str, String)>, u64);

/// The series of `family` in the order of the exposition; none if it has series per object.
pub(super) fn samples(inner: &Inner, family: Family) -> Vec<Sample> {
    let per_controller = |count: fn(&Controller) -> u64| {
        let controllers = inner.controllers.sorted();
        let sample = |c: &Controller| (vec![("controller", c.name().to_owned())], count(c));
        controllers.iter().map(|c| sample(c)).collect()
    };
    match family {
        Family::ReconcileErrors => per_controller(Controller::error_count),
        Family::ReconcilePanics => per_controller(Controller::panic_count),
        Family::AttemptsCancelled => per_controller(Controller::cancelled_count),
        Family::ReconcileTotal => results(inner),
        Family::Refused => refused(inner),
        Family::AppendErrors => {
            let errors = inner.registries.errors();
            errors
                .map(|errors| (Vec::new(), errors))
                .into_iter()
                .collect()
        }
        Family::ReconcileCondition | Family::ReconcileDuration | Family::SuspendStatus => {
            Vec::new()
        }
    }
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
