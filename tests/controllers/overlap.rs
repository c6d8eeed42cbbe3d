//! A reconcile that is recorded twice, which `gotkmetrics_attempts_overlapping_total` shows.

use std::sync::Arc;

use crate::gotk_kube::{ControllerExt as _, RecorderExt as _, object_id};
use gotk_metrics::ObjectId;

use crate::common::{assert_counters, assert_objects};
use crate::kinds::{Step, Task, task};
use crate::reconcile::{Context, policy, reconcile_task};
use crate::requests::{create, settle};
use crate::world::{World, spawn};

#[tokio::test(start_paused = true)]
async fn an_instrumented_function_in_run_recorded_overlaps() {
    let world = World::new();
    create(&world.tasks, task("a", Step::Succeed)).await;
    let reconcile = world.recorder.instrument(reconcile_task);
    let controller = world.controller::<Task>();
    let stream = controller.run_recorded(&world.recorder, reconcile, policy, world.context());
    let _running = spawn(stream);
    settle().await;
    assert_eq!(world.context.runs("a"), 1);
    let counters = [
        "reconcile task success 1",
        "reconcile task-2 success 1",
        "attempts_overlapping task 1",
    ];
    assert_counters(&world.recorder, &counters);
    assert_objects(&world.recorder, &["Task ns/a Ready=True durations=2 sum=0"]);
}

#[tokio::test(start_paused = true)]
async fn record_in_run_recorded_overlaps() {
    let world = World::new();
    create(&world.tasks, task("a", Step::Succeed)).await;
    let recorder = world.recorder.clone();
    let reconcile = move |task: Arc<Task>, ctx: Arc<Context>| {
        let recorder = recorder.clone();
        async move {
            let inner = reconcile_task(Arc::clone(&task), ctx);
            recorder.record(&object_id(&*task), inner).await
        }
    };
    let controller = world.controller::<Task>();
    let stream = controller.run_recorded(&world.recorder, reconcile, policy, world.context());
    let _running = spawn(stream);
    settle().await;
    let counters = ["reconcile task success 2", "attempts_overlapping task 1"];
    assert_counters(&world.recorder, &counters);
    assert_objects(&world.recorder, &["Task ns/a Ready=True durations=2 sum=0"]);
}

#[tokio::test(start_paused = true)]
async fn attempts_on_other_objects_and_one_after_the_other_do_not_overlap() {
    let world = World::new();
    create(&world.tasks, task("a", Step::Again)).await;
    create(&world.tasks, task("b", Step::Take(10))).await;
    let recorder = world.recorder.clone();
    let reconcile = move |task: Arc<Task>, ctx: Arc<Context>| {
        let recorder = recorder.clone();
        async move {
            let part = ObjectId::new("Part", "p").within("ns");
            recorder.record(&part, reconcile_task(task, ctx)).await
        }
    };
    let controller = world.controller::<Task>();
    let stream = controller.run_recorded(&world.recorder, reconcile, policy, world.context());
    let _running = spawn(stream);
    tokio::time::sleep(crate::world::GRACE).await;
    let counters = [
        "reconcile part requeue 1",
        "reconcile part success 2",
        "reconcile task requeue 1",
        "reconcile task success 2",
    ];
    assert_counters(&world.recorder, &counters);
}
