//! measured: a `MetricVec` for each of the three families, names interned by the crate that its own
//! benches take for that.

use measured::label::StaticLabelSet;
use measured::metric::histogram::Thresholds;
use measured::text::TextEncoder;
use measured::{FixedCardinalityLabel, GaugeVec, HistogramVec, LabelGroup, MetricGroup};
use paracord::ParaCord;

use crate::fleet::{BOUNDS, KIND, Object};
use crate::peer::{ByteChunks, Peer};

#[derive(Clone, Copy, LabelGroup)]
#[label(set = ObjectLabelSet)]
struct ObjectLabels<'a> {
    #[label(dynamic_with = ParaCord)]
    kind: &'a str,
    #[label(dynamic_with = ParaCord)]
    name: &'a str,
    #[label(dynamic_with = ParaCord)]
    namespace: &'a str,
}

#[derive(Clone, Copy, LabelGroup)]
#[label(set = ConditionLabelSet)]
struct ConditionLabels<'a> {
    #[label(dynamic_with = ParaCord)]
    kind: &'a str,
    #[label(dynamic_with = ParaCord)]
    name: &'a str,
    #[label(dynamic_with = ParaCord)]
    namespace: &'a str,
    status: Status,
    #[label(rename = "type")]
    type_: Type,
}

#[derive(Clone, Copy, PartialEq, FixedCardinalityLabel)]
enum Status {
    #[label(rename = "True")]
    True,
    #[label(rename = "False")]
    False,
    #[label(rename = "Unknown")]
    Unknown,
    #[label(rename = "Deleted")]
    Deleted,
}

#[derive(Clone, Copy, FixedCardinalityLabel)]
enum Type {
    #[label(rename = "Ready")]
    Ready,
}

#[derive(MetricGroup)]
pub(crate) struct Measured {
    /// The current condition status of a GitOps Toolkit resource reconciliation.
    #[metric(rename = "gotk_reconcile_condition")]
    reconcile_condition: GaugeVec<ConditionLabelSet>,
    /// The current suspend status of a GitOps Toolkit resource.
    #[metric(rename = "gotk_suspend_status")]
    suspend_status: GaugeVec<ObjectLabelSet>,
    /// The duration in seconds of a GitOps Toolkit resource reconciliation.
    #[metric(rename = "gotk_reconcile_duration_seconds")]
    reconcile_duration_seconds: HistogramVec<ObjectLabelSet, BOUNDS>,
}

impl Measured {
    pub(crate) fn new(bounds: &[f64]) -> Self {
        let bounds = bounds.try_into().expect("Flux has so many");
        Self {
            reconcile_condition: GaugeVec::sparse_with_label_set(ConditionLabelSet {
                kind: ParaCord::default(),
                name: ParaCord::default(),
                namespace: ParaCord::default(),
                status: StaticLabelSet::new(),
                type_: StaticLabelSet::new(),
            }),
            suspend_status: GaugeVec::sparse_with_label_set(object_labels()),
            reconcile_duration_seconds: HistogramVec::sparse_with_label_set_and_metadata(
                object_labels(),
                Thresholds::with_buckets(bounds),
            ),
        }
    }
}

fn object_labels() -> ObjectLabelSet {
    ObjectLabelSet {
        kind: ParaCord::default(),
        name: ParaCord::default(),
        namespace: ParaCord::default(),
    }
}

impl Peer for Measured {
    fn name(&self) -> &'static str {
        "measured"
    }

    fn record(&self, object: &Object) {
        let labels = ObjectLabels {
            kind: KIND,
            name: &object.name,
            namespace: &object.namespace,
        };
        let ready = if object.ready {
            Status::True
        } else {
            Status::False
        };
        for status in [
            Status::True,
            Status::False,
            Status::Unknown,
            Status::Deleted,
        ] {
            let labels = ConditionLabels {
                kind: labels.kind,
                name: labels.name,
                namespace: labels.namespace,
                status,
                type_: Type::Ready,
            };
            let value = i64::from(status == ready);
            self.reconcile_condition.set(labels, value);
        }
        let value = i64::from(!object.ready);
        self.suspend_status.set(labels, value);
        let seconds = object.duration.as_secs_f64();
        self.reconcile_duration_seconds.observe(labels, seconds);
    }

    fn encode(&self, buffer: &mut String, sink: &mut dyn FnMut(&str)) {
        let mut chunks = ByteChunks::new(buffer, sink);
        let mut encoder = TextEncoder::new(&mut chunks);
        let written = self.collect_group_into(&mut encoder);
        written.expect("writing to memory cannot fail");
        encoder.flush().expect("writing to memory cannot fail");
        chunks.finish();
    }
}
