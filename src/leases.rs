//! Which leases this process holds, as `leader_election_master_status` shows it.
//!
//! Told by whoever takes part in the election; nothing here does.

use crate::object::{MAX_NAME, cap};
use crate::sync::{AtomicU64, Mutex, Ordering};

/// A process takes part in one or two elections; the bound is against names made of user input.
const MAX_LEASES: usize = 16;

/// In the order of their names.
#[derive(Default)]
pub(crate) struct Leases {
    leases: Mutex<Vec<(Box<str>, bool)>>,
    refused: AtomicU64,
}

impl Leases {
    pub(crate) fn set(&self, name: &str, leads: bool) {
        let name = cap(name, MAX_NAME);
        let mut leases = self.leases.lock();
        match leases.binary_search_by(|(known, _)| (**known).cmp(name)) {
            Ok(at) => {
                if let Some((_, known)) = leases.get_mut(at) {
                    *known = leads;
                }
            }
            Err(_) if leases.len() == MAX_LEASES => {
                // Relaxed: a count of its own.
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
            Err(at) => leases.insert(at, (name.into(), leads)),
        }
    }

    pub(crate) fn all(&self) -> Vec<(String, bool)> {
        let leases = self.leases.lock();
        let leases = leases.iter();
        leases
            .map(|(name, leads)| (name.to_string(), *leads))
            .collect()
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}
