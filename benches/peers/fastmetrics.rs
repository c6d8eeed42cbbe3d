//! fastmetrics: a `Family` for each of the three families.

use fastmetrics::derive::{EncodeLabelSet, LabelSetSchema};
use fastmetrics::format::text::{TextProfile, encode};
use fastmetrics::metrics::family::Family;
use fastmetrics::metrics::gauge::Gauge;
use fastmetrics::metrics::histogram::Histogram;
use fastmetrics::registry::Registry;

use crate::fleet::{HELP, KIND, NAMES, Object, STATUSES};
use crate::peer::{Chunks, Peer};

#[derive(Clone, PartialEq, Eq, Hash, EncodeLabelSet, LabelSetSchema)]
struct ObjectLabels {
    kind: &'static str,
    name: String,
    namespace: String,
}

#[derive(Clone, PartialEq, Eq, Hash, EncodeLabelSet, LabelSetSchema)]
struct ConditionLabels {
    kind: &'static str,
    name: String,
    namespace: String,
    status: &'static str,
    #[label(rename = "type")]
    type_: &'static str,
}

pub(crate) struct FastMetrics {
    registry: Registry,
    conditions: Family<ConditionLabels, Gauge>,
    suspended: Family<ObjectLabels, Gauge>,
    durations: Family<ObjectLabels, Histogram>,
}

impl FastMetrics {
    pub(crate) fn new(bounds: &[f64]) -> Self {
        let bounds = bounds.to_vec();
        let mut peer = Self {
            registry: Registry::default(),
            conditions: Family::default(),
            suspended: Family::default(),
            durations: Family::new(move || Histogram::new(bounds.iter().copied())),
        };
        let [condition, suspend, duration] = NAMES;
        let [conditions, suspended, durations] = HELP;
        let registry = &mut peer.registry;
        let valid = "Flux's names are valid";
        registry
            .register(condition, conditions, peer.conditions.clone())
            .expect(valid);
        registry
            .register(suspend, suspended, peer.suspended.clone())
            .expect(valid);
        registry
            .register(duration, durations, peer.durations.clone())
            .expect(valid);
        peer
    }
}

impl Peer for FastMetrics {
    fn name(&self) -> &'static str {
        "fastmetrics"
    }

    fn record(&self, object: &Object) {
        let mut labels = ConditionLabels {
            kind: KIND,
            name: object.name.clone(),
            namespace: object.namespace.clone(),
            status: "",
            type_: "Ready",
        };
        for status in STATUSES {
            labels.status = status;
            let value = i64::from(status == object.status());
            self.conditions
                .with_or_new(&labels, |gauge| gauge.set(value));
        }
        // The strings are used again: nothing is allocated twice.
        let labels = ObjectLabels {
            kind: KIND,
            name: labels.name,
            namespace: labels.namespace,
        };
        let value = i64::from(!object.ready);
        self.suspended
            .with_or_new(&labels, |gauge| gauge.set(value));
        let seconds = object.duration.as_secs_f64();
        self.durations
            .with_or_new(&labels, |durations| durations.observe(seconds));
    }

    fn encode(&self, buffer: &mut String, sink: &mut dyn FnMut(&str)) {
        let mut chunks = Chunks::new(buffer, sink);
        let profile = TextProfile::PrometheusV0_0_4;
        encode(&mut chunks, &self.registry, profile).expect("writing to a String cannot fail");
        chunks.finish();
    }
}
