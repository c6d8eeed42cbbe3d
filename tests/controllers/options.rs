//! Options as users write them: in a function of their own, shared by several controllers, with
//! timeouts, recovery and error categories.

use std::sync::Arc;
use std::time::Duration;

use crate::gotk_kube::{ControllerExt as _, ControllerOptions, RecorderExt as _};
use gotk_metrics::{ErrorCategory, Format, Observe, Recorder};
use kube::Resource;
use kube::runtime::controller::Action;
use kube::runtime::finalizer;
use tokio::time::sleep;

use crate::common::{assert_counters, assert_objects};
use crate::kinds::{App, Step, Task, app, task};
use crate::reconcile::{Context, Failed, policy, reconcile_app, reconcile_task};
use crate::requests::create;
use crate::world::{Running, SECOND, World, spawn};

impl ErrorCategory for Failed {
    fn category(&self) -> &'static str {
        match self {
            Self::ForNow | Self::ForGood => "work",
            Self::Panicked(_) => "panic",
            Self::TimedOut => "timeout",
            Self::Api(_) => "api",
        }
    }

    fn categories() -> Vec<&'static str> {
        vec!["api", "panic", "timeout", "work"]
    }
}

/// One function for all controllers of a process.
fn options<K>(recorder: &Recorder) -> ControllerOptions<K, Failed>
where
    K: Observe + Resource<DynamicType = ()> + 'static,
{
    recorder
        .controller()
        .max_concurrent(2)
        .error_categories()
        .recover_panics(|_| Failed::Panicked("unknown".into()))
        .timeout(5 * SECOND, || Failed::TimedOut)
}

fn run_tasks(world: &World) -> Running {
    let controller = world.controller::<Task>();
    let options = options(&world.recorder).name("jobs");
    spawn(controller.run_recorded_with(options, reconcile_task, policy, world.context()))
}

#[tokio::test(start_paused = true)]
async fn an_attempt_over_its_timeout_is_an_error_and_a_timeout() {
    let world = World::new();
    let _running = run_tasks(&world);
    create(&world.tasks, task("a", Step::Hang)).await;
    create(&world.tasks, task("b", Step::Take(4))).await;
    sleep(4 * SECOND).await;
    let b = "Task ns/b Ready=True durations=1 sum=4";
    assert_objects(&world.recorder, &["Task ns/a Ready=Unknown", b]);
    sleep(2 * SECOND).await;
    let a = "Task ns/a Ready=False durations=1 sum=5";
    assert_objects(&world.recorder, &[a, b]);
    assert_counters(
        &world.recorder,
        &[
            "reconcile_errors jobs 1",
            "reconcile_timeouts jobs 1",
            "reconcile jobs error 1",
            "reconcile jobs success 1",
            "reconcile_errors timeout jobs 1",
        ],
    );
    // The future was dropped, and the error policy asks for another try.
    assert_eq!(world.context.in_flight(), 0);
    sleep(Duration::from_secs(61)).await;
    assert_eq!(world.context.in_flight(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_category_and_the_timeouts_begin_at_zero() {
    let world = World::new();
    let _running = run_tasks(&world);
    let text = world.recorder.encode(Format::Text);
    for line in [
        r#"controller_runtime_reconcile_timeouts_total{controller="jobs"} 0"#,
        r#"gotkmetrics_reconcile_errors_total{category="api",controller="jobs"} 0"#,
        r#"gotkmetrics_reconcile_errors_total{category="panic",controller="jobs"} 0"#,
        r#"gotkmetrics_reconcile_errors_total{category="timeout",controller="jobs"} 0"#,
        r#"gotkmetrics_reconcile_errors_total{category="work",controller="jobs"} 0"#,
    ] {
        let is_there = text.lines().any(|found| found == line);
        assert!(is_there, "no {line} in\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_controllers_share_a_function_for_their_options() {
    let world = World::new();
    let recorder = &world.recorder;
    let apps = world.controller::<App>();
    let apps = apps.run_recorded_with(options(recorder), reconcile_app, policy, world.context());
    let _running = (spawn(apps), run_tasks(&world));
    create(&world.apps, app("a", Step::Succeed)).await;
    create(&world.tasks, task("a", Step::Panic)).await;
    assert_objects(
        recorder,
        &[
            "App ns/a Ready=True durations=2 sum=0 suspended=0",
            "Task ns/a Ready=False durations=1 sum=0",
        ],
    );
}

#[test]
fn the_error_of_a_finalizer_has_the_category_of_what_failed() {
    type Finalizing = finalizer::Error<Failed>;
    assert_eq!(Finalizing::ApplyFailed(Failed::ForNow).category(), "work");
    let cleanup = Finalizing::CleanupFailed(Failed::TimedOut);
    assert_eq!(cleanup.category(), "timeout");
    assert_eq!(Finalizing::UnnamedObject.category(), "finalizer");
    let all = ["api", "panic", "timeout", "work", "finalizer"];
    assert_eq!(Finalizing::categories(), all);
    assert_eq!(Box::<Finalizing>::categories(), all);
    assert_eq!(Arc::new(Failed::ForGood).category(), "work");
}

#[test]
fn options_can_be_used_without_a_controller() {
    let recorder = Recorder::new();
    let reconcile = |_: Arc<Task>, _: Arc<Context>| async { Ok(Action::await_change()) };
    let instrumented = options::<Task>(&recorder).instrument(reconcile);
    let text = recorder.encode(Format::Text);
    let line = r#"controller_runtime_max_concurrent_reconciles{controller="task"} 2"#;
    assert!(text.contains(line), "{text}");
    drop(instrumented);
}
