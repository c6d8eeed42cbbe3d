//! What a controller is told of errors of its watches, and that no series suffers from them.
//!
//! When a watch is tried again is random, so nothing is counted between two tries.

use std::future::ready;

use crate::gotk_kube::ControllerExt as _;
use futures_util::StreamExt as _;
use kube::runtime::watcher;
use tokio::time::sleep;

use crate::common::{assert_counters, assert_objects, parse};
use crate::kinds::{App, Step, Task, app, task};
use crate::reconcile::{policy, reconcile_app, reconcile_task};
use crate::requests::{create, settle};
use crate::world::{BACKOFF, GRACE, World, spawn};

#[tokio::test(start_paused = true)]
async fn a_forbidden_watch_is_counted_and_the_state_stays() {
    let world = World::new();
    let running = world.run_tasks();
    create(&world.tasks, task("a", Step::Succeed)).await;
    let a = "Task ns/a Ready=True durations=1 sum=0";
    assert_counters(&world.recorder, &["reconcile task success 1"]);

    world.server.forbid::<Task>("ns");
    settle().await;
    let counted = ["reconcile task success 1", "watch_errors task 1"];
    assert_counters(&world.recorder, &counted);
    assert_eq!(running.errors().len(), 1);
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[a]);
    let errors = running.errors().len().to_string();
    assert_eq!(value_of(&world, "gotkmetrics_watch_errors_total"), errors);

    // Nothing was missed.
    world.server.permit::<Task>("ns");
    create(&world.tasks, task("b", Step::Succeed)).await;
    sleep(GRACE).await;
    assert_objects(
        &world.recorder,
        &[a, "Task ns/b Ready=True durations=1 sum=0"],
    );
}

#[tokio::test(start_paused = true)]
async fn a_user_who_drops_errors_hides_none() {
    let world = World::new();
    world.server.forbid::<Task>("ns");
    let controller = world.controller::<Task>();
    let stream = controller.run_recorded(&world.recorder, reconcile_task, policy, world.context());
    let reconciled = stream
        .filter_map(|item| ready(item.ok()))
        .map(Ok::<_, String>);
    let running = spawn(reconciled);
    settle().await;
    assert_counters(&world.recorder, &["watch_errors task 1"]);
    assert!(running.errors().is_empty());
}

#[tokio::test(start_paused = true)]
async fn errors_of_each_watch_of_a_controller_count() {
    let world = World::new();
    world.server.forbid::<Task>("ns");
    let all = watcher::Config::default();
    let controller = world.controller::<App>();
    let controller = controller.watches(world.tasks.clone(), all, |_| None);
    let stream = controller.run_recorded(&world.recorder, reconcile_app, policy, world.context());
    let _running = spawn(stream);
    create(&world.apps, app("a", Step::Succeed)).await;
    // All watches of a controller wait once one of them has failed.
    sleep(BACKOFF).await;
    assert_objects(
        &world.recorder,
        &["App ns/a Ready=True durations=2 sum=0 suspended=0"],
    );
    assert_ne!(value_of(&world, "gotkmetrics_watch_errors_total"), "0");
}

#[tokio::test(start_paused = true)]
async fn errors_are_those_of_the_controller_that_had_them() {
    let world = World::new();
    world.server.forbid::<App>("ns");
    let _running = (world.run_tasks(), world.run_apps());
    create(&world.tasks, task("a", Step::Succeed)).await;
    assert_counters(
        &world.recorder,
        &["reconcile task success 1", "watch_errors app 1"],
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_cut_and_goes_on_is_no_error() {
    let world = World::new();
    let _running = world.run_apps();
    create(&world.apps, app("a", Step::Succeed)).await;
    let a = "App ns/a Ready=True durations=2 sum=0 suspended=0";
    for _ in 0..3 {
        world.server.disconnect();
        // Longer than the server lets a watch be open.
        sleep(GRACE).await;
        assert_objects(&world.recorder, &[a]);
        assert_counters(&world.recorder, &["reconcile app success 2"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_after_410_loses_no_object() {
    let world = World::new();
    let _running = world.run_tasks();
    create(&world.tasks, task("a", Step::Fail)).await;
    create(&world.tasks, task("b", Step::Hang)).await;
    let objects = [
        "Task ns/a Ready=False durations=1 sum=0",
        "Task ns/b Ready=Unknown",
    ];
    assert_objects(&world.recorder, &objects);
    world.server.forget_history();
    settle().await;
    assert_objects(&world.recorder, &objects);
    sleep(BACKOFF).await;
    let objects = ["Task ns/a Ready=False durations=2 sum=0", objects[1]];
    assert_objects(&world.recorder, &objects);
    assert_eq!(value_of(&world, "gotkmetrics_watch_errors_total"), "1");
}

#[track_caller]
fn value_of(world: &World, name: &str) -> String {
    let text = world.recorder.encode(gotk_metrics::Format::Text);
    let samples = parse::samples(&text);
    let sample = samples.into_iter().find(|sample| sample.name == name);
    sample
        .unwrap_or_else(|| panic!("no {name} in\n{text}"))
        .value
}
