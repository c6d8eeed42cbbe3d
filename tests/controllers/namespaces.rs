//! Several controllers of one kind, each recorded in its own way.

use crate::gotk_kube::RecorderExt as _;
use tokio::time::sleep;

use crate::common::assert_objects;
use crate::kinds::{Step, Task, task};
use crate::reconcile::{RETRY, policy, reconcile_task};
use crate::requests::{create, delete, settle};
use crate::world::{GRACE, Running, SECOND, World, spawn};

#[tokio::test(start_paused = true)]
async fn objects_of_an_instrumented_controller_beside_a_recorded_one_are_alive() {
    let world = World::new();
    let others = world.server.objects::<Task>("other");
    create(&world.tasks, task("a", Step::Succeed)).await;
    create(&others, task("b", Step::Fail)).await;
    let _running = world.run_tasks();
    let reconcile = world.recorder.instrument(reconcile_task);
    let controller = world.controller_in::<Task>("other");
    let _other = spawn(controller.run(reconcile, policy, world.context()));
    settle().await;
    for attempts in 1..6 {
        let b = format!("Task other/b Ready=False durations={attempts} sum=0");
        let a = "Task ns/a Ready=True durations=1 sum=0";
        assert_objects(&world.recorder, &[a, &b]);
        sleep(RETRY + SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_seen_beside_an_empty_namespace_that_is_tracked_by_hand() {
    for linked in [false, true] {
        let world = World::new();
        let mut kept = Vec::new();
        for namespace in ["ns", "empty"] {
            let controller = world.controller_in::<Task>(namespace);
            let tracked = world.recorder.track(controller.store());
            let options = world.recorder.controller::<Task, _>();
            let options = if linked {
                options.of(&tracked)
            } else {
                options
            };
            let reconcile = options.instrument(reconcile_task);
            let running = spawn(controller.run(reconcile, policy, world.context()));
            kept.push((tracked, running));
        }
        create(&world.tasks, task("a", Step::Succeed)).await;
        let a = "Task ns/a Ready=True durations=1 sum=0";
        assert_objects(&world.recorder, &[a]);
        delete(&world.tasks, "a").await;
        assert_objects(&world.recorder, &[&a.replace("True", "Deleted")]);
        sleep(GRACE).await;
        assert_objects(&world.recorder, &[]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_of_a_linked_controller_that_lives_between_two_scrapes_is_deleted() {
    let world = World::new();
    let controller = world.controller::<Task>();
    let tracked = world.recorder.track(controller.store());
    let options = world.recorder.controller::<Task, _>().of(&tracked);
    let reconcile = options.instrument(reconcile_task);
    let _running: Running = spawn(controller.run(reconcile, policy, world.context()));
    create(&world.tasks, task("a", Step::Succeed)).await;
    delete(&world.tasks, "a").await;
    assert_objects(
        &world.recorder,
        &["Task ns/a Ready=Deleted durations=1 sum=0"],
    );
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[]);
}

#[tokio::test(start_paused = true)]
async fn of_two_controllers_of_the_same_objects_one_may_end() {
    let world = World::new();
    create(&world.tasks, task("a", Step::Fail)).await;
    let one = world.run_tasks();
    let _two = world.run_tasks();
    settle().await;
    let a = "Task ns/a Ready=False durations=2 sum=0";
    assert_objects(&world.recorder, &[a]);
    one.stop().await;
    assert_objects(&world.recorder, &[a]);
    delete(&world.tasks, "a").await;
    assert_objects(&world.recorder, &[&a.replace("False", "Deleted")]);
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[]);
}
