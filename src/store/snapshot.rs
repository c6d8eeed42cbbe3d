//! The records of one moment in the order of the exposition, with their labels.
//!
//! Immutable. The label text of a block lies in one piece in scrape order: walking it is what makes
//! an encode fast, the records themselves are scattered over the heap.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use crate::series::ObjectSeries;
use crate::sync::Arc;

/// Records in a block: small enough that what a scrape gathers of one stays in the second-level
/// cache, large enough that nothing is paid for per block.
const BLOCK: usize = 1024;

pub(crate) struct Snapshot {
    /// What the store's membership was when this was taken.
    pub(super) membership: u64,
    pub(crate) blocks: Vec<Block>,
}

/// How many there are: printing them all would take long.
impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("records", &self.records().count())
            .finish_non_exhaustive()
    }
}

/// A run of records that are neighbours in the exposition.
pub(crate) struct Block {
    pub(crate) series: Box<[Arc<ObjectSeries>]>,
    labels: Box<str>,
    /// Where the labels of each record end.
    ends: Box<[u32]>,
}

impl Snapshot {
    pub(crate) fn new(membership: u64, series: Vec<Arc<ObjectSeries>>) -> Self {
        let mut entries = Entry::of(series);
        entries.sort_unstable_by(Entry::cmp);
        let count = entries.len().div_ceil(BLOCK);
        // Moved on and not cloned: each clone writes to a record somewhere on the heap.
        let mut series = entries.into_iter().map(|entry| entry.series);
        let blocks = (0..count).map(|_| Block::new(series.by_ref().take(BLOCK).collect()));
        Self {
            membership,
            blocks: blocks.collect(),
        }
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Arc<ObjectSeries>> {
        self.blocks.iter().flat_map(|block| &block.series)
    }

    pub(crate) fn series(&self) -> impl Iterator<Item = &ObjectSeries> {
        self.records().map(AsRef::as_ref)
    }
}

/// A record while it is sorted, with what decides most comparisons: fetching two keys from the heap
/// for each would cost more than all the rest.
struct Entry {
    /// The place of its kind among all kinds.
    kind: usize,
    /// The first bytes of the name as a big-endian number, a shorter name filled up with zeroes.
    /// Where two differ they order as the names do; where they do not, the names may still.
    start: u128,
    series: Arc<ObjectSeries>,
}

impl Entry {
    fn of(series: Vec<Arc<ObjectSeries>>) -> Vec<Self> {
        // Numbered as they come, which is not their order.
        let mut kinds: BTreeMap<Box<str>, usize> = BTreeMap::new();
        let entries = series.into_iter().map(|series| {
            let key = series.key();
            let kind = kinds.get(key.kind).copied().unwrap_or_else(|| {
                let number = kinds.len();
                kinds.insert(key.kind.into(), number);
                number
            });
            let start = start(key.name);
            Self {
                kind,
                start,
                series,
            }
        });
        let mut entries: Vec<Self> = entries.collect();
        let mut places = vec![0; kinds.len()];
        for (place, number) in kinds.into_values().enumerate() {
            if let Some(slot) = places.get_mut(number) {
                *slot = place;
            }
        }
        for entry in &mut entries {
            entry.kind = places.get(entry.kind).copied().unwrap_or_default();
        }
        entries
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let by_start = (self.kind, self.start).cmp(&(other.kind, other.start));
        by_start.then_with(|| self.series.key().cmp(&other.series.key()))
    }
}

fn start(name: &str) -> u128 {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    u128::from_be_bytes(bytes)
}

impl Block {
    fn new(series: Box<[Arc<ObjectSeries>]>) -> Self {
        let mut labels = String::new();
        let ends = series.iter().map(|series| {
            series.key().write_labels(&mut labels);
            // A capped key has at most 1200 bytes of labels, so a block stays far below 4 GiB.
            u32::try_from(labels.len()).unwrap_or(u32::MAX)
        });
        let ends = ends.collect();
        Self {
            series,
            labels: labels.into(),
            ends,
        }
    }

    /// `kind="…",name="…",namespace="…"` of each record from `first` on.
    pub(crate) fn labels(&self, first: usize) -> impl Iterator<Item = &str> {
        let start = match first.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).map_or(0, |end| *end as usize),
        };
        let ends = self.ends.get(first..).unwrap_or_default();
        ends.iter().scan(start, |start, end| {
            let end = *end as usize;
            let labels = self.labels.get(*start..end);
            *start = end;
            labels
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Key;
    use crate::series::Round;

    /// Those that a prefix could get wrong: NUL, no name at all, beyond ASCII, equal but for the
    /// end.
    const PARTS: [&str; 12] = [
        "",
        "\0",
        "\0\0",
        "a",
        "a\0",
        "a!",
        "\u{7f}",
        "\u{80}",
        "\u{10ffff}",
        "sixteen-bytes-of",
        "sixteen-bytes-of\0",
        "sixteen-bytes-of-it",
    ];

    #[test]
    fn order_is_that_of_the_raw_keys() {
        let mut keys = Vec::new();
        for kind in PARTS {
            for name in PARTS {
                for namespace in PARTS {
                    keys.push(Key {
                        kind,
                        name,
                        namespace,
                    });
                }
            }
        }
        fastrand::Rng::with_seed(7).shuffle(&mut keys);
        let series = keys
            .iter()
            .map(|key| Arc::new(ObjectSeries::new(*key, 1, Round::new(0))));
        let snapshot = Snapshot::new(0, series.collect());
        keys.sort_unstable();
        assert!(keys.len() > BLOCK);
        assert!(snapshot.series().map(ObjectSeries::key).eq(keys));
    }
}
