//! prometheus-client: a `Family` for each of the three families.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::fleet::{KIND, Object};
use crate::peer::Peer;

/// That of our own.
const CHUNK: usize = 64 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ObjectLabels {
    kind: &'static str,
    name: String,
    namespace: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConditionLabels {
    kind: &'static str,
    name: String,
    namespace: String,
    status: &'static str,
    r#type: &'static str,
}

pub(crate) struct PrometheusClient {
    registry: Registry,
    conditions: Family<ConditionLabels, Gauge>,
    suspended: Family<ObjectLabels, Gauge>,
    durations: Family<ObjectLabels, Histogram, Bounds>,
}

#[derive(Clone)]
struct Bounds(Vec<f64>);

impl MetricConstructor<Histogram> for Bounds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

impl PrometheusClient {
    pub(crate) fn new(bounds: &[f64]) -> Self {
        let mut peer = Self {
            registry: Registry::default(),
            conditions: Family::default(),
            suspended: Family::default(),
            durations: Family::new_with_constructor(Bounds(bounds.to_vec())),
        };
        peer.registry.register(
            "gotk_reconcile_condition",
            "The current condition status of a GitOps Toolkit resource reconciliation",
            peer.conditions.clone(),
        );
        peer.registry.register(
            "gotk_suspend_status",
            "The current suspend status of a GitOps Toolkit resource",
            peer.suspended.clone(),
        );
        peer.registry.register(
            "gotk_reconcile_duration_seconds",
            "The duration in seconds of a GitOps Toolkit resource reconciliation",
            peer.durations.clone(),
        );
        peer
    }
}

impl Peer for PrometheusClient {
    fn name(&self) -> &'static str {
        "prometheus-client"
    }

    fn record(&self, object: &Object, duration: Duration) {
        let mut labels = ConditionLabels {
            kind: KIND,
            name: object.name.clone(),
            namespace: object.namespace.clone(),
            status: "",
            r#type: "Ready",
        };
        let ready = if object.ready { "True" } else { "False" };
        for status in ["True", "False", "Unknown", "Deleted"] {
            labels.status = status;
            let gauge = self.conditions.get_or_create(&labels);
            gauge.set(i64::from(status == ready));
        }
        // The strings are used again: nothing is allocated twice.
        let labels = ObjectLabels {
            kind: KIND,
            name: labels.name,
            namespace: labels.namespace,
        };
        let suspended = self.suspended.get_or_create(&labels);
        suspended.set(i64::from(!object.ready));
        let durations = self.durations.get_or_create(&labels);
        durations.observe(duration.as_secs_f64());
    }

    fn encode(&self, buffer: &mut String, sink: &mut dyn FnMut(&str)) {
        let mut chunks = Chunks { buffer, sink };
        text::encode(&mut chunks, &self.registry).expect("writing to a String cannot fail");
        (chunks.sink)(chunks.buffer);
    }
}

/// Hands on what was written whenever it is as much as our own chunks: a string of the whole would be measured for the
/// memory that it asks for.
struct Chunks<'a> {
    buffer: &'a mut String,
    sink: &'a mut dyn FnMut(&str),
}

impl fmt::Write for Chunks<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.buffer.push_str(text);
        // Behind a whole line, as ours.
        if self.buffer.len() >= CHUNK && text.ends_with('\n') {
            (self.sink)(self.buffer);
            self.buffer.clear();
        }
        Ok(())
    }
}
