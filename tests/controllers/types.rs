//! What the compiler accepts: closures without types, streams that can be spawned, futures without a box.
//!
//! Much of it is proven by being compiled.

// Not only in the manifest: `cargo test` alone is to hold what `expect` says here.
#![deny(unfulfilled_lint_expectations)]

use std::future::{pending, ready};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::gotk_kube::{ControllerExt as _, ControllerOptions, RecorderExt as _, TrackGuard};
use futures_util::{Stream, StreamExt as _};
use gotk_metrics::{Observed, Recorder};
use kube::runtime::controller::{self, Action};
use kube::runtime::reflector::{ObjectRef, store};
use kube::runtime::{Controller, watcher};

use crate::common::assert_objects;
use crate::kinds::{App, Step, Task, app, task};
use crate::reconcile::{Context, Failed, policy, reconcile_app, reconcile_task};
use crate::requests::create;
use crate::world::World;

type Reconciled<K> = Result<(ObjectRef<K>, Action), controller::Error<Failed, watcher::Error>>;

/// Whether a value is Send: the inherent method is there only if it is, and comes first.
struct Probe<T>(T);

impl<T: Send> Probe<&T> {
    fn sends(self) -> bool {
        let Self(_) = self;
        true
    }
}

trait NotSend: Sized {
    fn sends(self) -> bool {
        false
    }
}

impl<T> NotSend for Probe<&T> {}

/// What a user's own `async fn` awaits can be spawned too: the closures have no say in that.
#[tokio::test(start_paused = true)]
async fn a_future_that_awaits_the_stream_can_be_spawned() {
    let world = World::new();
    let options = world
        .recorder
        .controller_of(|_| Observed::new())
        .recover_panics(|_| Failed::Panicked("panicked".into()));
    let (controller, context) = (world.controller::<Task>(), world.context());
    let running = tokio::spawn(async move {
        let stream = controller.run_recorded_with(options, reconcile_task, policy, context);
        stream.for_each(|_| ready(())).await;
    });
    create(&world.tasks, task("panics", Step::Panic)).await;
    assert_objects(
        &world.recorder,
        &["Task ns/panics Ready=False durations=1 sum=0"],
    );
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn closures_need_no_types_and_the_stream_can_be_spawned() {
    let world = World::new();
    let running = world.controller::<Task>().run_recorded(
        &world.recorder,
        |task, ctx| async move {
            let runs = ctx.runs(task.metadata.name.as_deref().unwrap_or_default());
            if task.spec.step == Step::Fail {
                Err(Failed::ForNow)
            } else {
                Ok(runs)
            }?;
            Ok(Action::await_change())
        },
        |task, error, ctx| {
            let wait = ctx.runs(task.metadata.name.as_deref().unwrap_or_default()) + 60;
            match error {
                Failed::ForGood => Action::await_change(),
                _ => Action::requeue(Duration::from_secs(wait.into())),
            }
        },
        world.context(),
    );
    tokio::spawn(running.for_each(|item| {
        assert!(item.is_ok());
        ready(())
    }));
    create(&world.tasks, task("a", Step::Succeed)).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=True durations=1 sum=0"]);
}

/// As a library writes it that is handed a recorder for a moment.
fn recorded(
    recorder: &Recorder,
    controller: Controller<App>,
    ctx: Arc<Context>,
) -> impl Stream<Item = Reconciled<App>> + Send + use<> {
    controller.run_recorded(recorder, reconcile_app, policy, ctx)
}

fn instrumented(
    recorder: &Recorder,
    controller: Controller<Task>,
    ctx: Arc<Context>,
) -> (
    TrackGuard,
    impl Stream<Item = Reconciled<Task>> + Send + use<>,
) {
    let tracked = recorder.track(controller.store());
    let reconcile = recorder.instrument(reconcile_task);
    (tracked, controller.run(reconcile, policy, ctx))
}

#[tokio::test(start_paused = true)]
async fn nothing_borrows_the_recorder() {
    let world = World::new();
    let clone = world.recorder.clone();
    let apps = recorded(&clone, world.controller(), world.context());
    let (_tracked, tasks) = instrumented(&clone, world.controller(), world.context());
    drop(clone);
    tokio::spawn(apps.for_each(|_| ready(())));
    tokio::spawn(tasks.for_each(|_| ready(())));
    create(&world.apps, app("a", Step::Succeed)).await;
    create(&world.tasks, task("b", Step::Succeed)).await;
    assert_objects(
        &world.recorder,
        &[
            "App ns/a Ready=True durations=2 sum=0 suspended=0",
            "Task ns/b Ready=True durations=1 sum=0",
        ],
    );
}

// Apart from where it is asked: inside one function the compiler does not know yet what is kept.
async fn reconcile_on_one_thread(_: Arc<Task>, _: Arc<Context>) -> Result<Action, Failed> {
    let local = Rc::new(());
    ready(()).await;
    drop(local);
    Ok(Action::await_change())
}

fn policy_on_one_thread() -> impl Fn(Arc<Task>, &Failed, Arc<Context>) -> Action {
    let local = Rc::new(Action::await_change());
    move |_, _, _| Action::clone(&local)
}

#[tokio::test(start_paused = true)]
async fn streams_and_futures_are_send_if_what_the_user_gave_is() {
    let world = World::new();
    let task = || Arc::new(task("a", Step::Succeed));
    let mut sent = world.recorder.instrument(reconcile_task);
    assert!(Probe(&sent(task(), world.context())).sends());
    let mut local = world.recorder.instrument(reconcile_on_one_thread);
    let attempt = local(task(), world.context());
    assert!(!Probe(&attempt).sends());
    attempt.await.unwrap();

    let recorder = &world.recorder;
    let controller = world.controller::<Task>();
    let stream = controller.run_recorded(recorder, reconcile_task, policy, world.context());
    assert!(Probe(&stream).sends());
    let controller = world.controller::<Task>();
    let policy = policy_on_one_thread();
    let stream = controller.run_recorded(recorder, reconcile_task, policy, world.context());
    assert!(!Probe(&stream).sends());
}

#[test]
fn an_attempt_holds_the_users_future_in_place_and_is_unpin_if_that_is() {
    fn unpin<T: Unpin>(_: &T) {}
    let recorder = Recorder::new();
    let mut reconcile =
        recorder.instrument(|_: Arc<Task>, _: Arc<()>| pending::<Result<Action, Failed>>());
    unpin(&reconcile(Arc::new(task("a", Step::Hang)), Arc::new(())));

    let mut reconcile = recorder.instrument(async |_: Arc<Task>, _: Arc<()>| {
        let large = [0_u8; 10_000];
        ready(()).await;
        Ok::<_, Failed>(Action::requeue(Duration::from_secs(large.len() as u64)))
    });
    let attempt = reconcile(Arc::new(task("a", Step::Hang)), Arc::new(()));
    assert!(size_of_val(&attempt) > 10_000);
}

#[test]
fn guards_and_options_may_go_to_another_thread() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    let recorder = Recorder::new();
    let (store, _writer) = store::<App>();
    shared(&recorder.track(store));
    let options: ControllerOptions<App, Failed> = recorder.controller();
    shared(&options);
}

/// Each expectation is broken, and denied at the top of this file, where an attribute is missing.
#[test]
fn what_is_lost_if_it_is_not_used_must_be_used() {
    let recorder = Recorder::new();
    let (store, _writer) = store::<App>();
    #[expect(unused_must_use, reason = "the attribute of `TrackGuard`")]
    {
        recorder.track(store);
    }
    #[expect(unused_must_use, reason = "the attribute of `ControllerOptions`")]
    {
        recorder.controller::<App, Failed>();
    }
    let mut reconcile =
        recorder.instrument(|_: Arc<Task>, _: Arc<()>| pending::<Result<Action, Failed>>());
    #[expect(unused_must_use, reason = "the attribute of `Reconcile`")]
    {
        reconcile(Arc::new(task("a", Step::Hang)), Arc::new(()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_used_is_told_of() {
    let world = World::new();
    let controller = world.controller::<App>();
    #[expect(unused_must_use, reason = "the attribute of `RecordedStream`")]
    {
        controller.run_recorded(&world.recorder, reconcile_app, policy, world.context());
    }
}
