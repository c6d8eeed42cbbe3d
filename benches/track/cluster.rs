//! Objects in a store as a watch fills it, and the recorder that tracks it.

use std::hint::black_box;

use fastrand::Rng;
use gotk_metrics::kube::{RecorderExt as _, TrackGuard};
use gotk_metrics::{Format, Recorder};
use kube_runtime::reflector::store::Writer;
use kube_runtime::watcher::Event;

use crate::app::App;

/// How the sample of an object ends that is ready.
pub(crate) const READY: &str = r#"status="True",type="Ready"} 1"#;

pub(crate) struct Cluster {
    writer: Writer<App>,
    recorder: Recorder,
    random: Rng,
    objects: usize,
    _tracked: TrackGuard,
}

impl Cluster {
    /// Objects that came in random order, and were scraped once.
    pub(crate) fn new(objects: usize) -> Self {
        let mut random = Rng::with_seed(42);
        let mut numbers: Vec<_> = (0..objects).collect();
        random.shuffle(&mut numbers);
        let mut writer = Writer::default();
        for number in numbers {
            writer.apply_watcher_event(&Event::Apply(App::new(number, true)));
        }
        let recorder = Recorder::new();
        let tracked = recorder.track(writer.as_reader());
        let cluster = Self {
            writer,
            recorder,
            random,
            objects,
            _tracked: tracked,
        };
        assert_eq!(cluster.count(READY), objects);
        cluster
    }

    /// The watch tells of a change of one in so many objects.
    pub(crate) fn change(&mut self, one_in: usize) {
        for _ in 0..self.objects / one_in {
            let number = self.random.usize(..self.objects);
            let app = App::new(number, self.random.bool());
            self.writer.apply_watcher_event(&Event::Apply(app));
        }
    }

    pub(crate) fn relist(&mut self) {
        self.writer.apply_watcher_event(&Event::Init);
        for number in 0..self.objects {
            let app = App::new(number, true);
            self.writer.apply_watcher_event(&Event::InitApply(app));
        }
        self.writer.apply_watcher_event(&Event::InitDone);
    }

    pub(crate) fn count(&self, end: &str) -> usize {
        let text = self.recorder.encode(Format::Text);
        text.lines().filter(|line| line.ends_with(end)).count()
    }

    /// What a sync cannot do without.
    pub(crate) fn list(&self) {
        drop(black_box(self.writer.as_reader().state()));
    }

    pub(crate) fn sync(&self) {
        drop(black_box(self.recorder.encode_chunks(Format::Text)));
    }
}
