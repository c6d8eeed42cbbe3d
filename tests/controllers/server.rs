//! The API in memory is as a real one where controllers rely on it.
//!
//! Seen through kube's own client and watcher, and through nothing else.

use std::pin::pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt as _};
use serde_json::json;
use tokio::time::timeout;

use crate::api::ApiServer;
use crate::kinds::{App, Step, app};
use crate::requests::{change, create, delete, judge, tell};

#[tokio::test(start_paused = true)]
async fn a_generation_counts_changes_of_the_spec_alone() {
    let server = ApiServer::default();
    let apps = server.objects::<App>("ns");
    let created = create(&apps, app("a", Step::Succeed)).await;
    assert_eq!(created.metadata.generation, Some(1));
    let judged = judge(&apps, "a", &[("Ready", "True")]).await;
    assert_eq!(judged.metadata.generation, Some(1));
    assert_ne!(judged.resource_version(), created.resource_version());
    let label = json!({ "metadata": { "labels": { "a": "b" } } });
    let labelled = change(&apps, "a", label).await;
    assert_eq!(labelled.metadata.generation, Some(1));
    let told = tell(&apps, "a", Step::Fail).await;
    assert_eq!(told.metadata.generation, Some(2));
    assert_eq!(told.status.unwrap().conditions[0].status, "True");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_changes_nothing_is_none() {
    let server = ApiServer::default();
    let apps = server.objects::<App>("ns");
    create(&apps, app("a", Step::Succeed)).await;
    let first = judge(&apps, "a", &[("Ready", "True")]).await;
    let second = judge(&apps, "a", &[("Ready", "True")]).await;
    assert_eq!(first.resource_version(), second.resource_version());
}

#[tokio::test(start_paused = true)]
async fn a_write_of_an_old_version_is_a_conflict() {
    let server = ApiServer::default();
    let apps = server.objects::<App>("ns");
    let mut old = create(&apps, app("a", Step::Succeed)).await;
    tell(&apps, "a", Step::Fail).await;
    old.spec.suspend = true;
    let write = apps.replace("a", &PostParams::default(), &old).await;
    assert!(is_refused(&write.unwrap_err(), 409));
    let again = app("a", Step::Fail);
    let twice = apps.create(&PostParams::default(), &again).await;
    assert!(is_refused(&twice.unwrap_err(), 409));
}

#[tokio::test(start_paused = true)]
async fn an_object_goes_when_its_last_finalizer_does() {
    let server = ApiServer::default();
    let apps = server.objects::<App>("ns");
    let mut held = app("a", Step::Succeed);
    held.metadata.finalizers = Some(vec!["example.com/a".into(), "example.com/b".into()]);
    create(&apps, held).await;
    let mut events = pin!(events_of(&apps));
    assert_eq!(happened(&mut events).await, ["init", "has a@1", "listed"]);

    delete(&apps, "a").await;
    assert_eq!(happened(&mut events).await, ["a@2"]);
    delete(&apps, "a").await;
    assert_eq!(happened(&mut events).await, [""; 0]);
    let one = json!({ "metadata": { "finalizers": ["example.com/b"] } });
    let condemned = change(&apps, "a", one).await;
    assert!(condemned.metadata.deletion_timestamp.is_some());
    assert_eq!(happened(&mut events).await, ["a@2"]);
    let last = json!([{ "op": "remove", "path": "/metadata/finalizers/0" }]);
    let last = Patch::<App>::Json(serde_json::from_value(last).unwrap());
    apps.patch("a", &PatchParams::default(), &last)
        .await
        .unwrap();
    assert_eq!(happened(&mut events).await, ["a@2 gone"]);
    assert!(is_refused(&apps.get("a").await.unwrap_err(), 404));
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_was_cut_goes_on_where_it_was() {
    let server = ApiServer::default();
    let apps = server.objects::<App>("ns");
    let mut events = pin!(events_of(&apps));
    create(&apps, app("a", Step::Succeed)).await;
    assert_eq!(happened(&mut events).await, ["init", "has a@1", "listed"]);
    create(&apps, app("b", Step::Succeed)).await;
    assert_eq!(happened(&mut events).await, ["b@1"]);
    server.disconnect();
    create(&apps, app("c", Step::Succeed)).await;
    delete(&apps, "a").await;
    assert_eq!(happened(&mut events).await, ["c@1", "a@1 gone"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_event_shows_in_the_next_list() {
    let server = ApiServer::default();
    let apps = server.objects::<App>("ns");
    create(&apps, app("a", Step::Succeed)).await;
    let mut events = pin!(events_of(&apps));
    assert_eq!(happened(&mut events).await, ["init", "has a@1", "listed"]);
    server.lose_next_event();
    delete(&apps, "a").await;
    server.disconnect();
    assert_eq!(happened(&mut events).await, [""; 0]);
    create(&apps, app("b", Step::Succeed)).await;
    assert_eq!(happened(&mut events).await, ["b@1"]);
    server.forget_history();
    assert_eq!(
        happened(&mut events).await,
        ["error 410", "init", "has b@1", "listed"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_namespace_is_watched_and_forbidden_alone() {
    let server = ApiServer::default();
    let [apps, other] = ["ns", "other"].map(|namespace| server.objects::<App>(namespace));
    let mut events = pin!(events_of(&apps));
    let mut others = pin!(events_of(&other));
    for events in [&mut events, &mut others] {
        assert_eq!(happened(events).await, ["init", "listed"]);
    }
    create(&other, app("a", Step::Succeed)).await;
    assert_eq!(happened(&mut events).await, [""; 0]);
    assert_eq!(happened(&mut others).await, ["a@1"]);
    let listed = apps.list(&ListParams::default()).await;
    assert_eq!(listed.unwrap().items.len(), 0);

    server.forbid::<App>("other");
    assert!(is_refused(&other.get("a").await.unwrap_err(), 403));
    assert_eq!(happened(&mut events).await, [""; 0]);
    let refused = others.next().await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("Forbidden"), "{refused}");
    server.permit::<App>("other");
    delete(&other, "a").await;
    assert_eq!(happened(&mut others).await, ["a@1 gone"]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_knows_is_refused() {
    let server = ApiServer::default();
    let apps = server.objects::<App>("ns");
    create(&apps, app("a", Step::Succeed)).await;
    let selected = ListParams::default().labels("a=b");
    assert!(is_refused(&apps.list(&selected).await.unwrap_err(), 400));
    let strategic = Patch::Strategic(json!({}));
    let patched = apps.patch("a", &PatchParams::default(), &strategic).await;
    assert!(is_refused(&patched.unwrap_err(), 400));
    let metadata = apps.list_metadata(&ListParams::default()).await;
    assert!(is_refused(&metadata.unwrap_err(), 400));
    let scale = apps.get_subresource("scale", "a").await;
    assert!(is_refused(&scale.unwrap_err(), 404));
}

fn is_refused(error: &kube::Error, code: u16) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == code)
}

fn events_of(apps: &Api<App>) -> impl Stream<Item = watcher::Result<Event<App>>> + use<> {
    watcher(apps.clone(), watcher::Config::default())
}

/// All that a watcher has to tell by now, with the generations of the objects.
async fn happened(
    events: &mut (impl Stream<Item = watcher::Result<Event<App>>> + Unpin),
) -> Vec<String> {
    let name = |app: App| format!("{}@{}", app.name_any(), app.metadata.generation.unwrap());
    let mut seen = Vec::new();
    // Time moves once nothing else does.
    while let Ok(event) = timeout(Duration::from_millis(1), events.next()).await {
        seen.push(match event.unwrap() {
            Ok(Event::Init) => "init".to_owned(),
            Ok(Event::InitApply(app)) => format!("has {}", name(app)),
            Ok(Event::InitDone) => "listed".to_owned(),
            Ok(Event::Apply(app)) => name(app),
            Ok(Event::Delete(app)) => format!("{} gone", name(app)),
            Err(watcher::Error::WatchError(status)) => format!("error {}", status.code),
            Err(error) => format!("error {error}"),
        });
    }
    seen
}
