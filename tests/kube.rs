//! Feature `kube`: objects of kube-rs as ids, its `Action` as the end of an attempt.
//!
//! No cluster and no client: an object is whatever implements `Lookup`.
#![cfg(feature = "kube")]

#[cfg(test)]
mod common;

use std::borrow::Cow;
use std::future::ready;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use gotk_metrics::ConditionStatus::False;
use gotk_metrics::ObjectId;
use gotk_metrics::kube::object_id;
use gotk_metrics::{Completion as _, ConditionType, Outcome, Recorder};
use kube_runtime::controller::Action;
use kube_runtime::reflector::Lookup;

use crate::common::{assert_counters, assert_objects, on_manual_clock};

/// As `#[derive(CustomResource)]` makes them, as far as an id needs it.
#[derive(Debug, Default)]
struct App {
    name: Option<&'static str>,
    namespace: Option<&'static str>,
}

impl Lookup for App {
    type DynamicType = ();

    fn kind((): &()) -> Cow<'_, str> {
        "App".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "example.com".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "apps".into()
    }

    fn name(&self) -> Option<Cow<'_, str>> {
        self.name.map(Cow::Borrowed)
    }

    fn namespace(&self) -> Option<Cow<'_, str>> {
        self.namespace.map(Cow::Borrowed)
    }

    fn resource_version(&self) -> Option<Cow<'_, str>> {
        Some("1".into())
    }

    fn uid(&self) -> Option<Cow<'_, str>> {
        Some("d2b1".into())
    }
}

fn app() -> App {
    App {
        name: Some("a"),
        namespace: Some("ns"),
    }
}

#[expect(
    clippy::unused_async,
    reason = "as `Controller::run` wants it; what it awaits is not the point"
)]
async fn reconcile(_: Arc<App>, _: Arc<()>) -> Result<Action, io::Error> {
    Ok(Action::requeue(Duration::from_secs(300)))
}

#[test]
fn an_object_is_its_kind_name_and_namespace() {
    let id = ObjectId::new("App", "a").within("ns");
    assert_eq!(object_id(&app()), id);
}

#[test]
fn an_object_without_namespace_is_cluster_scoped() {
    let cluster_scoped = App {
        namespace: None,
        ..app()
    };
    assert_eq!(object_id(&cluster_scoped), ObjectId::new("App", "a"));
}

#[test]
fn an_object_without_name_has_the_empty_one() {
    assert_eq!(object_id(&App::default()), ObjectId::new("App", ""));
    let (recorder, _) = on_manual_clock(Recorder::builder());
    recorder.record_suspend(&object_id(&App::default()), true);
    recorder.start(&object_id(&App::default())).succeed();
    assert_objects(
        &recorder,
        &["App / Ready=True durations=1 sum=0 suspended=1"],
    );
}

#[test]
fn an_action_says_how_the_reconcile_ended() {
    for (action, outcome) in [
        (Action::await_change(), Outcome::Success),
        (Action::requeue(Duration::ZERO), Outcome::Requeue),
        (
            Action::requeue(Duration::from_nanos(1)),
            Outcome::RequeueAfter,
        ),
        (
            Action::requeue(Duration::from_secs(5)),
            Outcome::RequeueAfter,
        ),
        (Action::requeue(Duration::MAX), Outcome::RequeueAfter),
    ] {
        assert_eq!(action.outcome(), outcome, "{action:?}");
    }
}

#[tokio::test]
async fn actions_are_counted_by_what_they_ask_for() {
    let (recorder, clock) = on_manual_clock(Recorder::builder());
    let actions = [
        (Action::await_change(), 1),
        (Action::requeue(Duration::ZERO), 2),
        (Action::requeue(Duration::from_secs(5)), 3),
    ];
    for (action, times) in actions {
        for _ in 0..times {
            let attempt = recorder.record(
                &object_id(&app()),
                ready(Ok::<_, io::Error>(action.clone())),
            );
            clock.advance(Duration::from_millis(500));
            assert_eq!(attempt.await.unwrap(), action);
        }
    }
    assert_objects(&recorder, &["App ns/a Ready=True durations=6 sum=3"]);
    assert_counters(
        &recorder,
        &[
            "reconcile app requeue 2",
            "reconcile app requeue_after 3",
            "reconcile app success 1",
        ],
    );

    let failed = ready(Err::<Action, _>(io::Error::other("no such chart")));
    let error = recorder
        .record(&object_id(&app()), failed)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "no such chart");
    assert_objects(&recorder, &["App ns/a Ready=False durations=7 sum=3"]);
    assert_counters(
        &recorder,
        &[
            "reconcile_errors app 1",
            "reconcile app error 1",
            "reconcile app requeue 2",
            "reconcile app requeue_after 3",
            "reconcile app success 1",
        ],
    );
}

#[tokio::test]
async fn a_reconcile_function_of_kube_is_recorded_as_it_is() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    let object = Arc::new(app());
    let attempt = recorder.record(
        &object_id(&*object),
        reconcile(Arc::clone(&object), Arc::new(())),
    );
    let action = attempt.await.unwrap();
    assert_eq!(action, Action::requeue(Duration::from_secs(300)));
    assert_counters(&recorder, &["reconcile app requeue_after 1"]);
}

#[test]
fn an_object_and_its_id_are_one() {
    let (recorder, clock) = on_manual_clock(Recorder::builder());
    let id = ObjectId::new("App", "a").within("ns");
    recorder.record_condition(&object_id(&app()), &ConditionType::READY, False);
    recorder.record_duration(&id, Duration::from_secs(1));
    recorder.suspensions().set(&object_id(&app()), false);
    let expected = "App ns/a Ready=False durations=1 sum=1 suspended=0";
    assert_objects(&recorder, &[expected]);
    recorder.record_deleted(&object_id(&app()));
    assert_objects(
        &recorder,
        &["App ns/a Ready=Deleted durations=1 sum=1 suspended=0"],
    );
    clock.advance(Duration::from_secs(300));
    assert_objects(&recorder, &[]);
}
