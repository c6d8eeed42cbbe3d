//! Which families an exposition has.
//!
//! By the names that a scraper knows: that of the family or of any of its samples, in either
//! format.

use std::collections::HashSet;

use crate::catalog::Family;
use crate::registries::sample_names;

/// All families, or those that are named.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection(Option<HashSet<String>>);

impl Selection {
    #[cfg(feature = "server")]
    pub(crate) fn of(names: HashSet<String>) -> Self {
        Self(Some(names))
    }

    pub(super) fn has_family(&self, family: Family) -> bool {
        self.has(family.base_name(), family.family_type().as_str())
    }

    /// Whether a family is selected, named as OpenMetrics has it.
    pub(super) fn has(&self, name: &str, metric_type: &str) -> bool {
        self.0
            .as_ref()
            .is_none_or(|names| sample_names(name, metric_type).any(|name| names.contains(&name)))
    }
}
