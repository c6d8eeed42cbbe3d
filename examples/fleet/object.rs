//! Which objects there are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gotk_metrics::ObjectId;

use crate::kind::{KINDS, Kind};
use crate::state::State;

const NAMESPACES: [&str; 6] = [
    "flux-system",
    "team-checkout",
    "team-search",
    "team-payments",
    "team-mobile",
    "team-data",
];
const NAMES: [&str; 8] = [
    "apps", "podinfo", "redis", "ingress", "backend", "frontend", "mailer", "jobs",
];

#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) kind: &'static Kind,
    pub(crate) id: ObjectId<'static>,
    state: Mutex<State>,
}

impl Object {
    pub(crate) fn many(count: usize) -> Vec<Arc<Self>> {
        let mut made = HashMap::new();
        // For one of each other kind there are three of the first two and two of the third.
        let again = KINDS.iter().take(3).chain(KINDS.iter().take(2));
        let round = KINDS.iter().chain(again);
        let kinds = round.cycle().take(count);
        let objects = kinds.map(|kind| {
            let number = made.entry(kind.name).or_insert(0);
            let object = Self::new(kind, *number);
            *number += 1;
            Arc::new(object)
        });
        objects.collect()
    }

    /// A name is in every namespace before the next name is used.
    fn new(kind: &'static Kind, number: usize) -> Self {
        let namespace = pick(&NAMESPACES, number);
        let number = number / NAMESPACES.len();
        let name = pick(&NAMES, number);
        let name = match number / NAMES.len() {
            0 => name.to_owned(),
            copy => format!("{name}-{copy}"),
        };
        Self {
            kind,
            id: ObjectId::new(kind.name, name).within(namespace),
            state: Mutex::default(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pick(list: &[&'static str], number: usize) -> &'static str {
    let at = number.checked_rem(list.len());
    at.and_then(|at| list.get(at)).copied().unwrap_or_default()
}
