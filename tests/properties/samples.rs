//! Every sample of a model, in the order of the exposition.
//!
//! Label values are raw here; only numbers are spelled as on the wire.

use gotk_metrics::Format;

use crate::go;
use crate::model::{Counters, Key, Model, Object};
use crate::parse::Sample;

const STATUSES: [&str; 4] = ["Deleted", "False", "True", "Unknown"];

/// `bounds` are those of the recorder, without `+Inf`.
pub(crate) fn of(model: &Model, bounds: &[f64], format: Format) -> Vec<Sample> {
    let mut writer = Writer {
        samples: Vec::new(),
        format,
    };
    writer.per_controller(model, "controller_runtime_reconcile_errors_total", |c| {
        c.errors
    });
    writer.per_controller(model, "controller_runtime_reconcile_panics_total", |c| {
        c.panics
    });
    writer.results(model);
    let none = |_: &_| 0;
    writer.per_controller(
        model,
        "controller_runtime_terminal_reconcile_errors_total",
        none,
    );
    for (key, object) in &model.objects {
        writer.conditions(key, object);
    }
    for (key, object) in &model.objects {
        writer.durations(key, object, bounds);
    }
    for (key, object) in &model.objects {
        if let Some(suspended) = object.suspended {
            let value = go::float(f64::from(suspended), format);
            writer.push("gotk_suspend_status", labels(key), value);
        }
    }
    writer.per_controller(model, "gotkmetrics_attempts_cancelled_total", |c| {
        c.cancelled
    });
    let refused = [
        ("condition_types", model.refused_types),
        ("controllers", 0),
        ("error_categories", 0),
        ("leases", 0),
        ("objects", model.refused_objects),
        ("requests", 0),
    ];
    for (limit, count) in refused {
        // All of them once there is an attempt, before that what is not zero.
        if count > 0 || !model.controllers.is_empty() {
            writer.count("gotkmetrics_refused_total", &[("limit", limit)], count);
        }
    }
    writer.samples
}

struct Writer {
    samples: Vec<Sample>,
    format: Format,
}

impl Writer {
    fn push(&mut self, name: &str, labels: Vec<(String, String)>, value: String) {
        self.samples.push(Sample {
            name: name.to_owned(),
            labels,
            value,
        });
    }

    fn count(&mut self, name: &str, labels: &[(&str, &str)], count: usize) {
        let labels = labels
            .iter()
            .map(|(label, value)| ((*label).to_owned(), (*value).to_owned()));
        self.push(name, labels.collect(), go::counter(count, self.format));
    }

    fn per_controller(&mut self, model: &Model, name: &str, count: impl Fn(&Counters) -> usize) {
        for (controller, counters) in &model.controllers {
            self.count(name, &[("controller", controller)], count(counters));
        }
    }

    fn results(&mut self, model: &Model) {
        for (controller, counters) in &model.controllers {
            for (result, count) in [
                ("error", counters.errors),
                ("requeue", counters.requeues),
                ("requeue_after", counters.requeues_after),
                ("success", counters.successes),
            ] {
                let labels = [("controller", &**controller), ("result", result)];
                self.count("controller_runtime_reconcile_total", &labels, count);
            }
        }
    }

    fn conditions(&mut self, key: &Key, object: &Object) {
        for status in STATUSES {
            for (condition, current) in object.conditions() {
                let mut labels = labels(key);
                labels.push(("status".to_owned(), status.to_owned()));
                labels.push(("type".to_owned(), condition.to_owned()));
                let value = go::float(f64::from(status == current), self.format);
                self.push("gotk_reconcile_condition", labels, value);
            }
        }
    }

    fn durations(&mut self, key: &Key, object: &Object, bounds: &[f64]) {
        if object.durations.is_empty() {
            return;
        }
        let name = |suffix| format!("gotk_reconcile_duration_seconds_{suffix}");
        for bound in bounds.iter().chain([&f64::INFINITY]) {
            let within = object.durations.iter().filter(|seconds| *seconds <= bound);
            let mut labels = labels(key);
            labels.push(("le".to_owned(), go::float(*bound, self.format)));
            let count = go::count(within.count(), self.format);
            self.push(&name("bucket"), labels, count);
        }
        // Not `sum`, which starts with a negative zero.
        let sum = object
            .durations
            .iter()
            .fold(0.0, |sum, seconds| sum + seconds);
        self.push(&name("sum"), labels(key), go::float(sum, self.format));
        let count = go::count(object.durations.len(), self.format);
        self.push(&name("count"), labels(key), count);
    }
}

fn labels(key: &Key) -> Vec<(String, String)> {
    let names = ["kind", "name", "namespace"].map(str::to_owned);
    names.into_iter().zip(key.iter().cloned()).collect()
}
