//! Which condition types a recorder has seen, and their places in the state word.
//!
//! Places are given out once and never change; a state word is meaningless without this table.

use crate::object::escape_label;
use crate::sync::{Arc, RwLock};

use super::ConditionType;

/// The place of a condition type in the state word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u32);

impl Slot {
    pub(crate) const READY: Self = Self(0);
    /// How many the state word has room for.
    pub(super) const COUNT: usize = 16;

    pub(crate) const fn index(self) -> u32 {
        self.0
    }
}

/// A type as the exposition writes it.
pub(crate) struct TypeLabel {
    pub(crate) slot: Slot,
    raw: Box<str>,
    pub(crate) escaped: String,
}

impl TypeLabel {
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }
}

/// The types of one recorder, in the order of the exposition.
pub(crate) struct ConditionTypes {
    sorted: RwLock<Arc<[Arc<TypeLabel>]>>,
}

impl ConditionTypes {
    pub(crate) fn new() -> Self {
        let built_in = [
            ConditionType::READY,
            ConditionType::RECONCILING,
            ConditionType::STALLED,
        ];
        let labels = (0..).zip(&built_in).map(|(slot, condition)| {
            // The built-in names are in byte order already.
            label(Slot(slot), condition.as_str())
        });
        Self {
            sorted: RwLock::new(labels.collect()),
        }
    }

    /// The place of `condition`; a new type gets the next one. `None` if there is none left, or if
    /// the type is empty.
    pub(crate) fn slot(&self, condition: &ConditionType) -> Option<Slot> {
        let name = condition.capped();
        match name {
            "Ready" => return Some(Slot::READY),
            "Reconciling" => return Some(Slot(1)),
            "Stalled" => return Some(Slot(2)),
            // To Prometheus an empty label is none.
            "" => return None,
            _ => {}
        }
        let known = find(&self.sorted.read(), name).ok();
        known.or_else(|| self.add(name))
    }

    #[cold]
    fn add(&self, name: &str) -> Option<Slot> {
        let mut sorted = self.sorted.write();
        let at = match find(&sorted, name) {
            Ok(slot) => return Some(slot),
            Err(at) => at,
        };
        if sorted.len() == Slot::COUNT {
            return None;
        }
        let slot = Slot(u32::try_from(sorted.len()).ok()?);
        let mut labels = sorted.to_vec();
        labels.insert(at, label(slot, name));
        *sorted = labels.into();
        Some(slot)
    }

    /// All types in the order of the exposition.
    pub(crate) fn sorted(&self) -> Arc<[Arc<TypeLabel>]> {
        Arc::clone(&self.sorted.read())
    }
}

fn find(sorted: &[Arc<TypeLabel>], name: &str) -> Result<Slot, usize> {
    let at = sorted.binary_search_by(|label| (*label.raw).cmp(name))?;
    sorted.get(at).map(|label| label.slot).ok_or(at)
}

fn label(slot: Slot, name: &str) -> Arc<TypeLabel> {
    let mut escaped = String::new();
    escape_label(name, &mut escaped);
    Arc::new(TypeLabel {
        slot,
        raw: name.into(),
        escaped,
    })
}
