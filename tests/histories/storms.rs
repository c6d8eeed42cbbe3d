//! Stores that begin and end, attempts and `clear`, all while scrapes run.
//!
//! One store or its successor has the same objects all the time, so none of them may ever be shown as
//! deleted, and at the end nothing may be left.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use gotk_metrics::kube::{RecorderExt as _, TrackGuard};
use gotk_metrics::{Format, Recorder};
use kube::runtime::controller::Action;
use kube::runtime::reflector::Store;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::Event;

use crate::objects::{App, id};
use crate::step::{Name, State};

/// The objects that are there all the time.
const LASTING: Name = 40;
/// Those of the store that comes and goes, half of which are also there all the time.
const OTHERS: std::ops::Range<Name> = LASTING / 2..LASTING * 3 / 2;

type Apps = Store<App<0>>;

/// The counts of a storm.
#[derive(Debug, Default)]
#[must_use]
pub struct Storm {
    /// The number of scrapes.
    pub scrapes: usize,
    /// Objects shown as deleted, over all scrapes.
    pub deleted: usize,
    /// Scrapes in which an object was missing. Only a `clear` may cause one.
    pub incomplete: usize,
    /// Series of objects after all stores have ended.
    pub left: usize,
}

/// A store that lasts, another one that comes and goes, and `clear` over and over.
pub fn clears(time: Duration) -> Storm {
    let recorder = Recorder::new();
    let (lasting, other) = (store(0..LASTING), store(OTHERS).as_reader());
    let kept = recorder.track(lasting.as_reader());
    let end = Instant::now() + time;
    let mut storm = Storm::default();
    let done = End(AtomicBool::new(false));
    thread::scope(|scope| {
        let (kept, other, recorder, done) = (&kept, &other, &recorder, &done);
        scope.spawn(move || {
            let mut reconcile = controller(recorder, kept, "lasting");
            for name in (0..LASTING).cycle().take_while(|_| !done.is_over()) {
                reconcile(name);
            }
        });
        for name in ["one", "two"] {
            scope.spawn(move || terms(recorder, other, name, done));
        }
        scope.spawn(move || {
            while !done.is_over() {
                thread::sleep(Duration::from_millis(3));
                recorder.clear();
            }
        });
        storm.scrape(recorder, end, done);
    });
    drop(kept);
    storm.finish(&recorder)
}

/// A store whose successor is tracked before it ends, over and over, beside one that comes and goes.
///
/// # Panics
///
/// Panics if one of its threads does.
pub fn handovers(time: Duration) -> Storm {
    let recorder = Recorder::new();
    let [lasting, other] = [0..LASTING, OTHERS].map(|names| store(names).as_reader());
    let held = Mutex::new(recorder.track(lasting.clone()));
    // All objects have Ready from the first attempt on. The first sync creates all records and may take
    // longer than a store is tracked here.
    recorder.start(&id(0)).fail();
    drop(recorder.encode(Format::Text));
    let end = Instant::now() + time;
    let mut storm = Storm::default();
    let done = End(AtomicBool::new(false));
    thread::scope(|scope| {
        let (held, lasting, other) = (&held, &lasting, &other);
        let (recorder, done) = (&recorder, &done);
        for name in ["one", "two"] {
            scope.spawn(move || terms(recorder, other, name, done));
        }
        scope.spawn(move || {
            while !done.is_over() {
                thread::sleep(Duration::from_micros(700));
                let next = recorder.track(lasting.clone());
                let last = std::mem::replace(&mut *held.lock().expect("it is only replaced"), next);
                drop(last);
            }
        });
        storm.scrape(recorder, end, done);
    });
    drop(held);
    storm.finish(&recorder)
}

/// Set once the scrapes are over, also if one of them panics.
struct End(AtomicBool);

impl End {
    fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct EndOnDrop<'a>(&'a End);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

impl Storm {
    fn scrape(&mut self, recorder: &Recorder, end: Instant, done: &End) {
        let _end = EndOnDrop(done);
        while Instant::now() < end {
            let text = recorder.encode(Format::Text);
            self.scrapes += 1;
            self.deleted += shown(&text, "status=\"Deleted\"");
            let is_there = |name: Name| {
                text.contains(&format!(
                    "name=\"o{name}\",namespace=\"ns\",status=\"True\""
                ))
            };
            self.incomplete += usize::from(!(0..LASTING).all(is_there));
        }
    }

    fn finish(mut self, recorder: &Recorder) -> Self {
        self.left = recorder.encode(Format::Text).matches("\ngotk_").count();
        self
    }
}

/// The objects whose condition has the value 1 on lines with `needle`.
fn shown(text: &str, needle: &str) -> usize {
    let lines = text
        .lines()
        .filter(|line| line.starts_with("gotk_reconcile_condition{"));
    lines
        .filter(|line| line.contains(needle) && line.ends_with(" 1"))
        .count()
}

/// Tracks a store for a moment, again and again, with attempts before and after its end.
fn terms(recorder: &Recorder, store: &Apps, name: &str, done: &End) {
    while !done.is_over() {
        let tracked = recorder.track(store.clone());
        let mut reconcile = controller(recorder, &tracked, name);
        OTHERS.step_by(7).for_each(&mut reconcile);
        if name == "one" {
            drop(recorder.encode(Format::Text));
        }
        drop(tracked);
        OTHERS.step_by(7).for_each(&mut reconcile);
    }
}

fn store(names: std::ops::Range<Name>) -> Writer<App<0>> {
    let mut writer = Writer::default();
    for name in names {
        writer.apply_watcher_event(&Event::Apply(object(name)));
    }
    writer
}

fn object(name: Name) -> App<0> {
    let uid = Some(1);
    App::new(
        name,
        State {
            uid,
            ..State::default()
        },
    )
}

/// Returns a function that runs an attempt, which fails.
fn controller(recorder: &Recorder, tracked: &TrackGuard, name: &str) -> impl FnMut(Name) + use<> {
    let reconcile =
        async |_: Arc<App<0>>, _: Arc<()>| Err::<Action, _>(io::Error::other("each attempt fails"));
    let options = recorder.controller().of(tracked).name(name);
    let mut reconcile = options.instrument(reconcile);
    move |name| {
        let attempt = pin!(reconcile(Arc::new(object(name)), Arc::new(())));
        let polled = attempt.poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_ready());
    }
}
