//! `Attempt::current` in the reconcile function of a controller.

use std::io;
use std::sync::{Arc, Mutex};

use crate::gotk_kube::{ControllerExt as _, RecorderExt as _, object_id};
use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::{Attempt, ConditionType};
use kube::runtime::controller::Action;
use tokio::time::sleep;

use crate::common::assert_objects;
use crate::kinds::{Step, Task, task};
use crate::reconcile::Context;
use crate::requests::{create, delete};
use crate::world::{SECOND, World, spawn};

/// Sets a condition and the suspension, before and after it has waited.
async fn reconcile(_: Arc<Task>, _: Arc<Context>) -> Result<Action, io::Error> {
    let set = |status, suspended| {
        let found = Attempt::current(|attempt| {
            attempt.set_condition(&ConditionType::STALLED, status);
            attempt.set_suspended(suspended);
        });
        assert_eq!(found, Some(()));
    };
    set(True, true);
    sleep(10 * SECOND).await;
    set(False, false);
    Ok(Action::await_change())
}

fn policy(_: Arc<Task>, _: &io::Error, _: Arc<Context>) -> Action {
    Action::await_change()
}

#[tokio::test(start_paused = true)]
async fn a_reconcile_sets_values_of_its_object_without_a_look_up() {
    for is_instrumented in [false, true] {
        let world = World::new();
        let controller = world.controller::<Task>();
        let _running = if is_instrumented {
            let reconcile = world.recorder.instrument(reconcile);
            spawn(controller.run(reconcile, policy, world.context()))
        } else {
            spawn(controller.run_recorded(&world.recorder, reconcile, policy, world.context()))
        };
        create(&world.tasks, task("a", Step::Succeed)).await;
        let during = "Task ns/a Ready=Unknown Stalled=True suspended=1";
        assert_objects(&world.recorder, &[during]);
        sleep(10 * SECOND).await;
        let after = "Task ns/a Ready=True Stalled=False durations=1 sum=10 suspended=0";
        assert_objects(&world.recorder, &[after]);
        assert!(Attempt::current(|_| ()).is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn values_that_are_set_after_the_deletion_change_nothing() {
    let world = World::new();
    let controller = world.controller::<Task>();
    let stream = controller.run_recorded(&world.recorder, reconcile, policy, world.context());
    let _running = spawn(stream);
    create(&world.tasks, task("a", Step::Succeed)).await;
    delete(&world.tasks, "a").await;
    assert_objects(
        &world.recorder,
        &["Task ns/a Ready=Deleted Stalled=Deleted suspended=1"],
    );
    sleep(10 * SECOND).await;
    assert_objects(
        &world.recorder,
        &["Task ns/a Ready=Deleted Stalled=Deleted durations=1 sum=10 suspended=1"],
    );
}

#[tokio::test(start_paused = true)]
async fn the_call_of_the_reconcile_function_is_inside_too() {
    let world = World::new();
    let found = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&found);
    let recorder = world.recorder.clone();
    let reconcile = move |task: Arc<Task>, _: Arc<Context>| {
        // Before there is a future.
        seen.lock()
            .unwrap()
            .push(Attempt::current(|_| ()).is_some());
        recorder.record_condition(&object_id(&*task), &ConditionType::STALLED, True);
        let seen = Arc::clone(&seen);
        async move {
            let inside = Attempt::current(|_| ()).is_some();
            let spawned = tokio::spawn(async { Attempt::current(|_| ()).is_some() });
            let spawned = spawned.await.unwrap();
            seen.lock().unwrap().extend([inside, spawned]);
            Ok::<_, io::Error>(Action::await_change())
        }
    };
    let controller = world.controller::<Task>();
    let stream = controller.run_recorded(&world.recorder, reconcile, policy, world.context());
    let _running = spawn(stream);
    create(&world.tasks, task("a", Step::Succeed)).await;
    // Not in the task that it spawns.
    assert_eq!(*found.lock().unwrap(), [true, true, false]);
    let a = "Task ns/a Ready=True Stalled=True durations=1 sum=0";
    assert_objects(&world.recorder, &[a]);
}
