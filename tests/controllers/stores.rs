//! Stores that are written by hand, so that a test says what is in them at each moment.
//!
//! Most of this is what happens while a scrape reads them; `tests/tracking` has the rest.

use std::io;
use std::mem::forget;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::gotk_kube::{RecorderExt as _, TrackGuard};
use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::Recorder;
use gotk_metrics::{ConditionType, Format, ObjectId, Observed};
use kube::runtime::controller::Action;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::Event;
use serde_json::json;

use crate::common::{assert_objects, on_manual_clock};
use crate::kinds::App;
use crate::requests::list;

const READY: ConditionType = ConditionType::READY;
/// In real time: of what must not wait at all.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn what_a_store_says_goes_before_what_was_recorded() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    let mut store = Apps::tracked(&recorder);
    store.set("a", "True");
    let a = "App ns/a Ready=True suspended=0";
    assert_objects(&recorder, &[a]);
    // As a reconcile does that was written before, and has an old object in hand.
    recorder.record_condition(&id("a"), &READY, False);
    recorder.record_suspend(&id("a"), true);
    assert_objects(&recorder, &[a]);
}

#[test]
fn a_store_that_waits_for_its_first_list_hides_no_deletion_of_another() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    let mut first = Apps::tracked(&recorder);
    let mut reconcile = recorder
        .instrument(async |_: Arc<App>, _: Arc<()>| Ok::<_, io::Error>(Action::await_change()));
    first.set("a", "True");
    first.set("b", "True");
    drop(reconcile(Arc::new(object("b", "True")), Arc::new(())));
    let [a, b] = ["a", "b"].map(|name| format!("App ns/{name} Ready=True suspended=0"));
    assert_objects(&recorder, &[&a, &b]);
    // Of another controller, which has not listed yet. It did not bring `a`.
    let mut second = Apps::tracked(&recorder);
    first.remove("a");
    let a = "App ns/a Ready=Deleted suspended=0";
    assert_objects(&recorder, &[a, &b]);
    second.set("c", "True");
    assert_objects(&recorder, &[a, &b, "App ns/c Ready=True suspended=0"]);
}

#[test]
fn a_store_of_a_new_term_is_not_ready_by_the_attempts_of_the_last() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    let mut store = Apps::tracked(&recorder);
    store.set("a", "True");
    let mut reconcile = recorder
        .instrument(async |_: Arc<App>, _: Arc<()>| Ok::<_, io::Error>(Action::await_change()));
    drop(reconcile(Arc::new(object("a", "True")), Arc::new(())));
    recorder.clear();
    drop((store, reconcile));

    let _store = Apps::tracked(&recorder);
    recorder.record_condition(&id("a"), &READY, False);
    assert_objects(&recorder, &["App ns/a Ready=False"]);
}

#[test]
fn conditions_that_no_store_knows_are_deleted_and_unknown_afterwards() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    let mut store = Apps::tracked(&recorder);
    store.set("a", "True");
    recorder.record_condition(&id("a"), &ConditionType::new("Healthy"), True);
    let expect = |state: &str| assert_objects(&recorder, &[&format!("App ns/a {state}")]);
    expect("Healthy=True Ready=True suspended=0");
    store.remove("a");
    expect("Healthy=Deleted Ready=Deleted suspended=0");
    store.set("a", "False");
    expect("Healthy=Unknown Ready=False suspended=0");
}

#[test]
fn a_sign_of_life_while_the_stores_are_read_counts() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    let mut writer = Writer::<App>::default();
    for name in ["a", "b"] {
        writer.apply_watcher_event(&Event::Apply(object(name, "True")));
    }
    let inner = recorder.clone();
    let reconcile = |_: Arc<App>, _: Arc<()>| async { Ok::<_, io::Error>(Action::await_change()) };
    drop(recorder.instrument(reconcile));
    let _tracked = recorder
        .source_of(move |seen: &App| {
            // The old record, of an object that is in no store at the moment of reading.
            if seen.metadata.name.as_deref() == Some("c") {
                inner.start(&id("a")).succeed();
            }
            Observed::new()
        })
        .track(writer.as_reader());
    assert_objects(
        &recorder,
        &["App ns/a Ready=Unknown", "App ns/b Ready=Unknown"],
    );
    writer.apply_watcher_event(&Event::Delete(object("a", "True")));
    writer.apply_watcher_event(&Event::Apply(object("c", "True")));
    assert_objects(
        &recorder,
        &[
            "App ns/a Ready=True durations=1 sum=0",
            "App ns/b Ready=Unknown",
            "App ns/c Ready=Unknown",
        ],
    );
    // The next sync judges it.
    assert_objects(
        &recorder,
        &[
            "App ns/a Ready=Deleted durations=1 sum=0",
            "App ns/b Ready=Unknown",
            "App ns/c Ready=Unknown",
        ],
    );
}

#[test]
fn what_is_untracked_while_the_stores_are_read_judges_nothing() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    let mut first = Apps::tracked(&recorder);
    first.set("a", "True");
    assert_objects(&recorder, &["App ns/a Ready=True suspended=0"]);
    first.remove("a");
    // Read after the first, it takes that one away.
    let first = Mutex::new(Some(first));
    let mut writer = Writer::<App>::default();
    let _tracked = recorder
        .source_of(move |_: &App| {
            drop(first.lock().unwrap().take());
            Observed::new().condition("Ready", True)
        })
        .track(writer.as_reader());
    writer.apply_watcher_event(&Event::Apply(object("b", "True")));
    // What the first store has left goes at the next scrape, without a judgement.
    let a = "App ns/a Ready=True suspended=0";
    assert_objects(&recorder, &[a, "App ns/b Ready=True"]);
    assert_objects(&recorder, &["App ns/b Ready=True"]);
}

#[test]
fn nothing_but_a_scrape_waits_for_an_observer() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    during_a_scrape(&recorder, |recorder, tracked| {
        recorder.record_condition(&id("a"), &READY, True);
        recorder.record_suspend(&id("a"), false);
        recorder.start(&id("a")).succeed();
        recorder.record_deleted(&id("a"));
        recorder.forget(&id("a"));
        drop(Apps::tracked(recorder));
        forget(tracked);
    });
    assert_objects(&recorder, &["App ns/a Ready=Unknown suspended=1"]);
}

#[test]
fn what_is_untracked_during_a_scrape_is_not_written_and_what_is_cleared_is_read_again() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    during_a_scrape(&recorder, |_, tracked| drop(tracked));
    assert_objects(&recorder, &[]);
    during_a_scrape(&recorder, |recorder, tracked| {
        recorder.clear();
        forget(tracked);
    });
    assert_objects(&recorder, &["App ns/a suspended=1"]);
}

/// Does `work` on another thread while the store of one object is being read, and ends the reading then.
#[track_caller]
fn during_a_scrape(recorder: &Recorder, work: impl FnOnce(&Recorder, TrackGuard) + Send + 'static) {
    let mut writer = Writer::<App>::default();
    writer.apply_watcher_event(&Event::Apply(object("a", "True")));
    let (enter, entered) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let reading = Mutex::new(released);
    let tracked = recorder
        .source_of(move |_: &App| {
            enter.send(()).unwrap();
            reading.lock().unwrap().recv().unwrap_err();
            Observed::new().suspended(true)
        })
        .track(writer.as_reader());
    let scraped = recorder.clone();
    let scrape = thread::spawn(move || scraped.encode(Format::Text));
    entered.recv_timeout(LIMIT).unwrap();
    let recorder = recorder.clone();
    let (done, ends) = mpsc::channel();
    thread::spawn(move || {
        work(&recorder, tracked);
        done.send(())
    });
    ends.recv_timeout(LIMIT).expect("it does not wait");
    drop(release);
    scrape.join().unwrap();
}

/// A tracked store of apps and who writes it.
struct Apps {
    writer: Writer<App>,
    /// Untracks the store when it is dropped.
    #[expect(dead_code, reason = "held for its drop")]
    tracked: TrackGuard,
}

impl Apps {
    fn tracked(recorder: &Recorder) -> Self {
        let writer = Writer::default();
        let tracked = recorder.track(writer.as_reader());
        Self { writer, tracked }
    }

    fn set(&mut self, name: &str, ready: &str) {
        let event = Event::Apply(object(name, ready));
        self.writer.apply_watcher_event(&event);
    }

    fn remove(&mut self, name: &str) {
        let event = Event::Delete(object(name, "True"));
        self.writer.apply_watcher_event(&event);
    }
}

fn id(name: &str) -> ObjectId<'_> {
    ObjectId::new("App", name).within("ns")
}

/// As it comes from the API server.
fn object(name: &str, ready: &str) -> App {
    let app = json!({
        "apiVersion": "example.com/v1",
        "kind": "App",
        "metadata": { "name": name, "namespace": "ns" },
        "spec": {},
        "status": { "conditions": list(&[("Ready", ready)]) },
    });
    serde_json::from_value(app).unwrap()
}
