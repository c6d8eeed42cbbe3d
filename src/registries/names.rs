//! Which names a family takes.
//!
//! No two families of one exposition may share a name or write a sample of one name: a scraper
//! would refuse the whole scrape, or mix them up.

use std::collections::HashMap;

use crate::catalog::Family;

/// Whose family a name belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Recorder(Family),
    /// The appended registry of this position.
    Registry(usize),
}

/// The names that are taken in one exposition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(HashMap<String, Owner>);

impl Names {
    /// Those of the recorder's own `families`, whether they have series now or not.
    pub(super) fn of_recorder(families: impl Iterator<Item = Family>) -> Self {
        let mut names = Self::default();
        for family in families {
            let metric_type = family.family_type().as_str();
            // A test holds that they do not meet each other.
            let _ = names.take(family.base_name(), metric_type, Owner::Recorder(family));
        }
        names
    }

    /// Takes the names of a family as OpenMetrics has it, or none and returns who has one of them.
    pub(crate) fn take(
        &mut self,
        name: &str,
        metric_type: &str,
        owner: Owner,
    ) -> Result<(), Owner> {
        let names: Vec<String> = sample_names(name, metric_type).collect();
        if let Some(other) = names.iter().find_map(|name| self.0.get(name)) {
            return Err(*other);
        }
        self.0.extend(names.into_iter().map(|name| (name, owner)));
        Ok(())
    }
}

/// The names of a family and its samples, in OpenMetrics or in text 0.0.4.
pub(crate) fn sample_names(name: &str, metric_type: &str) -> impl Iterator<Item = String> {
    let suffixes: &[&str] = match metric_type {
        "counter" => &["", "_total", "_created"],
        "histogram" => &["", "_bucket", "_sum", "_count", "_created"],
        "info" => &["", "_info"],
        // Gauges and unknowns: prometheus-client has no others.
        _ => &[""],
    };
    suffixes.iter().map(move |suffix| [name, suffix].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_families_do_not_meet() {
        let mut names = Names::default();
        for family in Family::all() {
            let metric_type = family.family_type().as_str();
            let taken = names.take(family.base_name(), metric_type, Owner::Recorder(family));
            assert_eq!(taken, Ok(()), "{family:?}");
        }
    }
}
