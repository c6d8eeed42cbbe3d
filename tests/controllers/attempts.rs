//! What is counted of each attempt of a controller, however it ends.
//!
//! Tasks have no status, so that each is reconciled exactly once for each change of its spec.

use std::any::Any;
use std::sync::Arc;

use crate::gotk_kube::{ControllerExt as _, RecorderExt as _};
use kube::runtime::controller;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::common::{assert_counters, assert_objects};
use crate::kinds::{Step, Task, task};
use crate::reconcile::{Failed, RETRY, policy, reconcile_task};
use crate::requests::{create, delete, settle, tell};
use crate::world::{SECOND, World, spawn};

#[tokio::test(start_paused = true)]
async fn each_attempt_counts_as_what_it_returned() {
    let world = World::new();
    let running = world.run_tasks();
    for (name, step) in [
        ("again", Step::Again),
        ("fails", Step::Fail),
        ("given-up", Step::GiveUp),
        ("later", Step::Later),
        ("succeeds", Step::Succeed),
    ] {
        create(&world.tasks, task(name, step)).await;
    }
    assert_objects(
        &world.recorder,
        &[
            "Task ns/again Ready=True durations=2 sum=0",
            "Task ns/fails Ready=False durations=1 sum=0",
            "Task ns/given-up Ready=False durations=1 sum=0",
            "Task ns/later Ready=True durations=1 sum=0",
            "Task ns/succeeds Ready=True durations=1 sum=0",
        ],
    );
    let once = [
        "reconcile_errors task 2",
        "reconcile task error 2",
        "reconcile task requeue 1",
        "reconcile task requeue_after 1",
        "reconcile task success 2",
        "terminal_reconcile_errors task 1",
    ];
    assert_counters(&world.recorder, &once);

    // Neither what succeeded nor what is given up is tried again.
    sleep(RETRY).await;
    let twice = [
        "reconcile_errors task 3",
        "reconcile task error 3",
        "reconcile task requeue 1",
        "reconcile task requeue_after 2",
        "reconcile task success 2",
        "terminal_reconcile_errors task 1",
    ];
    assert_counters(&world.recorder, &twice);
    assert_eq!(running.errors().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_duration_is_the_time_of_the_whole_reconcile() {
    let world = World::new();
    let _running = world.run_tasks();
    create(&world.tasks, task("a", Step::Take(2))).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=Unknown"]);
    assert_counters(&world.recorder, &[]);
    sleep(2 * SECOND).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=True durations=1 sum=2"]);
    assert_counters(&world.recorder, &["reconcile task success 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_counted_and_ends_the_controller() {
    let world = World::new();
    let running = world.run_tasks();
    create(&world.tasks, task("fine", Step::Succeed)).await;
    create(&world.tasks, task("panics", Step::Panic)).await;
    let counted = [
        "reconcile_errors task 1",
        "reconcile_panics task 1",
        "reconcile task error 1",
        "reconcile task success 1",
    ];
    assert_counters(&world.recorder, &counted);
    // As `Controller::run` does.
    assert!(running.ended().await.unwrap_err().is_panic());
    assert_objects(&world.recorder, &[]);
    assert_counters(&world.recorder, &counted);
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_there_is_a_future_is_counted() {
    let world = World::new();
    let reconcile = |task: Arc<Task>, ctx| {
        assert!(task.spec.step != Step::Panic, "no future for this one");
        reconcile_task(task, ctx)
    };
    let options = world
        .recorder
        .controller::<Task, _>()
        .recover_panics(recover);
    let controller = world.controller::<Task>();
    let running = spawn(controller.run_recorded_with(options, reconcile, policy, world.context()));
    create(&world.tasks, task("a", Step::Panic)).await;
    // Not one that can become an error of the reconcile.
    assert!(running.ended().await.unwrap_err().is_panic());
    let counted = [
        "reconcile_errors task 1",
        "reconcile_panics task 1",
        "reconcile task error 1",
    ];
    assert_counters(&world.recorder, &counted);
    assert_objects(&world.recorder, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_recovered_panic_is_counted_and_the_controller_lives() {
    let world = World::new();
    let options = world
        .recorder
        .controller::<Task, _>()
        .recover_panics(recover);
    let controller = world.controller::<Task>();
    let running =
        spawn(controller.run_recorded_with(options, reconcile_task, policy, world.context()));
    create(&world.tasks, task("panics", Step::Panic)).await;
    create(&world.tasks, task("fine", Step::Succeed)).await;
    let [error] = &running.errors()[..] else {
        panic!("{:?}", running.errors())
    };
    // kube 3 names the object alone, the others the cause too.
    let is_named = error.contains("reconciler for object Task.v1.example.com/panics.ns failed");
    assert!(
        is_named || error.contains("panicked: as the spec of panics says"),
        "{error}"
    );
    assert_objects(
        &world.recorder,
        &[
            "Task ns/fine Ready=True durations=1 sum=0",
            "Task ns/panics Ready=False durations=1 sum=0",
        ],
    );
    assert_counters(
        &world.recorder,
        &[
            "reconcile_errors task 1",
            "reconcile_panics task 1",
            "reconcile task error 1",
            "reconcile task success 1",
        ],
    );

    // The error policy has its say: the object is tried again.
    sleep(RETRY).await;
    assert_eq!(world.context.runs("panics"), 2);
    tell(&world.tasks, "panics", Step::Succeed).await;
    assert_objects(
        &world.recorder,
        &[
            "Task ns/fine Ready=True durations=1 sum=0",
            "Task ns/panics Ready=True durations=3 sum=0",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_aborted_is_cancelled_and_nothing_is_left() {
    let world = World::new();
    let running = world.run_tasks();
    create(&world.tasks, task("a", Step::Succeed)).await;
    create(&world.tasks, task("b", Step::Hang)).await;
    tell(&world.tasks, "a", Step::Take(2)).await;
    assert_eq!(world.context.in_flight(), 2);
    running.stop().await;
    assert_eq!(world.context.in_flight(), 0);
    let counted = ["reconcile task success 1", "attempts_cancelled task 2"];
    assert_counters(&world.recorder, &counted);
    assert_objects(&world.recorder, &[]);

    // Nothing comes late.
    sleep(RETRY).await;
    assert_counters(&world.recorder, &counted);
    assert_objects(&world.recorder, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_graceful_shutdown_waits_for_attempts_and_cancels_none() {
    let world = World::new();
    let (shut_down, told) = oneshot::channel::<()>();
    let controller = world.controller::<Task>().graceful_shutdown_on(async {
        told.await.ok();
    });
    let running =
        spawn(controller.run_recorded(&world.recorder, reconcile_task, policy, world.context()));
    create(&world.tasks, task("a", Step::Take(2))).await;
    shut_down.send(()).unwrap();
    settle().await;
    assert_objects(&world.recorder, &["Task ns/a Ready=Unknown"]);
    running.ended().await.unwrap();
    assert_counters(&world.recorder, &["reconcile task success 1"]);
    // The stream has ended, and with it what it knew of objects.
    assert_objects(&world.recorder, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_forced_shutdown_cancels_what_is_under_way() {
    let world = World::new();
    let (shut_down, told) = oneshot::channel::<()>();
    let controller = world.controller::<Task>();
    let stream = controller.run_recorded(&world.recorder, reconcile_task, policy, world.context());
    let running = spawn(futures_util::StreamExt::take_until(stream, told));
    create(&world.tasks, task("a", Step::Hang)).await;
    shut_down.send(()).unwrap();
    running.ended().await.unwrap();
    settle().await;
    assert_eq!(world.context.in_flight(), 0);
    assert_counters(&world.recorder, &["attempts_cancelled task 1"]);
    assert_objects(&world.recorder, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_attempt_leaves_ready_as_it_was() {
    let world = World::new();
    let controller = world.controller::<Task>();
    // Kept beyond the controller, so that there is something to see.
    let _tracked = world.recorder.track(controller.store());
    let reconcile = world.recorder.instrument(reconcile_task);
    let running = spawn(controller.run(reconcile, policy, world.context()));
    create(&world.tasks, task("a", Step::Fail)).await;
    tell(&world.tasks, "a", Step::Hang).await;
    running.stop().await;
    assert_objects(
        &world.recorder,
        &["Task ns/a Ready=False durations=1 sum=0"],
    );
    assert_counters(
        &world.recorder,
        &[
            "reconcile_errors task 1",
            "reconcile task error 1",
            "attempts_cancelled task 1",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_retry_of_an_object_that_is_gone_is_counted() {
    let world = World::new();
    let running = world.run_tasks();
    create(&world.tasks, task("a", Step::Later)).await;
    delete(&world.tasks, "a").await;
    let before = ["reconcile task requeue_after 1"];
    assert_counters(&world.recorder, &before);
    sleep(RETRY).await;
    assert_counters(
        &world.recorder,
        &["reconcile task requeue_after 1", "objects_not_found task 1"],
    );
    assert_eq!(world.context.runs("a"), 1);
    assert_eq!(running.errors().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn concurrency_of_the_controller_is_its_own() {
    let world = World::new();
    let one = controller::Config::default().concurrency(1);
    let controller = world.controller::<Task>().with_config(one);
    let _running =
        spawn(controller.run_recorded(&world.recorder, reconcile_task, policy, world.context()));
    create(&world.tasks, task("a", Step::Take(2))).await;
    create(&world.tasks, task("b", Step::Take(2))).await;
    assert_eq!(world.context.in_flight(), 1);
    sleep(4 * SECOND).await;
    assert_objects(
        &world.recorder,
        &[
            "Task ns/a Ready=True durations=1 sum=2",
            "Task ns/b Ready=True durations=1 sum=2",
        ],
    );
}

#[expect(clippy::needless_pass_by_value, reason = "as the option wants it")]
fn recover(panic: Box<dyn Any + Send>) -> Failed {
    let text = panic.downcast_ref::<String>();
    Failed::Panicked(text.cloned().unwrap_or_default())
}
