//! prometheus, the crate of `TiKV`: a `MetricVec` for each of the three families.

use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::fleet::{HELP, KIND, NAMES, Object, STATUSES};
use crate::peer::{ByteChunks, Peer};

pub(crate) struct Prometheus {
    registry: Registry,
    conditions: IntGaugeVec,
    suspended: IntGaugeVec,
    durations: HistogramVec,
}

impl Prometheus {
    pub(crate) fn new(bounds: &[f64]) -> Self {
        let object = ["kind", "name", "namespace"];
        let condition = ["kind", "name", "namespace", "status", "type"];
        let [name, suspend, duration] = NAMES;
        let [conditions, suspended, durations] = HELP;
        let opts = HistogramOpts::new(duration, durations).buckets(bounds.to_vec());
        let valid = "Flux's names and bounds are valid";
        let peer = Self {
            registry: Registry::new(),
            conditions: IntGaugeVec::new(Opts::new(name, conditions), &condition).expect(valid),
            suspended: IntGaugeVec::new(Opts::new(suspend, suspended), &object).expect(valid),
            durations: HistogramVec::new(opts, &object).expect(valid),
        };
        let registry = &peer.registry;
        registry
            .register(Box::new(peer.conditions.clone()))
            .expect(valid);
        registry
            .register(Box::new(peer.suspended.clone()))
            .expect(valid);
        registry
            .register(Box::new(peer.durations.clone()))
            .expect(valid);
        peer
    }
}

impl Peer for Prometheus {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn record(&self, object: &Object) {
        let (name, namespace) = (object.name.as_str(), object.namespace.as_str());
        for status in STATUSES {
            let labels = [KIND, name, namespace, status, "Ready"];
            let gauge = self.conditions.with_label_values(&labels);
            gauge.set(i64::from(status == object.status()));
        }
        let labels = [KIND, name, namespace];
        let suspended = self.suspended.with_label_values(&labels);
        suspended.set(i64::from(!object.ready));
        let durations = self.durations.with_label_values(&labels);
        durations.observe(object.duration.as_secs_f64());
    }

    fn encode(&self, buffer: &mut String, sink: &mut dyn FnMut(&str)) {
        let mut chunks = ByteChunks::new(buffer, sink);
        let encoded = TextEncoder::new().encode(&self.registry.gather(), &mut chunks);
        encoded.expect("writing to memory cannot fail");
        chunks.finish();
    }
}
