//! A process that loses its lease ends its streams and guards, and calls `clear` for the records that were
//! made by hand. No series may remain.

use std::io;
use std::sync::Arc;

use crate::gotk_kube::{ControllerExt as _, RecorderExt as _, object_id};
use gotk_metrics::ConditionStatus::True;
use gotk_metrics::{ConditionType, Format};
use kube::runtime::controller::Action;
use tokio::time::{advance, sleep};

use crate::common::assert_objects;
use crate::kinds::{Step, Task, app, task};
use crate::reconcile::{Context, RETRY, policy, reconcile_task};
use crate::requests::{create, delete, settle};
use crate::world::{GRACE, SECOND, TICK, World, spawn};

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_after_clear_leaves_nothing() {
    let world = World::new();
    create(&world.apps, app("a", Step::Later)).await;
    create(&world.apps, app("b", Step::Succeed)).await;
    let running = world.run_apps();
    settle().await;
    world.recorder.clear();
    // The controller still runs, and a requeue comes due.
    sleep(RETRY + SECOND).await;
    running.stop().await;
    assert_objects(&world.recorder, &[]);
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[]);
}

#[tokio::test(start_paused = true)]
async fn clear_ends_no_tracking() {
    let world = World::new();
    create(&world.tasks, task("a", Step::Later)).await;
    create(&world.tasks, task("idle", Step::Succeed)).await;
    let _running = world.run_tasks();
    settle().await;
    world.recorder.clear();
    let idle = "Task ns/idle Ready=Unknown";
    assert_objects(&world.recorder, &["Task ns/a Ready=Unknown", idle]);
    sleep(RETRY + SECOND).await;
    let a = "Task ns/a Ready=True durations=1 sum=0";
    assert_objects(&world.recorder, &[a, idle]);
    delete(&world.tasks, "a").await;
    assert_objects(&world.recorder, &[&a.replace("True", "Deleted"), idle]);
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[idle]);
}

#[tokio::test(start_paused = true)]
async fn a_late_clear_takes_nothing_from_the_next_term() {
    let world = World::new();
    create(&world.apps, app("a", Step::Succeed)).await;
    let running = world.run_apps();
    settle().await;
    running.stop().await;
    let _running = world.run_apps();
    // The handler of the lost lease runs after the lease was acquired again.
    world.recorder.clear();
    sleep(GRACE).await;
    let text = world.recorder.encode(Format::Text);
    assert!(text.contains("gotk_resource_info{"), "in\n{text}");
    let a = "App ns/a Ready=True durations=1 sum=0 suspended=0";
    assert_objects(&world.recorder, &[a]);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_controller_leaves_nothing_in_either_order() {
    for clears_first in [false, true] {
        for millis in 0..20 {
            let world = World::new();
            for name in ["a", "b", "c"] {
                create(&world.tasks, task(name, Step::Again)).await;
            }
            let running = world.run_tasks();
            for _ in 0..millis {
                advance(TICK).await;
            }
            drop(world.recorder.encode(Format::Text));
            // The task ends later, when it is polled.
            if clears_first {
                world.recorder.clear();
                drop(running);
            } else {
                drop(running);
                world.recorder.clear();
            }
            settle().await;
            assert_objects(&world.recorder, &[]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_linked_controller_that_outlives_its_guard_leaves_nothing() {
    let world = World::new();
    create(&world.tasks, task("a", Step::Later)).await;
    let controller = world.controller::<Task>();
    let tracked = world.recorder.track(controller.store());
    let reconcile = world.recorder.controller::<Task, _>().of(&tracked);
    let reconcile = reconcile.instrument(reconcile_task);
    let running = spawn(controller.run(reconcile, policy, world.context()));
    settle().await;
    assert_objects(&world.recorder, &["Task ns/a Ready=True durations=1 sum=0"]);
    drop(tracked);
    sleep(RETRY + SECOND).await;
    assert_eq!(world.context.runs("a"), 2);
    assert_objects(&world.recorder, &[]);
    running.stop().await;
    assert_objects(&world.recorder, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_call_inside_an_attempt_that_outlives_its_source_writes_nothing() {
    let world = World::new();
    create(&world.tasks, task("a", Step::Succeed)).await;
    let controller = world.controller::<Task>();
    let tracked = world.recorder.track(controller.store());
    let recorder = world.recorder.clone();
    let reconcile = move |task: Arc<Task>, _: Arc<Context>| {
        let recorder = recorder.clone();
        async move {
            sleep(SECOND).await;
            recorder.record_condition(&object_id(&*task), &ConditionType::READY, True);
            recorder.record_suspend(&object_id(&*task), true);
            recorder.record_duration(&object_id(&*task), SECOND);
            recorder.start(&object_id(&*task)).succeed();
            Ok::<_, io::Error>(Action::await_change())
        }
    };
    let options = world.recorder.controller::<Task, _>().of(&tracked);
    let policy = |_: Arc<Task>, _: &io::Error, _: Arc<Context>| Action::await_change();
    let stream = controller.run(options.instrument(reconcile), policy, world.context());
    let _running = spawn(stream);
    settle().await;
    drop(tracked);
    sleep(2 * SECOND).await;
    assert_objects(&world.recorder, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_late_call_of_a_reconcile_brings_nothing_back_but_one_of_a_spawned_task_does() {
    for spawned in [false, true] {
        let world = World::new();
        let recorder = world.recorder.clone();
        let reconcile = move |task: Arc<Task>, _: Arc<Context>| {
            let recorder = recorder.clone();
            async move {
                let work = async move {
                    sleep(GRACE + 10 * SECOND).await;
                    recorder.record_condition(&object_id(&*task), &ConditionType::READY, True);
                };
                if spawned {
                    tokio::spawn(work).await.unwrap();
                } else {
                    work.await;
                }
                Ok::<_, io::Error>(Action::await_change())
            }
        };
        let policy = |_: Arc<Task>, _: &io::Error, _: Arc<Context>| Action::await_change();
        let controller = world.controller::<Task>();
        let stream = controller.run_recorded(&world.recorder, reconcile, policy, world.context());
        let _running = spawn(stream);
        create(&world.tasks, task("a", Step::Succeed)).await;
        assert_objects(&world.recorder, &["Task ns/a Ready=Unknown"]);
        delete(&world.tasks, "a").await;
        assert_objects(&world.recorder, &["Task ns/a Ready=Deleted"]);
        sleep(GRACE).await;
        assert_objects(&world.recorder, &[]);
        sleep(20 * SECOND).await;
        // The task is outside of the attempt, which is documented.
        let left: &[&str] = if spawned {
            &["Task ns/a Ready=True"]
        } else {
            &[]
        };
        assert_objects(&world.recorder, left);
    }
}
