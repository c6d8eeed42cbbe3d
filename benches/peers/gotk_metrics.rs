//! This crate, in chunks as its server writes them, or as one string as its peers do.

use gotk_metrics::{ConditionType, Format, ObjectId, Recorder};

use crate::fleet::{KIND, Object};
use crate::peer::Peer;

pub(crate) struct GotkMetrics {
    recorder: Recorder,
    whole: bool,
}

impl GotkMetrics {
    pub(crate) fn new(objects: usize) -> Self {
        let recorder = Recorder::builder().max_objects(objects).build();
        Self {
            recorder: recorder.expect("there is at least one object"),
            whole: false,
        }
    }

    /// Those of Flux, which the peers take over.
    pub(crate) fn bounds(&self) -> Vec<f64> {
        self.recorder.durations().bounds().to_vec()
    }

    pub(crate) fn text(&self) -> String {
        self.recorder.encode(Format::Text)
    }

    /// The same recorder, encoded as one string.
    pub(crate) fn whole(&self) -> Self {
        Self {
            recorder: self.recorder.clone(),
            whole: true,
        }
    }
}

impl Peer for GotkMetrics {
    fn name(&self) -> &'static str {
        if self.whole {
            "gotk-metrics-whole"
        } else {
            "gotk-metrics"
        }
    }

    fn record(&self, object: &Object) {
        let id = ObjectId::new(KIND, &object.name).within(&object.namespace);
        let ready = object.ready.into();
        self.recorder
            .record_condition(&id, &ConditionType::READY, ready);
        self.recorder.record_suspend(&id, !object.ready);
        self.recorder.record_duration(&id, object.duration);
    }

    fn encode(&self, buffer: &mut String, sink: &mut dyn FnMut(&str)) {
        let mut chunks = self.recorder.encode_chunks(Format::Text);
        while chunks.fill(buffer) {
            if !self.whole {
                sink(buffer);
                buffer.clear();
            }
        }
        sink(buffer);
    }
}
