//! Where the state of a live object comes from: its controller's store, at each scrape.
//!
//! What a reconcile was handed is the object as it was before, and is never what is shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use crate::gotk_kube::{ControllerExt as _, RecorderExt as _, object_id};
use futures_util::FutureExt as _;
use gotk_metrics::{ConditionStatus, ConditionType};
use gotk_metrics::{Format, Observe as _, Observed};
use kube::runtime::controller::{self, applier, trigger_self};
use kube::runtime::{PredicateConfig, WatchStreamExt as _, predicates, reflector, watcher};
use serde_json::json;
use tokio::time::sleep;

use crate::common::{assert_counters, assert_objects, parse};
use crate::kinds::{App, Step, Task, app, suspended, task};
use crate::reconcile::{RETRY, policy, reconcile_app};
use crate::requests::{change, create, delete, judge, settle, tell};
use crate::world::{World, spawn};

#[tokio::test(start_paused = true)]
async fn ready_is_what_the_status_says_and_not_how_the_reconcile_ended() {
    let world = World::new();
    let _running = world.run_apps();
    create(&world.apps, app("a", Step::Succeed)).await;
    assert_objects(
        &world.recorder,
        &["App ns/a Ready=True durations=2 sum=0 suspended=0"],
    );
    // From here on the reconcile has nothing to say, and succeeds.
    change(&world.apps, "a", json!({ "spec": { "suspend": true } })).await;
    judge(&world.apps, "a", &[("Ready", "False")]).await;
    assert_objects(
        &world.recorder,
        &["App ns/a Ready=False durations=4 sum=0 suspended=1"],
    );
    judge(&world.apps, "a", &[("Ready", "Sometimes")]).await;
    assert_objects(
        &world.recorder,
        &["App ns/a Ready=Unknown durations=5 sum=0 suspended=1"],
    );
}

#[tokio::test(start_paused = true)]
async fn ready_is_current_where_no_reconcile_follows_the_status() {
    let world = World::new();
    let (store, writer) = reflector::store();
    let _tracked = world.recorder.track(store.clone());
    let changes = watcher(world.apps.clone(), watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .applied_objects()
        .predicate_filter(predicates::generation, PredicateConfig::default());
    let mut reconcile = world.recorder.instrument(reconcile_app);
    let _running = spawn(applier(
        move |app, ctx| reconcile(app, ctx).boxed(),
        policy,
        world.context(),
        store,
        Box::pin(trigger_self(changes, ())),
        controller::Config::default(),
    ));
    create(&world.apps, app("a", Step::Succeed)).await;
    // The only reconcile was handed an object without status.
    assert_eq!(world.context.runs("a"), 1);
    assert_objects(
        &world.recorder,
        &["App ns/a Ready=True durations=1 sum=0 suspended=0"],
    );
    judge(&world.apps, "a", &[("Ready", "False")]).await;
    assert_eq!(world.context.runs("a"), 1);
    assert_objects(
        &world.recorder,
        &["App ns/a Ready=False durations=1 sum=0 suspended=0"],
    );
}

#[tokio::test(start_paused = true)]
async fn a_kind_without_conditions_is_ready_by_its_last_outcome() {
    let world = World::new();
    let _running = world.run_tasks();
    create(&world.tasks, task("a", Step::Hang)).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=Unknown"]);
    create(&world.tasks, task("b", Step::Succeed)).await;
    let expect = |b: &str| assert_objects(&world.recorder, &["Task ns/a Ready=Unknown", b]);
    expect("Task ns/b Ready=True durations=1 sum=0");
    tell(&world.tasks, "b", Step::Fail).await;
    expect("Task ns/b Ready=False durations=2 sum=0");
    tell(&world.tasks, "b", Step::Hang).await;
    expect("Task ns/b Ready=False durations=2 sum=0");
}

#[tokio::test(start_paused = true)]
async fn without_a_ready_condition_the_outcome_counts_until_there_is_one() {
    let world = World::new();
    let controller = world.controller::<App>();
    // Tells nothing in the status.
    let reconcile = async |_, _| Ok(controller::Action::await_change());
    let _running =
        spawn(controller.run_recorded(&world.recorder, reconcile, policy, world.context()));
    create(&world.apps, app("a", Step::Succeed)).await;
    let expect = |state: &str| assert_objects(&world.recorder, &[&format!("App ns/a {state}")]);
    expect("Ready=True durations=1 sum=0 suspended=0");
    judge(&world.apps, "a", &[("Ready", "False")]).await;
    expect("Ready=False durations=2 sum=0 suspended=0");
    judge(&world.apps, "a", &[]).await;
    expect("Ready=True durations=3 sum=0 suspended=0");
}

#[tokio::test(start_paused = true)]
async fn the_status_goes_before_what_was_recorded_and_that_before_the_outcome() {
    let world = World::new();
    let _running = world.run_tasks();
    let controller = world.controller::<App>();
    let reconcile = async |_, _| Ok(controller::Action::await_change());
    let _apps = spawn(controller.run_recorded(&world.recorder, reconcile, policy, world.context()));
    let with_status = create(&world.apps, app("a", Step::Succeed)).await;
    let without = create(&world.tasks, task("b", Step::Succeed)).await;
    judge(&world.apps, "a", &[("Ready", "False")]).await;
    let ready = &ConditionType::READY;
    world
        .recorder
        .record_condition(&object_id(&with_status), ready, ConditionStatus::Unknown);
    world
        .recorder
        .record_condition(&object_id(&without), ready, ConditionStatus::False);
    tell(&world.tasks, "b", Step::Take(0)).await;
    assert_objects(
        &world.recorder,
        &[
            "App ns/a Ready=False durations=2 sum=0 suspended=0",
            "Task ns/b Ready=False durations=2 sum=0",
        ],
    );
    judge(&world.apps, "a", &[]).await;
    assert_objects(
        &world.recorder,
        &[
            "App ns/a Ready=Unknown durations=3 sum=0 suspended=0",
            "Task ns/b Ready=False durations=2 sum=0",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn other_conditions_show_where_the_object_has_them() {
    let world = World::new();
    let _running = world.run_apps();
    create(&world.apps, suspended("a")).await;
    create(&world.apps, suspended("b")).await;
    let conditions = [("Healthy", "True"), ("Ready", "False"), ("Stalled", "True")];
    judge(&world.apps, "a", &conditions).await;
    // Healthy is none of those that are read unless somebody asks for it.
    assert_objects(
        &world.recorder,
        &[
            "App ns/a Ready=False Stalled=True durations=2 sum=0 suspended=1",
            "App ns/b Ready=True durations=1 sum=0 suspended=1",
        ],
    );

    // What it no longer has, nobody says of it any more.
    judge(
        &world.apps,
        "a",
        &[("Ready", "True"), ("Reconciling", "False")],
    )
    .await;
    assert_objects(
        &world.recorder,
        &[
            "App ns/a Ready=True Reconciling=False durations=3 sum=0 suspended=1",
            "App ns/b Ready=True durations=1 sum=0 suspended=1",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn conditions_are_chosen_by_the_options() {
    let world = World::new();
    let options = world
        .recorder
        .controller::<App, _>()
        .conditions(["Ready", "Healthy"]);
    let controller = world.controller::<App>();
    let _running =
        spawn(controller.run_recorded_with(options, reconcile_app, policy, world.context()));
    create(&world.apps, suspended("a")).await;
    let conditions = [("Healthy", "True"), ("Ready", "False"), ("Stalled", "True")];
    judge(&world.apps, "a", &conditions).await;
    assert_objects(
        &world.recorder,
        &["App ns/a Healthy=True Ready=False durations=2 sum=0 suspended=1"],
    );
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_the_state_is_there_before_any_reconcile() {
    let before = World::new();
    let running = before.run_apps();
    for name in ["failing", "fine", "suspended"] {
        create(&before.apps, app(name, Step::Succeed)).await;
    }
    tell(&before.apps, "failing", Step::Fail).await;
    change(
        &before.apps,
        "suspended",
        json!({ "spec": { "suspend": true } }),
    )
    .await;
    running.stop().await;

    let after = World::of(before.server.clone());
    // One at a time and never an end: of most objects no attempt will start.
    let one = controller::Config::default().concurrency(1);
    let controller = after.controller::<App>().with_config(one);
    let hang = async |_, _| std::future::pending().await;
    let _running = spawn(controller.run_recorded(&after.recorder, hang, policy, after.context()));
    settle().await;
    assert_objects(
        &after.recorder,
        &[
            "App ns/failing Ready=False suspended=0",
            "App ns/fine Ready=True suspended=0",
            "App ns/suspended Ready=True suspended=1",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_shows_its_objects_without_any_controller() {
    let world = World::new();
    create(&world.apps, app("a", Step::Succeed)).await;
    judge(&world.apps, "a", &[("Ready", "True")]).await;
    create(&world.tasks, task("b", Step::Succeed)).await;
    let (apps, writer) = reflector::store();
    let _reflected = spawn(watcher(world.apps.clone(), watcher::Config::default()).reflect(writer));
    let (tasks, writer) = reflector::store();
    let _reflected =
        spawn(watcher(world.tasks.clone(), watcher::Config::default()).reflect(writer));
    let _apps = world.recorder.track(apps);
    let _tasks = world.recorder.track(tasks);
    assert_objects(&world.recorder, &[]);
    settle().await;
    assert_objects(
        &world.recorder,
        // No task has Ready, and nothing reconciles tasks.
        &["App ns/a Ready=True suspended=0"],
    );
    let info = r#"gotk_resource_info{customresource_group="example.com",customresource_kind="Task",customresource_version="v1",exported_namespace="ns",name="b"} 1"#;
    assert_line(&world, info);
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_leaves_the_last_state_and_is_counted() {
    let world = World::new();
    let broken = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&broken);
    let options = world.recorder.controller_of(move |app: &App| {
        let name = app.metadata.name.as_deref();
        assert!(name != Some("a") || !flag.load(SeqCst), "as the test says");
        app.observe()
    });
    let controller = world.controller::<App>();
    let _running =
        spawn(controller.run_recorded_with(options, reconcile_app, policy, world.context()));
    create(&world.apps, app("a", Step::Succeed)).await;
    create(&world.apps, app("b", Step::Succeed)).await;
    assert_eq!(observe_panics(&world), 0);

    broken.store(true, SeqCst);
    for name in ["a", "b"] {
        tell(&world.apps, name, Step::GiveUp).await;
    }
    assert_objects(
        &world.recorder,
        &[
            "App ns/a Ready=True durations=4 sum=0 suspended=0",
            "App ns/b Ready=False durations=4 sum=0 suspended=0",
        ],
    );
    // Not at each scrape: each version of an object is read once.
    assert_eq!(observe_panics(&world), 1);

    broken.store(false, SeqCst);
    for name in ["a", "b"] {
        tell(&world.apps, name, Step::Hang).await;
    }
    assert_objects(
        &world.recorder,
        &[
            "App ns/a Ready=False durations=4 sum=0 suspended=0",
            "App ns/b Ready=False durations=4 sum=0 suspended=0",
        ],
    );
    assert_eq!(observe_panics(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_reconcile_has_not_got_to_is_behind() {
    let world = World::new();
    let _running = world.run_apps();
    let _tasks = world.run_tasks();
    for name in ["a", "b"] {
        create(&world.apps, app(name, Step::Succeed)).await;
        // Of this kind nobody tells.
        create(&world.tasks, task(name, Step::Hang)).await;
    }
    let reconciled = ["reconcile app success 4"];
    assert_counters(&world.recorder, &reconciled);
    // The old status says that all is well.
    tell(&world.apps, "a", Step::Hang).await;
    assert_objects(
        &world.recorder,
        &[
            "App ns/a Ready=True durations=2 sum=0 suspended=0",
            "App ns/b Ready=True durations=2 sum=0 suspended=0",
            "Task ns/a Ready=Unknown",
            "Task ns/b Ready=Unknown",
        ],
    );
    assert_counters(&world.recorder, &reconciled);
    assert_line(&world, r#"gotkmetrics_objects_behind{kind="App"} 1"#);
    delete(&world.apps, "a").await;
    assert_line(&world, r#"gotkmetrics_objects_behind{kind="App"} 0"#);
}

#[tokio::test(start_paused = true)]
async fn a_user_who_waits_for_the_store_wakes_while_scrapes_run() {
    let world = World::new();
    create(&world.tasks, task("a", Step::Succeed)).await;
    world.server.forbid::<Task>("ns");
    let (store, writer) = reflector::store();
    let _tracked = world
        .recorder
        .source_of(|_: &Task| Observed::new().condition("Ready", ConditionStatus::True))
        .track(store.clone());
    let tasks = watcher(world.tasks.clone(), watcher::Config::default());
    let _reflected = spawn(tasks.default_backoff().reflect(writer));
    // All clones of a store share one waker: whoever else polled would take it from the user.
    let user = tokio::spawn(async move { store.wait_until_ready().await });
    for _ in 0..3 {
        settle().await;
        assert_objects(&world.recorder, &[]);
    }
    world.server.permit::<Task>("ns");
    sleep(RETRY).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=True"]);
    assert!(user.is_finished());
}

#[tokio::test(start_paused = true)]
async fn reconciles_begin_while_scrapes_run() {
    let world = World::new();
    create(&world.tasks, task("a", Step::Succeed)).await;
    world.server.forbid::<Task>("ns");
    let _running = world.run_tasks();
    for _ in 0..3 {
        settle().await;
        assert_objects(&world.recorder, &[]);
    }
    world.server.permit::<Task>("ns");
    sleep(RETRY).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=True durations=1 sum=0"]);
}

#[track_caller]
fn observe_panics(world: &World) -> u64 {
    let text = world.recorder.encode(Format::Text);
    let samples = parse::samples(&text);
    let found = samples
        .iter()
        .find(|s| s.name == "gotkmetrics_observe_panics_total");
    found.map_or(0, |sample| sample.value.parse().unwrap())
}

#[track_caller]
fn assert_line(world: &World, expected: &str) {
    let text = world.recorder.encode(Format::Text);
    assert!(text.lines().any(|line| line == expected), "in\n{text}");
}
