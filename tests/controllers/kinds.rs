//! The kinds of these tests.
//!
//! What the reconcile of an object does stands in its spec, so that a test says it where it creates it.

use gotk_metrics::{Observe, Observed};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use serde::{Deserialize, Serialize};

/// What the reconcile of an object does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) enum Step {
    #[default]
    Succeed,
    /// Asks to be run again at once, the first time.
    Again,
    /// Asks to be run again in a minute.
    Later,
    Fail,
    /// Fails with an error that nobody is to try again.
    GiveUp,
    Panic,
    /// Never ends.
    Hang,
    /// Takes so many seconds.
    Take(u64),
}

/// A kind as users have it: with conditions, and with `spec.suspend`.
#[derive(Clone, Debug, Default, CustomResource, Deserialize, Serialize)]
#[kube(
    group = "example.com",
    version = "v1",
    kind = "App",
    status = "AppStatus",
    namespaced,
    schema = "disabled"
)]
#[serde(default)]
pub(crate) struct AppSpec {
    pub(crate) suspend: bool,
    pub(crate) step: Step,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AppStatus {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) observed_generation: Option<i64>,
}

/// A kind without status, of which only its reconciles tell.
#[derive(Clone, Debug, Default, CustomResource, Deserialize, Serialize)]
#[kube(
    group = "example.com",
    version = "v1",
    kind = "Task",
    namespaced,
    schema = "disabled"
)]
#[serde(default)]
pub(crate) struct TaskSpec {
    pub(crate) step: Step,
}

impl Observe for App {
    fn observe(&self) -> Observed<'_> {
        let status = self.status.as_ref();
        Observed::new()
            .conditions(status.map(|status| &status.conditions))
            .suspended(self.spec.suspend)
            .observed_generation(status.and_then(|status| status.observed_generation))
    }
}

impl Observe for Task {}

pub(crate) fn app(name: &str, step: Step) -> App {
    let suspend = false;
    App::new(name, AppSpec { suspend, step })
}

/// An app that its reconcile leaves as it is.
pub(crate) fn suspended(name: &str) -> App {
    let step = Step::Succeed;
    App::new(
        name,
        AppSpec {
            suspend: true,
            step,
        },
    )
}

pub(crate) fn task(name: &str, step: Step) -> Task {
    Task::new(name, TaskSpec { step })
}
