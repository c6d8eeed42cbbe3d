//! The object that the bench tracks: of a usual size, with the conditions that Flux's kinds have.

use std::borrow::Cow;

use gotk_metrics::{Observe, Observed};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use kube_core::Resource;

#[derive(Clone, Debug)]
pub(crate) struct App {
    metadata: ObjectMeta,
    suspend: bool,
    conditions: Vec<Condition>,
}

impl App {
    pub(crate) fn new(number: usize, ready: bool) -> Self {
        let metadata = ObjectMeta {
            name: Some(format!("app-{number:06}")),
            namespace: Some(format!("team-{:03}", number % 100)),
            uid: Some(format!("6f1c2d3e-0000-4000-8000-{number:012x}")),
            resource_version: Some(format!("{number}{}", u8::from(ready))),
            ..ObjectMeta::default()
        };
        let condition = |type_: &str, status: &str| Condition {
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
            message: "Applied revision main@sha1:6f1c".into(),
            observed_generation: Some(1),
            reason: "ReconciliationSucceeded".into(),
            status: status.into(),
            type_: type_.into(),
        };
        let ready = if ready { "True" } else { "False" };
        Self {
            metadata,
            suspend: false,
            conditions: vec![condition("Ready", ready), condition("Healthy", "True")],
        }
    }
}

impl Observe for App {
    fn observe(&self) -> Observed<'_> {
        Observed::new()
            .conditions(&self.conditions)
            .suspended(self.suspend)
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
