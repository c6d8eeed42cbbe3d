//! The objects that the benches record, created in random order as in a real process.

use std::time::Duration;

use fastrand::Rng;
use gotk_metrics::{ConditionStatus, ConditionType, Format, ObjectId, Recorder};

pub(crate) struct Fleet {
    pub(crate) recorder: Recorder,
    pub(crate) objects: Vec<Object>,
}

pub(crate) struct Object {
    name: String,
    namespace: String,
}

impl Fleet {
    /// All of them recorded once, Ready unknown.
    pub(crate) fn new(objects: usize) -> Self {
        let mut random = Rng::with_seed(42);
        let mut objects: Vec<Object> = (0..objects).map(Object::new).collect();
        random.shuffle(&mut objects);
        let recorder = Recorder::new();
        for object in &objects {
            let duration = Duration::from_micros(random.u64(..60_000_000));
            record(&recorder, object, ConditionStatus::Unknown, duration);
        }
        Self { recorder, objects }
    }

    pub(crate) fn pick(&self) -> &Object {
        &self.objects[fastrand::usize(..self.objects.len())]
    }

    /// How many samples of the exposition end with `end`.
    pub(crate) fn count_samples(&self, end: &str) -> usize {
        let text = self.recorder.encode(Format::Text);
        let is_sample = |line: &&str| !line.starts_with('#') && line.ends_with(end);
        text.lines().filter(is_sample).count()
    }
}

impl Object {
    fn new(number: usize) -> Self {
        Self {
            name: format!("app-{number:06}"),
            namespace: format!("team-{:03}", number % 100),
        }
    }

    pub(crate) fn id(&self) -> ObjectId<'_> {
        ObjectId::new("Kustomization", &self.name).within(&self.namespace)
    }
}

/// One full record, as by an author who keeps nothing but the recorder.
pub(crate) fn record(
    recorder: &Recorder,
    object: &Object,
    ready: ConditionStatus,
    duration: Duration,
) {
    let id = object.id();
    recorder.record_condition(&id, &ConditionType::READY, ready);
    recorder.record_suspend(&id, false);
    recorder.record_duration(&id, duration);
}
