//! What tracking costs a scrape: the time from its start until the first chunk can be written.
//!
//!     cargo bench -p track
//!
//! `bare_list` lists the store, which a sync cannot do without.

mod app;

use std::cell::RefCell;

use divan::{Bencher, black_box};
use fastrand::Rng;
use gotk_metrics::{Format, Recorder, Tracked};
use kube_runtime::reflector::store::Writer;
use kube_runtime::watcher::Event;

use crate::app::App;

const OBJECTS: [usize; 3] = [1_000, 10_000, 100_000];

fn main() {
    divan::main();
}

struct Cluster {
    writer: Writer<App>,
    recorder: Recorder,
    random: Rng,
    objects: usize,
    _tracked: Tracked,
}

impl Cluster {
    /// Objects that came in random order, and were scraped once.
    fn new(objects: usize) -> Self {
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
        assert_eq!(cluster.count("status=\"True\",type=\"Ready\"} 1"), objects);
        cluster
    }

    /// The watch tells of a change of one in so many objects.
    fn change(&mut self, one_in: usize) {
        for _ in 0..self.objects / one_in {
            let number = self.random.usize(..self.objects);
            let app = App::new(number, self.random.bool());
            self.writer.apply_watcher_event(&Event::Apply(app));
        }
    }

    fn relist(&mut self) {
        self.writer.apply_watcher_event(&Event::Init);
        for number in 0..self.objects {
            let app = App::new(number, true);
            self.writer.apply_watcher_event(&Event::InitApply(app));
        }
        self.writer.apply_watcher_event(&Event::InitDone);
    }

    fn count(&self, end: &str) -> usize {
        let text = self.recorder.encode(Format::Text);
        text.lines().filter(|line| line.ends_with(end)).count()
    }

    fn sync(&self) {
        drop(black_box(self.recorder.encode_chunks(Format::Text)));
    }
}

#[divan::bench(args = OBJECTS, sample_size = 1, sample_count = 31)]
fn bare_list(bencher: Bencher, objects: usize) {
    let cluster = Cluster::new(objects);
    let store = cluster.writer.as_reader();
    bencher.bench_local(|| drop(black_box(store.state())));
}

#[divan::bench(args = OBJECTS, sample_size = 1, sample_count = 31)]
fn nothing_changed(bencher: Bencher, objects: usize) {
    let cluster = Cluster::new(objects);
    bencher.bench_local(|| cluster.sync());
    assert_eq!(cluster.count("status=\"True\",type=\"Ready\"} 1"), objects);
}

/// The watch told of changes since the last scrape.
#[divan::bench(args = OBJECTS, sample_size = 1, sample_count = 31)]
fn one_in_a_hundred_changed(bencher: Bencher, objects: usize) {
    let cluster = RefCell::new(Cluster::new(objects));
    bencher
        .with_inputs(|| cluster.borrow_mut().change(100))
        .bench_local_refs(|()| cluster.borrow().sync());
}

/// A relist: every object is another one to the store.
#[divan::bench(args = OBJECTS, sample_size = 1, sample_count = 11)]
fn all_changed(bencher: Bencher, objects: usize) {
    let cluster = RefCell::new(Cluster::new(objects));
    bencher
        .with_inputs(|| cluster.borrow_mut().relist())
        .bench_local_refs(|()| cluster.borrow().sync());
}
