//! Every interleaving of a few threads on one record, tried by loom: `scripts/loom`.
//!
//! Each model is small enough to be tried whole. Which mistake each of them finds is in that
//! script, which makes it.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use loom::model::Builder;
use loom::thread;

use crate::attempt::{Attempt, Starter};
use crate::object::Key;
use crate::origin::Uid;
use crate::resource_info::Guest;
use crate::series::{ObjectSeries, Round};
use crate::status::{ConditionStatus, ConditionTypes, Slot, State};
use crate::store::Sighting;
use crate::sync::{Arc, Ordering};
use crate::tracking::{Pass, Source, TrackedSource};
use crate::{ConditionType, Format, ManualClock, ObjectId, Recorder};

const KEY: Key<'static> = Key {
    kind: "App",
    name: "a",
    namespace: "ns",
};
const GRACE: Duration = Duration::from_secs(1);

/// Tries all interleavings that differ in what a thread reads, and prints how many there were.
#[track_caller]
fn check(model: impl Fn() + Send + Sync + 'static) {
    check_up_to(None, model);
}

/// Only those in which a thread is interrupted so many times: the others would take days.
#[track_caller]
fn check_up_to(interruptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    // Of std: it is not part of what is tried.
    let tried = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&tried);
    let mut builder = Builder::new();
    builder.max_branches = 100_000;
    builder.preemption_bound = interruptions;
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let tried = tried.load(Ordering::Relaxed);
    println!("{}: {tried} interleavings", thread_name());
    assert!(tried > 1, "it is no model of a race");
}

/// Runs a scrape beside what was spawned before. On a thread of its own and the last one: loom
/// looks back from each access to the last other one only, and would miss some where the scrape
/// comes first.
fn scrape<T: 'static>(scrape: impl FnOnce() -> T + 'static) -> T {
    thread::spawn(scrape).join().expect("it does not panic")
}

fn thread_name() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

fn stalled() -> Slot {
    let types = ConditionTypes::new();
    types.slot(&ConditionType::STALLED).expect("it is built in")
}

/// What is there of `Ready`, told from one load of the word.
fn ready(series: &ObjectSeries) -> Option<State> {
    series.word().condition(Slot::READY)
}

#[test]
fn a_scrape_sees_one_state_that_somebody_recorded_and_no_writer_loses() {
    check(|| {
        let series = Arc::new(ObjectSeries::new(KEY, 1, Round::new(0)));
        let stalled = stalled();
        series.change(|word| Some(word.with_condition(Slot::READY, ConditionStatus::False)));
        let one = Arc::clone(&series);
        let one = thread::spawn(move || {
            one.change(|word| Some(word.with_condition(Slot::READY, ConditionStatus::True)));
        });
        let other = Arc::clone(&series);
        let other = thread::spawn(move || {
            other.change(|word| Some(word.with_condition(stalled, ConditionStatus::False)));
        });
        // A word is loaded once, whatever is asked of it.
        let scraped = Arc::clone(&series);
        let word = scrape(move || scraped.word());
        let shown = State::ALL
            .iter()
            .filter(|state| word.condition(Slot::READY) == Some(**state));
        assert_eq!(shown.count(), 1);
        assert!(matches!(
            word.condition(Slot::READY),
            Some(State::False | State::True)
        ));
        one.join().expect("it does not panic");
        other.join().expect("it does not panic");
        assert_eq!(ready(&series), Some(State::True));
        assert_eq!(series.word().condition(stalled), Some(State::False));
    });
}

#[test]
fn an_object_that_comes_back_is_never_seen_in_between() {
    check(|| {
        let recorder = Recorder::builder().deleted_grace(GRACE);
        let recorder = recorder.build().expect("these options are valid");
        recorder.record_condition(&app(), &ConditionType::READY, ConditionStatus::True);
        // The snapshot that is kept: who has it asks for no lock of the shard.
        exposed(&recorder);
        recorder.record_deleted(&app());
        let writer = recorder.clone();
        let writer = thread::spawn(move || {
            writer.record_condition(&app(), &ConditionType::READY, ConditionStatus::False);
        });
        let shown = scraped(&recorder);
        // Unknown is what nobody has said.
        let said = |state: &_| matches!(state, Some(State::Deleted | State::False));
        assert!(shown.len() == 1 && shown.iter().all(said), "{shown:?}");
        writer.join().expect("it does not panic");
        assert_eq!(exposed(&recorder), [Some(State::False)]);
    });
}

#[test]
fn a_histogram_is_of_one_moment() {
    check(|| {
        let series = Arc::new(ObjectSeries::new(KEY, 2, Round::new(0)));
        let writers = [0.5, 2.0].map(|seconds| {
            let series = Arc::clone(&series);
            thread::spawn(move || series.observe(&[1.0], seconds))
        });
        let whole = |series: &ObjectSeries| {
            let mut counts = Vec::new();
            let sum = series.copy_durations(&mut counts);
            let halves = match counts[..] {
                [halves, twos] => halves + 4 * twos,
                _ => unreachable!("two buckets"),
            };
            // Exact, since all of them are.
            assert_eq!(
                sum.to_bits(),
                (f64::from(u32::try_from(halves).unwrap()) / 2.0).to_bits()
            );
            halves
        };
        let scraped = Arc::clone(&series);
        scrape(move || whole(&scraped));
        for writer in writers {
            writer.join().expect("it does not panic");
        }
        assert_eq!(whole(&series), 5);
    });
}

fn app() -> ObjectId<'static> {
    ObjectId::new(KEY.kind, KEY.name).within(KEY.namespace)
}

/// A recorder on a clock that is told to move, and an attempt on an object that is deleted
/// meanwhile.
fn with_a_late_attempt() -> (Recorder, ManualClock, crate::Attempt) {
    let clock = ManualClock::new();
    let time = clock.clone();
    let builder = Recorder::builder().clock(move || time.now());
    let recorder = builder
        .deleted_grace(GRACE)
        .build()
        .expect("these options are valid");
    let attempt = recorder.start(&app());
    // The snapshot that is kept: who has it asks for no lock of the shard.
    exposed(&recorder);
    recorder.record_deleted(&app());
    (recorder, clock, attempt)
}

/// The states of `Ready` that a scrape finds.
fn exposed(recorder: &Recorder) -> Vec<Option<State>> {
    recorder.inner.snapshot().series().map(ready).collect()
}

/// The same while others are at work.
fn scraped(recorder: &Recorder) -> Vec<Option<State>> {
    let recorder = recorder.clone();
    scrape(move || exposed(&recorder))
}

#[test]
fn a_late_end_resurrects_nothing_that_expires() {
    check(|| {
        let (recorder, clock, attempt) = with_a_late_attempt();
        let late = thread::spawn(move || attempt.fail());
        // The grace ends and a scrape removes it, before, while or after the attempt ends.
        let scraper = recorder.clone();
        let shown = scrape(move || {
            clock.advance(GRACE);
            exposed(&scraper)
        });
        assert_eq!(shown, []);
        late.join().expect("it does not panic");
        assert_eq!(exposed(&recorder), []);
        assert_eq!(recorder.inner.store.objects(), 0);
        assert!(!recorder.encode(Format::Text).contains("gotk_"));
    });
}

#[test]
fn a_late_end_has_no_say_after_a_revival() {
    check(|| {
        let (recorder, _, attempt) = with_a_late_attempt();
        let late = thread::spawn(move || attempt.fail());
        let reviver = recorder.clone();
        let next = reviver.start(&app());
        // Unknown until this one ends; the late one is of another life.
        assert_eq!(scraped(&recorder), [Some(State::Unknown)]);
        late.join().expect("it does not panic");
        assert_eq!(exposed(&recorder), [Some(State::Unknown)]);
        next.succeed();
        assert_eq!(exposed(&recorder), [Some(State::True)]);
    });
}

#[test]
fn a_late_end_has_no_say_where_an_object_comes_back_as_it_expires() {
    check_up_to(Some(1), || {
        let (recorder, clock, attempt) = with_a_late_attempt();
        let late = thread::spawn(move || attempt.fail());
        let reviver = recorder.clone();
        let next = thread::spawn(move || reviver.start(&app()));
        // It is gone, or there anew; or still there, for who had the snapshot before.
        let scraper = recorder.clone();
        let shown = scrape(move || {
            clock.advance(GRACE);
            exposed(&scraper)
        });
        let before_or_after = |state: &_| matches!(state, Some(State::Deleted | State::Unknown));
        assert!(shown.iter().all(before_or_after), "{shown:?}");
        late.join().expect("it does not panic");
        let next = next.join().expect("it does not panic");
        assert_eq!(exposed(&recorder), [Some(State::Unknown)]);
        assert_eq!(recorder.inner.store.objects(), 1);
        next.succeed();
        assert_eq!(exposed(&recorder), [Some(State::True)]);
    });
}

#[test]
fn a_late_end_leaves_a_deleted_object_deleted() {
    check(|| {
        let (recorder, _, attempt) = with_a_late_attempt();
        let late = thread::spawn(move || attempt.succeed());
        assert_eq!(scraped(&recorder), [Some(State::Deleted)]);
        late.join().expect("it does not panic");
        assert_eq!(exposed(&recorder), [Some(State::Deleted)]);
    });
}

/// A source whose objects are read by nobody.
#[derive(Debug)]
struct Unread;

impl Source for Unread {
    fn group(&self) -> &'static str {
        "example.com"
    }

    fn kind(&self) -> &'static str {
        KEY.kind
    }

    fn read(&self, _: &Pass<'_>) -> bool {
        true
    }

    fn behind(&self) -> Option<u64> {
        None
    }

    fn guests(&self) -> Vec<Arc<Guest>> {
        Vec::new()
    }

    fn holds(&self, _: Key<'_>) -> bool {
        false
    }
}

fn attempt_of(recorder: &Recorder, source: &TrackedSource, uid: Uid) -> Attempt {
    let starter = Starter::Source(source.state(), uid);
    Attempt::start_in(&recorder.inner, None, KEY, &starter)
}

#[test]
fn an_attempt_that_starts_while_its_source_ends_leaves_nothing() {
    check(|| {
        let recorder = Recorder::new();
        let source = recorder.inner.tracking.add(Box::new(Unread), true);
        let (starter, of) = (recorder.clone(), Arc::clone(&source));
        let attempt = thread::spawn(move || attempt_of(&starter, &of, Uid::UNKNOWN).succeed());
        let inner = Arc::clone(&recorder.inner);
        let end = thread::spawn(move || inner.tracking.end(&source, &inner.store));
        attempt.join().expect("it does not panic");
        end.join().expect("it does not panic");
        assert_eq!(exposed(&recorder), []);
        assert_eq!(recorder.inner.store.objects(), 0);
    });
}

#[test]
fn an_attempt_on_the_next_object_keeps_its_outcome_while_a_sync_sees_that_object() {
    check(|| {
        let recorder = Recorder::new();
        let source = recorder.inner.tracking.add(Box::new(Unread), true);
        let [before, next] = [1, 2].map(Uid::from_hash);
        attempt_of(&recorder, &source, before).fail();
        let (starter, of) = (recorder.clone(), Arc::clone(&source));
        let attempt = thread::spawn(move || attempt_of(&starter, &of, next).succeed());
        let inner = Arc::clone(&recorder.inner);
        let sync = thread::spawn(move || {
            let sighting = Sighting {
                key: KEY,
                uid: next,
                view: None,
                with_ready: false,
                round: inner.store.begin_sync(),
            };
            inner.store.see(source.state(), &sighting).is_ok()
        });
        attempt.join().expect("it does not panic");
        assert!(sync.join().expect("it does not panic"));
        let snapshot = recorder.inner.store.snapshot();
        let shown: Vec<_> = snapshot.series().map(ready).collect();
        assert_eq!(shown, [Some(State::True)]);
    });
}
