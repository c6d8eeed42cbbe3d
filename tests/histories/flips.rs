//! R24: each line of `gotk_resource_info` was true at some moment.
//!
//! Objects flip between (True, Succeeded) and (False, Failed) while three threads scrape.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::kube::RecorderExt as _;
use gotk_metrics::{Format, Observe as _, Recorder};
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::Event;

use crate::objects::App;
use crate::step::State;

const OBJECTS: usize = 2000;
const SCRAPERS: usize = 3;

/// The counts of a run.
#[derive(Debug, Default)]
#[must_use]
pub struct Flips {
    /// How often all objects have flipped.
    pub rounds: usize,
    /// The number of scrapes.
    pub scrapes: usize,
    /// Lines of `gotk_resource_info`, over all scrapes.
    pub lines: usize,
    /// Lines that mix two states.
    pub torn: usize,
}

/// Flips all objects until `time` is over.
///
/// # Panics
///
/// Panics if a scraper does.
pub fn run(time: Duration) -> Flips {
    let recorder = Recorder::new();
    let mut writer = Writer::<App<0>>::default();
    let options = recorder.source_of(|app: &App<0>| {
        let observed = app.observe();
        let ready = observed.condition_of("Ready");
        let reason = match ready.map(|ready| ready.status()) {
            Some(True) => "Succeeded",
            _ => "Failed",
        };
        observed.info("reason", reason)
    });
    let options = options.info_labels(["reason"]);
    let tracked = options
        .expect("the label is valid")
        .track(writer.as_reader());
    let (end, is_over) = (Instant::now() + time, AtomicBool::new(false));
    let mut flips = Flips::default();
    thread::scope(|scope| {
        let scrapers = [(); SCRAPERS].map(|()| scope.spawn(|| scrape(&recorder, &is_over)));
        while Instant::now() < end {
            let ready = Some(if flips.rounds.is_multiple_of(2) {
                False
            } else {
                True
            });
            for number in 0..OBJECTS {
                let state = State {
                    ready,
                    ..State::default()
                };
                writer.apply_watcher_event(&Event::Apply(App::numbered(number, state)));
            }
            flips.rounds += 1;
        }
        is_over.store(true, Ordering::Relaxed);
        for scraper in scrapers {
            let seen = scraper.join().expect("a scrape does not panic");
            flips.scrapes += seen.scrapes;
            flips.lines += seen.lines;
            flips.torn += seen.torn;
        }
    });
    drop(tracked);
    flips
}

fn scrape(recorder: &Recorder, is_over: &AtomicBool) -> Flips {
    let mut seen = Flips::default();
    loop {
        let is_last = is_over.load(Ordering::Relaxed);
        let text = recorder.encode(Format::Text);
        let lines = text
            .lines()
            .filter(|line| line.starts_with("gotk_resource_info{"));
        for line in lines {
            let is_ready = line.contains("ready=\"True\"");
            let succeeded = line.contains("reason=\"Succeeded\"");
            seen.torn += usize::from(is_ready != succeeded);
            seen.lines += 1;
        }
        seen.scrapes += 1;
        if is_last {
            return seen;
        }
    }
}
