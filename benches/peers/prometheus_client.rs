//! prometheus-client: a `Family` for each of the three families.

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::fleet::{HELP, KIND, NAMES, Object, STATUSES};
use crate::peer::{Chunks, Peer};

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
        let [condition, suspend, duration] = NAMES;
        let [conditions, suspended, durations] = HELP;
        let registry = &mut peer.registry;
        registry.register(condition, conditions, peer.conditions.clone());
        registry.register(suspend, suspended, peer.suspended.clone());
        registry.register(duration, durations, peer.durations.clone());
        peer
    }
}

impl Peer for PrometheusClient {
    fn name(&self) -> &'static str {
        "prometheus-client"
    }

    fn record(&self, object: &Object) {
        let mut labels = ConditionLabels {
            kind: KIND,
            name: object.name.clone(),
            namespace: object.namespace.clone(),
            status: "",
            r#type: "Ready",
        };
        for status in STATUSES {
            labels.status = status;
            let gauge = self.conditions.get_or_create(&labels);
            gauge.set(i64::from(status == object.status()));
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
        durations.observe(object.duration.as_secs_f64());
    }

    fn encode(&self, buffer: &mut String, sink: &mut dyn FnMut(&str)) {
        let mut chunks = Chunks::new(buffer, sink);
        text::encode(&mut chunks, &self.registry).expect("writing to a String cannot fail");
        chunks.finish();
    }
}
