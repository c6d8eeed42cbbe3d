//! What is shown of an object from its deletion on, and when it lives again.
//!
//! The store alone decides. No reconcile here knows of a deletion, unless a finalizer asks for one.

use std::sync::Arc;
use std::time::Duration;

use crate::gotk_kube::{ControllerExt as _, object_id};
use gotk_metrics::ConditionStatus::True;
use gotk_metrics::{ConditionType, Recorder};
use kube::Api;
use kube::runtime::controller::Action;
use kube::runtime::finalizer::{self, finalizer};
use serde_json::json;
use tokio::time::sleep;

use crate::common::{assert_counters, assert_objects};
use crate::kinds::{App, Step, app, suspended, task};
use crate::reconcile::{Context, Failed, RETRY, reconcile_app};
use crate::requests::{change, create, delete, judge, tell};
use crate::world::{BACKOFF, GRACE, SECOND, TICK, World, on_tokio_time, spawn};

#[tokio::test(start_paused = true)]
async fn an_object_without_finalizer_is_deleted_for_the_grace_and_then_gone() {
    let world = World::new();
    let _running = world.run_apps();
    create(&world.apps, suspended("a")).await;
    create(&world.apps, app("b", Step::Succeed)).await;
    judge(&world.apps, "a", &[("Ready", "True"), ("Stalled", "False")]).await;
    let a = "App ns/a Ready=True Stalled=False durations=2 sum=0 suspended=1";
    let b = "App ns/b Ready=True durations=2 sum=0 suspended=0";
    assert_objects(&world.recorder, &[a, b]);
    delete(&world.apps, "a").await;
    // No attempt tells of it.
    let a = "App ns/a Ready=Deleted Stalled=Deleted durations=2 sum=0 suspended=1";
    assert_objects(&world.recorder, &[a, b]);
    sleep(GRACE.saturating_sub(TICK)).await;
    assert_objects(&world.recorder, &[a, b]);
    sleep(TICK).await;
    assert_objects(&world.recorder, &[b]);
    // Its series end, what was counted stays.
    assert_counters(&world.recorder, &["reconcile app success 4"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_grace_a_deleted_object_is_gone_at_once() {
    let mut world = World::new();
    world.recorder = on_tokio_time(Recorder::builder().deleted_grace(Duration::ZERO));
    let _running = world.run_tasks();
    create(&world.tasks, task("a", Step::Succeed)).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=True durations=1 sum=0"]);
    delete(&world.tasks, "a").await;
    assert_objects(&world.recorder, &[]);
}

#[tokio::test(start_paused = true)]
async fn what_lived_between_two_scrapes_is_deleted_at_the_second() {
    let world = World::new();
    let _running = world.run_tasks();
    assert_objects(&world.recorder, &[]);
    create(&world.tasks, task("a", Step::Succeed)).await;
    delete(&world.tasks, "a").await;
    // No scrape ever saw an object in the store: the attempt says that it is complete.
    let a = "Task ns/a Ready=Deleted durations=1 sum=0";
    assert_objects(&world.recorder, &[a]);
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[]);
}

#[tokio::test(start_paused = true)]
async fn an_object_shows_its_real_state_while_a_finalizer_holds_it() {
    let world = World::new();
    let controller = world.controller::<App>();
    let _running = spawn(controller.run_recorded(
        &world.recorder,
        reconcile_with_finalizer,
        policy_of_finalizer,
        world.context(),
    ));
    let mut held = app("a", Step::Succeed);
    held.metadata.finalizers = Some(vec!["example.com/other".to_owned()]);
    create(&world.apps, held).await;
    let live = "App ns/a Ready=True durations=3 sum=0 suspended=0";
    assert_objects(&world.recorder, &[live]);

    // The clean-up fails: it is held by its own finalizer, and by another one.
    tell(&world.apps, "a", Step::Fail).await;
    delete(&world.apps, "a").await;
    sleep(3 * GRACE).await;
    let runs = world.context.runs("a");
    let real = format!(
        "App ns/a Ready=False durations={} sum=0 suspended=0",
        runs + 1
    );
    assert_objects(&world.recorder, &[&real]);

    // The clean-up succeeds, and nobody reconciles it any more. The other one holds it.
    tell(&world.apps, "a", Step::Succeed).await;
    judge(&world.apps, "a", &[("Ready", "True")]).await;
    let finalizers = world.apps.get("a").await.unwrap().metadata.finalizers;
    assert_eq!(finalizers.unwrap(), ["example.com/other"]);
    sleep(GRACE).await;
    let ended = durations(&world.recorder);
    let real = format!("App ns/a Ready=True durations={ended} sum=0 suspended=0");
    assert_objects(&world.recorder, &[&real]);

    change(
        &world.apps,
        "a",
        json!({ "metadata": { "finalizers": null } }),
    )
    .await;
    let deleted = format!("App ns/a Ready=Deleted durations={ended} sum=0 suspended=0");
    assert_objects(&world.recorder, &[&deleted]);
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_missed_delete_shows_when_the_store_has_listed_again() {
    let world = World::new();
    let _running = world.run_apps();
    for name in ["a", "b"] {
        create(&world.apps, app(name, Step::Succeed)).await;
    }
    let live =
        ["a", "b"].map(|name| format!("App ns/{name} Ready=True durations=2 sum=0 suspended=0"));
    let [live_a, live_b] = &live;
    world.server.lose_next_event();
    delete(&world.apps, "a").await;
    world.server.disconnect();
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[live_a, live_b]);
    assert_counters(&world.recorder, &["reconcile app success 4"]);

    world.server.forget_history();
    sleep(BACKOFF).await;
    // What is there was listed again, and reconciled for that.
    let live_b = "App ns/b Ready=True durations=3 sum=0 suspended=0";
    let deleted = live_a.replace("True", "Deleted");
    assert_objects(&world.recorder, &[&deleted, live_b]);
    let counted = ["reconcile app success 5", "watch_errors app 1"];
    assert_counters(&world.recorder, &counted);
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[live_b]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_ends_after_the_deletion_changes_no_state() {
    let world = World::new();
    let _running = world.run_tasks();
    create(&world.tasks, task("a", Step::Take(2))).await;
    delete(&world.tasks, "a").await;
    assert_objects(&world.recorder, &["Task ns/a Ready=Deleted"]);
    sleep(2 * SECOND).await;
    let ended = "Task ns/a Ready=Deleted durations=1 sum=2";
    assert_objects(&world.recorder, &[ended]);
    assert_counters(&world.recorder, &["reconcile task success 1"]);
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_outlives_the_grace_brings_nothing_back() {
    let world = World::new();
    let _running = world.run_tasks();
    create(&world.tasks, task("a", Step::Take(GRACE.as_secs() + 10))).await;
    delete(&world.tasks, "a").await;
    assert_objects(&world.recorder, &["Task ns/a Ready=Deleted"]);
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[]);
    sleep(10 * SECOND).await;
    assert_objects(&world.recorder, &[]);
    assert_counters(&world.recorder, &["reconcile task success 1"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_created_again_goes_on_within_the_grace() {
    let world = World::new();
    let _running = world.run_apps();
    let expect = |state: &str| assert_objects(&world.recorder, &[&format!("App ns/a {state}")]);
    let first = create(&world.apps, app("a", Step::Succeed)).await;
    expect("Ready=True durations=2 sum=0 suspended=0");
    delete(&world.apps, "a").await;
    expect("Ready=Deleted durations=2 sum=0 suspended=0");
    sleep(GRACE.saturating_sub(SECOND)).await;
    let second = create(&world.apps, app("a", Step::Fail)).await;
    assert_ne!(second.metadata.uid, first.metadata.uid);
    expect("Ready=False durations=4 sum=0 suspended=0");
    // The grace of the first is over, and is nothing to the second.
    sleep(SECOND).await;
    expect("Ready=False durations=4 sum=0 suspended=0");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_created_after_the_grace_is_a_new_one() {
    let world = World::new();
    let _running = world.run_tasks();
    create(&world.tasks, task("a", Step::Fail)).await;
    delete(&world.tasks, "a").await;
    assert_objects(
        &world.recorder,
        &["Task ns/a Ready=Deleted durations=1 sum=0"],
    );
    sleep(GRACE).await;
    create(&world.tasks, task("a", Step::Hang)).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=Unknown"]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_on_the_first_object_says_nothing_of_the_second() {
    let world = World::new();
    let _running = world.run_tasks();
    create(&world.tasks, task("a", Step::Take(10))).await;
    delete(&world.tasks, "a").await;
    assert_objects(&world.recorder, &["Task ns/a Ready=Deleted"]);
    create(&world.tasks, task("a", Step::Hang)).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=Unknown"]);
    // It succeeds, and kube-rs runs the next one.
    sleep(10 * SECOND).await;
    assert_eq!(world.context.runs("a"), 2);
    assert_objects(
        &world.recorder,
        &["Task ns/a Ready=Unknown durations=1 sum=10"],
    );
}

#[tokio::test(start_paused = true)]
async fn calls_bring_nothing_back_that_no_store_holds() {
    let world = World::new();
    let _running = world.run_tasks();
    let gone = create(&world.tasks, task("a", Step::Succeed)).await;
    create(&world.tasks, task("b", Step::Succeed)).await;
    delete(&world.tasks, "a").await;
    let b = "Task ns/b Ready=True durations=1 sum=0";
    let a = "Task ns/a Ready=Deleted durations=1 sum=0";
    assert_objects(&world.recorder, &[a, b]);
    sleep(GRACE.saturating_sub(TICK)).await;
    world
        .recorder
        .record_condition(&object_id(&gone), &ConditionType::READY, True);
    world.recorder.start(&object_id(&gone)).succeed();
    let a = "Task ns/a Ready=Deleted durations=2 sum=0";
    assert_objects(&world.recorder, &[a, b]);
    sleep(TICK).await;
    assert_objects(&world.recorder, &[b]);

    // An object that no store has belongs to whoever records it, until its deletion is recorded.
    world.recorder.start(&object_id(&gone)).succeed();
    let a = "Task ns/a Ready=True durations=1 sum=0";
    assert_objects(&world.recorder, &[a, b]);
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[a, b]);
    world.recorder.record_deleted(&object_id(&gone));
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[b]);
}

#[tokio::test(start_paused = true)]
async fn what_its_store_holds_is_not_deleted_whoever_says_so() {
    let world = World::new();
    let _running = world.run_apps();
    let alive = create(&world.apps, app("a", Step::Succeed)).await;
    let expected = ["App ns/a Ready=True durations=2 sum=0 suspended=0"];
    assert_objects(&world.recorder, &expected);
    world.recorder.record_deleted(&object_id(&alive));
    assert_objects(&world.recorder, &expected);
    sleep(GRACE).await;
    world.recorder.forget(&object_id(&alive));
    assert_objects(&world.recorder, &["App ns/a Ready=True suspended=0"]);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_was_told_before_is_not_told_twice() {
    let world = World::new();
    let _running = world.run_tasks();
    let told = create(&world.tasks, task("a", Step::Succeed)).await;
    // As at the end of a finalizer, right before the object goes.
    delete(&world.tasks, "a").await;
    world.recorder.record_deleted(&object_id(&told));
    sleep(10 * SECOND).await;
    assert_objects(
        &world.recorder,
        &["Task ns/a Ready=Deleted durations=1 sum=0"],
    );
    sleep(GRACE.saturating_sub(10 * SECOND)).await;
    assert_objects(&world.recorder, &[]);
}

async fn reconcile_with_finalizer(
    app: Arc<App>,
    ctx: Arc<Context>,
) -> Result<Action, finalizer::Error<Failed>> {
    let apps = Api::namespaced(ctx.client.clone(), "ns");
    finalizer(&apps, "example.com/own", app, async |event| match event {
        finalizer::Event::Apply(app) | finalizer::Event::Cleanup(app) => {
            reconcile_app(app, ctx).await
        }
    })
    .await
}

fn policy_of_finalizer(_: Arc<App>, _: &finalizer::Error<Failed>, _: Arc<Context>) -> Action {
    Action::requeue(RETRY)
}

/// The attempts of the only object.
#[track_caller]
fn durations(recorder: &Recorder) -> String {
    let text = recorder.encode(gotk_metrics::Format::Text);
    let samples = crate::common::parse::samples(&text);
    let mut counts = samples
        .iter()
        .filter(|s| s.name == "gotk_reconcile_duration_seconds_count");
    let count = counts.next().unwrap();
    count.value.clone()
}
