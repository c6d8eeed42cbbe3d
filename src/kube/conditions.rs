//! The condition types of Kubernetes.

use std::time::SystemTime;

use super::deps::k8s_openapi::api::apps::v1::DeploymentCondition;
use super::deps::k8s_openapi::api::batch::v1::JobCondition;
use super::deps::k8s_openapi::api::core::v1::{NodeCondition, PodCondition};
use super::deps::k8s_openapi::apimachinery::pkg::apis::meta::v1::{self as meta, Time};
use crate::{Condition, ConditionStatus};

/// The same field is a `String` or an `Option<String>`, depending on the version of Kubernetes.
trait Text {
    fn text(&self) -> &str;
}

impl Text for String {
    fn text(&self) -> &str {
        self
    }
}

impl Text for Option<String> {
    fn text(&self) -> &str {
        self.as_deref().unwrap_or_default()
    }
}

fn time(time: &Time) -> SystemTime {
    time.0.into()
}

impl<'a> From<&'a meta::Condition> for Condition<'a> {
    fn from(condition: &'a meta::Condition) -> Self {
        Self::new(
            condition.type_.text(),
            ConditionStatus::from(condition.status.text()),
        )
        .with_reason(condition.reason.text())
        .with_last_transition_time(time(&condition.last_transition_time))
        .with_observed_generation(condition.observed_generation)
    }
}

macro_rules! from_conditions {
    ($($condition:ty),*) => {$(
        impl<'a> From<&'a $condition> for Condition<'a> {
            fn from(condition: &'a $condition) -> Self {
                let status = ConditionStatus::from(condition.status.text());
                Self::new(condition.type_.text(), status)
                    .with_reason(condition.reason.as_deref())
                    .with_last_transition_time(condition.last_transition_time.as_ref().map(time))
            }
        }
    )*};
}

from_conditions!(
    DeploymentCondition,
    JobCondition,
    PodCondition,
    NodeCondition
);
