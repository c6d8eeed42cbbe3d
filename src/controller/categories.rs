//! What the errors of a controller say they are.
//!
//! Words of the program, not of its input, and few: anything else would be a series for each
//! message.

use crate::object::{MAX_NAME, cap};
use crate::sync::{AtomicU64, Mutex, Ordering};

const MAX_CATEGORIES: usize = 32;

/// In the order of their names.
#[derive(Default)]
pub(super) struct Categories {
    counts: Mutex<Vec<(&'static str, u64)>>,
    refused: AtomicU64,
}

impl Categories {
    pub(super) fn add(&self, category: &'static str, errors: u64) {
        let category = cap(category, MAX_NAME);
        let mut counts = self.counts.lock();
        match counts.binary_search_by(|(known, _)| known.cmp(&category)) {
            Ok(at) => {
                if let Some((_, count)) = counts.get_mut(at) {
                    *count += errors;
                }
            }
            Err(_) if counts.len() == MAX_CATEGORIES => {
                // Relaxed: a count of its own.
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
            Err(at) => counts.insert(at, (category, errors)),
        }
    }

    pub(super) fn all(&self) -> Vec<(&'static str, u64)> {
        self.counts.lock().clone()
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}
