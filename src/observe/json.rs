//! Conditions in a status that is JSON.

use serde_json::Value;

use super::{Condition, Conditions};
use crate::ConditionStatus;

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
