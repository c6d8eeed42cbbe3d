//! Objects of a kind that is known at run time only, read where Flux's kinds have their state.

use std::borrow::Cow;

use super::deps::k8s_openapi::serde_json::Value;
use super::deps::kube_core::DynamicObject;
use crate::{Condition, ConditionStatus, Conditions, Observe, Observed};

/// Reads `status.conditions`, `status.observedGeneration` and `spec.suspend`, as Flux's kinds and
/// many others have them. Of the labels that can be added to `gotk_resource_info`, `reason` is that
/// of Ready.
impl Observe for DynamicObject {
    fn observe(&self) -> Observed<'_> {
        let status = self.data.get("status");
        let spec = self.data.get("spec");
        let conditions = status.and_then(|status| status.get("conditions"));
        let generation = status.and_then(|status| status.get("observedGeneration"));
        let suspend = spec.and_then(|spec| spec.get("suspend"));
        let observed = Observed::new()
            .conditions(conditions)
            .observed_generation(generation.and_then(Value::as_i64))
            .suspended(suspend.and_then(Value::as_bool));
        let ready = observed.condition_of("Ready");
        match ready.and_then(|ready| ready.reason()) {
            Some(reason) => observed.info("reason", Cow::Borrowed(reason)),
            None => observed,
        }
    }
}

/// An array of objects with `type` and `status`; anything else has no conditions.
impl Conditions for Value {
    fn find(&self, type_: &str) -> Option<Condition<'_>> {
        let mut conditions = self.as_array()?.iter();
        let found = conditions.find(|found| str_of(found, "type") == Some(type_))?;
        let name = str_of(found, "type")?;
        // A condition with a status that is no string is there all the same.
        let status = str_of(found, "status").unwrap_or_default();
        let generation = found.get("observedGeneration").and_then(Value::as_i64);
        let condition = Condition::new(name, ConditionStatus::from(status))
            .with_reason(str_of(found, "reason"))
            .with_observed_generation(generation);
        Some(condition)
    }
}

fn str_of<'a>(condition: &'a Value, field: &str) -> Option<&'a str> {
    condition.get(field)?.as_str()
}
