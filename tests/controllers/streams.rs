//! Several controllers of one recorder, and what remains when one of them ends.
//!
//! Where a stream ends its process knows no more of the objects, so it does not call them deleted.

use std::pin::pin;
use std::time::Duration;

use crate::gotk_kube::{ControllerExt as _, RecorderExt as _};
use futures_util::StreamExt as _;
use gotk_metrics::ConditionStatus::True;
use gotk_metrics::{ConditionType, Format, ObjectId};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::common::{assert_counters, assert_objects};
use crate::kinds::{App, Step, Task, app, task};
use crate::reconcile::{policy, reconcile_app, reconcile_task};
use crate::requests::{create, delete, judge, settle, tell};
use crate::world::{GRACE, SECOND, TICK, World, spawn};

/// Longer than the longest pause between two lists that fail.
const RETRIED: Duration = GRACE;

#[tokio::test(start_paused = true)]
async fn two_controllers_of_a_kind_count_apart_and_show_all_objects() {
    let world = World::new();
    let _running = world.run_tasks();
    let others = world.server.objects::<Task>("other");
    let controller = world.controller_in::<Task>("other");
    let _other =
        spawn(controller.run_recorded(&world.recorder, reconcile_task, policy, world.context()));
    create(&world.tasks, task("a", Step::Succeed)).await;
    create(&others, task("a", Step::Fail)).await;
    create(&others, task("b", Step::Succeed)).await;
    let live_b = "Task other/b Ready=True durations=1 sum=0";
    assert_objects(
        &world.recorder,
        &[
            "Task ns/a Ready=True durations=1 sum=0",
            "Task other/a Ready=False durations=1 sum=0",
            live_b,
        ],
    );
    assert_counters(
        &world.recorder,
        &[
            "reconcile_errors task-2 1",
            "reconcile task success 1",
            "reconcile task-2 error 1",
            "reconcile task-2 success 1",
        ],
    );
    delete(&world.tasks, "a").await;
    delete(&others, "a").await;
    assert_objects(
        &world.recorder,
        &[
            "Task ns/a Ready=Deleted durations=1 sum=0",
            "Task other/a Ready=Deleted durations=1 sum=0",
            live_b,
        ],
    );
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[live_b]);
}

#[tokio::test(start_paused = true)]
async fn a_forbidden_namespace_hides_no_deletion_in_another() {
    let world = World::new();
    let others = world.server.objects::<Task>("other");
    create(&others, task("b", Step::Succeed)).await;
    world.server.forbid::<Task>("other");
    let _running = world.run_tasks();
    let _apps = world.run_apps();
    let controller = world.controller_in::<Task>("other");
    let _other =
        spawn(controller.run_recorded(&world.recorder, reconcile_task, policy, world.context()));
    create(&world.tasks, task("a", Step::Succeed)).await;
    create(&world.apps, app("a", Step::Succeed)).await;
    let live_app = "App ns/a Ready=True durations=2 sum=0 suspended=0";
    let live_a = "Task ns/a Ready=True durations=1 sum=0";
    assert_objects(&world.recorder, &[live_app, live_a]);
    delete(&world.tasks, "a").await;
    delete(&world.apps, "a").await;
    // The store that waits did not bring it.
    let deleted_app = "App ns/a Ready=Deleted durations=2 sum=0 suspended=0";
    let deleted_a = "Task ns/a Ready=Deleted durations=1 sum=0";
    assert_objects(&world.recorder, &[deleted_app, deleted_a]);
    assert_sources(&world, "Task", 1, 1);
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[]);

    world.server.permit::<Task>("other");
    sleep(RETRIED).await;
    assert_objects(
        &world.recorder,
        &["Task other/b Ready=True durations=1 sum=0"],
    );
    assert_sources(&world, "Task", 2, 0);
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_has_nothing_to_do_hides_no_deletion_of_another() {
    let world = World::new();
    let _running = world.run_tasks();
    let controller = world.controller_in::<Task>("empty");
    let stream = controller.run_recorded(&world.recorder, reconcile_task, policy, world.context());
    let _other = spawn(stream);
    create(&world.tasks, task("a", Step::Succeed)).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=True durations=1 sum=0"]);
    delete(&world.tasks, "a").await;
    // Its list is complete, and there is nothing in it.
    assert_objects(
        &world.recorder,
        &["Task ns/a Ready=Deleted durations=1 sum=0"],
    );
}

#[tokio::test(start_paused = true)]
async fn the_series_of_a_dropped_stream_go_at_once_and_without_deleted() {
    let world = World::new();
    let running = world.run_apps();
    let _tasks = world.run_tasks();
    create(&world.apps, app("a", Step::Succeed)).await;
    create(&world.apps, app("b", Step::Succeed)).await;
    create(&world.tasks, task("c", Step::Succeed)).await;
    let [a, b] =
        ["a", "b"].map(|name| format!("App ns/{name} Ready=True durations=2 sum=0 suspended=0"));
    let c = "Task ns/c Ready=True durations=1 sum=0";
    assert_objects(&world.recorder, &[&a, &b, c]);
    delete(&world.apps, "b").await;
    let deleted_b = b.replace("True", "Deleted");
    assert_objects(&world.recorder, &[&a, &deleted_b, c]);
    running.stop().await;
    assert_objects(&world.recorder, &[c]);
    let counted = ["reconcile app success 4", "reconcile task success 1"];
    assert_counters(&world.recorder, &counted);

    // The next one goes on with the counters, under the same name.
    let _running = world.run_apps();
    settle().await;
    assert_objects(
        &world.recorder,
        &["App ns/a Ready=True durations=1 sum=0 suspended=0", c],
    );
    let counted = ["reconcile app success 5", "reconcile task success 1"];
    assert_counters(&world.recorder, &counted);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_ended_holds_nothing_although_it_is_there() {
    let world = World::new();
    create(&world.tasks, task("a", Step::Succeed)).await;
    let (shut_down, told) = oneshot::channel::<()>();
    let controller = world.controller::<Task>().graceful_shutdown_on(async {
        told.await.ok();
    });
    let recorder = &world.recorder;
    let stream = controller.run_recorded(recorder, reconcile_task, policy, world.context());
    let mut stream = pin!(stream);
    stream.next().await.unwrap().unwrap();
    assert_objects(recorder, &["Task ns/a Ready=True durations=1 sum=0"]);
    shut_down.send(()).unwrap();
    assert!(stream.next().await.is_none());
    assert_objects(recorder, &[]);
    assert_counters(recorder, &["reconcile task success 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_never_ran_leaves_nothing() {
    let world = World::new();
    let id = ObjectId::new("App", "a").within("ns");
    let controller = world.controller::<App>();
    drop(controller.run_recorded(&world.recorder, reconcile_app, policy, world.context()));
    world
        .recorder
        .record_condition(&id, &ConditionType::READY, True);
    // Its kind is not tracked any more.
    assert_objects(&world.recorder, &["App ns/a Ready=True"]);
    assert_counters(&world.recorder, &[]);
}

#[tokio::test(start_paused = true)]
async fn clear_forgets_what_was_recorded_and_the_store_is_read_again() {
    let world = World::new();
    let running = world.run_apps();
    create(&world.apps, app("a", Step::Succeed)).await;
    create(&world.apps, app("b", Step::Take(10))).await;
    assert_objects(
        &world.recorder,
        &[
            "App ns/a Ready=True durations=2 sum=0 suspended=0",
            "App ns/b Ready=Unknown suspended=0",
        ],
    );
    world.recorder.clear();
    let afresh = [
        "App ns/a Ready=True suspended=0",
        "App ns/b Ready=Unknown suspended=0",
    ];
    assert_objects(&world.recorder, &afresh);
    // The attempt in flight counts for its controller, and not for the object's new record.
    tell(&world.apps, "b", Step::Hang).await;
    sleep((10 * SECOND).saturating_sub(TICK)).await;
    assert_counters(&world.recorder, &["reconcile app success 3"]);
    let b = "App ns/b Ready=True suspended=0";
    assert_objects(&world.recorder, &["App ns/a Ready=True suspended=0", b]);

    judge(&world.apps, "a", &[("Ready", "False")]).await;
    let a = "App ns/a Ready=True durations=2 sum=0 suspended=0";
    assert_objects(&world.recorder, &[a, b]);
    running.stop().await;
    assert_objects(&world.recorder, &[]);

    // Leader again.
    let _running = world.run_apps();
    settle().await;
    assert_objects(
        &world.recorder,
        &[
            "App ns/a Ready=True durations=1 sum=0 suspended=0",
            "App ns/b Ready=True suspended=0",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_never_polled_waits_for_nothing() {
    let world = World::new();
    let controller = world.controller::<Task>();
    let recorder = &world.recorder;
    let standby = controller.run_recorded(recorder, reconcile_task, policy, world.context());
    settle().await;
    assert_sources(&world, "Task", 0, 0);
    world.server.forbid::<Task>("ns");
    let running = spawn(standby);
    settle().await;
    assert_sources(&world, "Task", 0, 1);
    world.server.permit::<Task>("ns");
    sleep(RETRIED).await;
    assert_sources(&world, "Task", 1, 0);
    running.stop().await;
}

/// Compares the number of stores of a kind that have their first list, and that wait for it.
#[track_caller]
fn assert_sources(world: &World, kind: &str, synced: u64, waiting: u64) {
    let text = world.recorder.encode(Format::Text);
    for (state, count) in [("synced", synced), ("waiting", waiting)] {
        let line = format!("gotkmetrics_sources{{kind=\"{kind}\",state=\"{state}\"}} {count}\n");
        assert!(text.contains(&line), "no {line}in\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_controller_without_objects_holds_up_no_store_that_is_tracked_later() {
    let world = World::new();
    let _running = world.run_tasks();
    settle().await;
    // Long after the first list of the controller, whose stream has nothing more to do.
    let mut writer = kube::runtime::reflector::store::Writer::<Task>::default();
    let _tracked = world.recorder.track(writer.as_reader());
    let object = task("a", Step::Succeed);
    writer.apply_watcher_event(&kube::runtime::watcher::Event::Apply(object.clone()));
    assert_objects(&world.recorder, &["Task /a Ready=Unknown"]);
    writer.apply_watcher_event(&kube::runtime::watcher::Event::Delete(object));
    settle().await;
    assert_objects(&world.recorder, &["Task /a Ready=Deleted"]);
}
