//! Feature `kube`: the state of objects from stores that a test fills by hand.
//!
//! No controller and no API; `tests/controllers` has those.
#![cfg(feature = "kube")]

#[cfg(test)]
mod attempts;
#[cfg(test)]
mod cells;
#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod deletion;
#[cfg(test)]
mod dynamic;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod info;
#[cfg(test)]
mod lives;
#[cfg(test)]
mod moves;
#[cfg(test)]
mod races;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod state;
#[cfg(test)]
mod stores;
#[cfg(test)]
mod user_code;

use std::borrow::Cow;
use std::collections::BTreeMap;

use gotk_metrics::kube::RecorderExt as _;
use gotk_metrics::{ConditionStatus, ObjectId, Observe, Observed, Recorder};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use kube_core::Resource;
use kube_runtime::reflector::Store;
use kube_runtime::reflector::store::Writer;
use kube_runtime::watcher::Event;

/// Any conditions, suspension and nothing else.
#[derive(Clone, Debug, Default)]
struct App {
    metadata: ObjectMeta,
    conditions: BTreeMap<&'static str, ConditionStatus>,
    suspended: Option<bool>,
    observed_generation: Option<i64>,
    /// The labels that `Observed::info` sets.
    info: Vec<(&'static str, String)>,
    panics: bool,
}

impl App {
    fn new(name: &str) -> Self {
        let mut app = Self::default();
        app.metadata.name = Some(name.to_owned());
        app.metadata.namespace = Some("ns".to_owned());
        app
    }

    fn with(mut self, type_: &'static str, status: ConditionStatus) -> Self {
        self.conditions.insert(type_, status);
        self
    }

    fn generations(mut self, observed: i64, current: i64) -> Self {
        self.metadata.generation = Some(current);
        self.observed_generation = Some(observed);
        self
    }

    fn with_uid(mut self, uid: &str) -> Self {
        self.metadata.uid = Some(uid.to_owned());
        self
    }

    fn labelled(mut self, label: &'static str, value: &str) -> Self {
        self.info.push((label, value.to_owned()));
        self
    }

    fn terminating(mut self, second: i64) -> Self {
        let time = Timestamp::from_second(second).ok();
        self.metadata.deletion_timestamp = time.map(Time);
        self
    }

    fn suspended(mut self, suspended: bool) -> Self {
        self.suspended = Some(suspended);
        self
    }
}

impl Resource for App {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "App".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "example.com".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "apps".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl Observe for App {
    fn observe(&self) -> Observed<'_> {
        if self.panics {
            // Not `panic!`, which would print.
            std::panic::resume_unwind(Box::new("observe"));
        }
        let mut observed = Observed::new()
            .suspended(self.suspended)
            .observed_generation(self.observed_generation);
        for (type_, status) in &self.conditions {
            observed = observed.condition(type_, *status);
        }
        for (label, value) in &self.info {
            observed = observed.info(label, value);
        }
        observed
    }
}

fn id(name: &'static str) -> ObjectId<'static> {
    ObjectId::new("App", name).within("ns")
}

/// A cache, as a reflector fills it.
struct Cache(Writer<App>);

impl Cache {
    /// Before its first list.
    fn new() -> Self {
        Self(Writer::default())
    }

    fn of(apps: impl IntoIterator<Item = App>) -> Self {
        let mut cache = Self::new();
        cache.list(apps);
        cache
    }

    fn store(&self) -> Store<App> {
        self.0.as_reader()
    }

    fn apply(&mut self, app: App) {
        self.0.apply_watcher_event(&Event::Apply(app));
    }

    fn delete(&mut self, name: &str) {
        self.0.apply_watcher_event(&Event::Delete(App::new(name)));
    }

    /// All there is, swapped in as a whole: what is missing is gone without an event.
    fn list(&mut self, apps: impl IntoIterator<Item = App>) {
        self.0.apply_watcher_event(&Event::Init);
        for app in apps {
            self.0.apply_watcher_event(&Event::InitApply(app));
        }
        self.0.apply_watcher_event(&Event::InitDone);
    }
}

/// A recorder on a clock that stands still, of a process that runs a controller of apps.
fn recorder() -> (Recorder, gotk_metrics::ManualClock) {
    recorder_of(Recorder::builder())
}

fn recorder_of(builder: gotk_metrics::RecorderBuilder) -> (Recorder, gotk_metrics::ManualClock) {
    let (recorder, clock) = common::on_manual_clock(builder);
    // With attempts on its kind, each app has Ready from the start.
    drop(
        recorder.instrument(|_: std::sync::Arc<App>, _: std::sync::Arc<()>| async {
            Ok::<_, std::io::Error>(kube_runtime::controller::Action::await_change())
        }),
    );
    (recorder, clock)
}
