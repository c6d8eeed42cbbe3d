//! Kinds that do not say themselves what state they are in: of another crate, or known at run time only.
//!
//! The closures are written as users write them, without types.

use crate::gotk_kube::{ControllerExt as _, RecorderExt as _};
use gotk_metrics::{Observe as _, Observed};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, ObjectMeta};
use kube::runtime::controller::Action;
use kube::runtime::{Controller, watcher};
use serde_json::json;
use tokio::time::sleep;

use crate::common::{assert_counters, assert_objects};
use crate::kinds::{App, Step, Task, app, suspended, task};
use crate::reconcile::{Failed, policy};
use crate::requests::{change, create, delete, judge};
use crate::world::{GRACE, Running, World, spawn};

#[tokio::test(start_paused = true)]
async fn a_closure_says_the_state_of_a_deployment() {
    let world = World::new();
    let options = world.recorder.controller_of(|deployment: &Deployment| {
        let status = deployment.status.as_ref();
        let observed = Observed::new()
            .conditions(status.map(|status| &status.conditions))
            .suspended(deployment.spec.as_ref().and_then(|spec| spec.paused));
        let available = observed.condition_of("Available");
        observed.condition("Ready", available.map(|available| available.status()))
    });
    let controller = world.controller::<Deployment>();
    let reconcile = async |_, _| Ok(Action::await_change());
    let _running = spawn(controller.run_recorded_with(options, reconcile, policy, world.context()));

    let deployments = world.server.objects::<Deployment>("ns");
    create(&deployments, deployment("web", Some(false))).await;
    create(&deployments, deployment("worker", None)).await;
    judge(
        &deployments,
        "web",
        &[("Available", "False"), ("Progressing", "True")],
    )
    .await;
    let worker = "Deployment ns/worker Ready=True durations=1 sum=0";
    let expect = |web: &str| {
        assert_objects(
            &world.recorder,
            &[&format!("Deployment ns/web {web}"), worker],
        );
    };
    expect("Ready=False durations=2 sum=0 suspended=0");
    judge(&deployments, "web", &[("Available", "True")]).await;
    change(&deployments, "web", json!({ "spec": { "paused": true } })).await;
    expect("Ready=True durations=4 sum=0 suspended=1");
    delete(&deployments, "web").await;
    expect("Ready=Deleted durations=4 sum=0 suspended=1");
    assert_counters(&world.recorder, &["reconcile deployment success 5"]);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_kind_without_state_is_ready_by_its_outcome() {
    let world = World::new();
    let options = world
        .recorder
        .controller_of(|_| Observed::new())
        .name("shop-maps")
        .recover_panics(|panic| Failed::Panicked((*panic.downcast::<&str>().unwrap()).into()));
    let controller = world.controller::<ConfigMap>();
    let _running = spawn(controller.run_recorded_with(
        options,
        async |map, _| match map.data.as_ref().and_then(|data| data.get("step")) {
            Some(step) if step == "fail" => Err(Failed::ForGood),
            Some(_) => panic!("no such step"),
            None => Ok(Action::await_change()),
        },
        |_, error, _| {
            assert!(matches!(error, Failed::ForGood | Failed::Panicked(_)));
            Action::await_change()
        },
        world.context(),
    ));
    let maps = world.server.objects::<ConfigMap>("ns");
    for name in ["a", "b", "c"] {
        let metadata = ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        };
        create(
            &maps,
            ConfigMap {
                metadata,
                ..ConfigMap::default()
            },
        )
        .await;
    }
    change(&maps, "b", json!({ "data": { "step": "fail" } })).await;
    change(&maps, "c", json!({ "data": { "step": "dance" } })).await;
    assert_objects(
        &world.recorder,
        &[
            "ConfigMap ns/a Ready=True durations=1 sum=0",
            "ConfigMap ns/b Ready=False durations=2 sum=0",
            "ConfigMap ns/c Ready=False durations=2 sum=0",
        ],
    );
    assert_counters(
        &world.recorder,
        &[
            "reconcile_errors shop-maps 2",
            "reconcile_panics shop-maps 1",
            "reconcile shop-maps error 2",
            "reconcile shop-maps success 3",
            "terminal_reconcile_errors shop-maps 2",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn dynamic_objects_are_followed_by_their_kind() {
    let world = World::new();
    let _apps = run_dynamic(&world, ApiResource::erase::<App>(&()));
    let _tasks = run_dynamic(&world, ApiResource::erase::<Task>(&()));
    create(&world.apps, suspended("a")).await;
    create(&world.apps, app("b", Step::Succeed)).await;
    create(&world.tasks, task("a", Step::Succeed)).await;
    judge(&world.apps, "a", &[("Ready", "False"), ("Stalled", "True")]).await;
    let [b, task_a] = [
        "App ns/b Ready=True durations=1 sum=0 suspended=0",
        "Task ns/a Ready=True durations=1 sum=0",
    ];
    let a = "App ns/a Ready=False Stalled=True durations=2 sum=0 suspended=1";
    assert_objects(&world.recorder, &[a, b, task_a]);
    assert_counters(
        &world.recorder,
        &["reconcile app success 3", "reconcile task success 1"],
    );
    delete(&world.apps, "a").await;
    let a = "App ns/a Ready=Deleted Stalled=Deleted durations=2 sum=0 suspended=1";
    assert_objects(&world.recorder, &[a, b, task_a]);
    sleep(GRACE).await;
    assert_objects(&world.recorder, &[b, task_a]);
}

#[tokio::test(start_paused = true)]
async fn typed_and_dynamic_controllers_of_a_kind_are_two_of_one_kind() {
    let world = World::new();
    let typed = world.run_apps();
    let _dynamic = run_dynamic(&world, ApiResource::erase::<App>(&()));
    create(&world.apps, suspended("a")).await;
    let a = "App ns/a Ready=True durations=2 sum=0 suspended=1";
    assert_objects(&world.recorder, &[a]);
    assert_counters(
        &world.recorder,
        &["reconcile app success 1", "reconcile app-2 success 1"],
    );
    typed.stop().await;
    assert_objects(&world.recorder, &[a]);
    delete(&world.apps, "a").await;
    assert_objects(&world.recorder, &[&a.replace("True", "Deleted")]);
}

fn deployment(name: &str, paused: Option<bool>) -> Deployment {
    Deployment {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        spec: Some(DeploymentSpec {
            paused,
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

fn run_dynamic(world: &World, resource: ApiResource) -> Running {
    let client = world.context.client.clone();
    let objects = Api::<DynamicObject>::namespaced_with(client, "ns", &resource);
    let options = world
        .recorder
        .controller_with(resource.clone(), DynamicObject::observe);
    let controller = Controller::new_with(objects, watcher::Config::default(), resource);
    let reconcile = async |_, _| Ok(Action::await_change());
    spawn(controller.run_recorded_with(options, reconcile, policy, world.context()))
}
