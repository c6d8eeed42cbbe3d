//! metrics-exporter-prometheus, the recorder of the facade `metrics`.

use metrics::{Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::fleet::{HELP, KIND, NAMES, Object, STATUSES};
use crate::peer::{ByteChunks, Peer};

const METADATA: Metadata<'_> = Metadata::new("peers", Level::INFO, None);

pub(crate) struct MetricsExporter {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl MetricsExporter {
    pub(crate) fn new(bounds: &[f64]) -> Self {
        let builder = PrometheusBuilder::new().set_buckets(bounds);
        let recorder = builder.expect("there are bounds").build_recorder();
        let [condition, suspend, duration] = NAMES;
        let [conditions, suspended, durations] = HELP;
        recorder.describe_gauge(condition.into(), None, conditions.into());
        recorder.describe_gauge(suspend.into(), None, suspended.into());
        recorder.describe_histogram(duration.into(), None, durations.into());
        let handle = recorder.handle();
        Self { recorder, handle }
    }
}

impl Peer for MetricsExporter {
    fn name(&self) -> &'static str {
        "metrics-exporter-prometheus"
    }

    fn record(&self, object: &Object) {
        let [condition, suspend, duration] = NAMES;
        let object_labels = || {
            vec![
                Label::from_static_parts("kind", KIND),
                Label::new("name", object.name.clone()),
                Label::new("namespace", object.namespace.clone()),
            ]
        };
        for status in STATUSES {
            let mut labels = object_labels();
            labels.push(Label::from_static_parts("status", status));
            labels.push(Label::from_static_parts("type", "Ready"));
            let key = Key::from_parts(condition, labels);
            let gauge = self.recorder.register_gauge(&key, &METADATA);
            gauge.set(f64::from(u8::from(status == object.status())));
        }
        let key = Key::from_parts(suspend, object_labels());
        let gauge = self.recorder.register_gauge(&key, &METADATA);
        gauge.set(f64::from(u8::from(!object.ready)));
        let key = Key::from_parts(duration, object_labels());
        let durations = self.recorder.register_histogram(&key, &METADATA);
        durations.record(object.duration.as_secs_f64());
    }

    fn encode(&self, buffer: &mut String, sink: &mut dyn FnMut(&str)) {
        let mut chunks = ByteChunks::new(buffer, sink);
        let written = self.handle.render_to_write(&mut chunks);
        written.expect("writing to memory cannot fail");
        chunks.finish();
    }
}
