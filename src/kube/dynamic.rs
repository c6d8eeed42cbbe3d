//! Objects of a kind that is known at run time only, read where Flux's kinds have their state.

use std::borrow::Cow;

use serde_json::Value;

use super::deps::kube_core::DynamicObject;
use crate::{Observe, Observed};

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
