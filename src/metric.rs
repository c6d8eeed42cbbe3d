//! The metrics of which everything that is counted per process or per controller is built.
//!
//! Counting never waits for a reader for longer than a table is copied, and allocates nothing for
//! a label that is known. Orderings are relaxed throughout: metrics guard no other memory, and a
//! scrape may be one behind.

use std::array;
use std::borrow::Borrow;

use crate::sync::{AtomicU64, Mutex, Ordering};

/// A count that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

/// A number that is set.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicU64);

/// Counts of durations by upper bound, and their sum in seconds.
#[derive(Debug)]
pub(crate) struct Histogram<const N: usize> {
    bounds: &'static [f64; N],
    counts: [AtomicU64; N],
    /// The count of the bucket `+Inf`.
    beyond: AtomicU64,
    /// The bits of an `f64`. Added to in call order, as in Go: the last digits depend on it.
    sum: AtomicU64,
}

/// The values of a histogram at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Buckets {
    pub(crate) bounds: &'static [f64],
    /// Of each bucket, not cumulative. The last one is that of `+Inf`.
    pub(crate) counts: Vec<u64>,
    pub(crate) sum: f64,
}

/// Metrics by label, in the order of the labels. Labels beyond the first `N` are refused and
/// counted.
#[derive(Debug)]
pub(crate) struct Labelled<K, V, const N: usize> {
    entries: Mutex<Vec<(K, V)>>,
    refused: Counter,
}

// === impl Counter ===

impl Counter {
    pub(crate) fn inc(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

// === impl Gauge ===

impl Gauge {
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

// === impl Histogram ===

impl<const N: usize> Histogram<N> {
    pub(crate) fn new(bounds: &'static [f64; N]) -> Self {
        Self {
            bounds,
            counts: array::from_fn(|_| AtomicU64::new(0)),
            beyond: AtomicU64::new(0),
            sum: AtomicU64::new(0.0_f64.to_bits()),
        }
    }

    /// Bounds are inclusive.
    pub(crate) fn observe(&self, seconds: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < seconds);
        let count = self.counts.get(bucket).unwrap_or(&self.beyond);
        count.fetch_add(1, Ordering::Relaxed);
        let add = |sum| Some((f64::from_bits(sum) + seconds).to_bits());
        // The closure never returns `None`, so this cannot fail.
        let _ = self
            .sum
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub(crate) fn read(&self) -> Buckets {
        let counts = self.counts.iter().chain([&self.beyond]);
        Buckets {
            bounds: self.bounds,
            counts: counts.map(|count| count.load(Ordering::Relaxed)).collect(),
            sum: f64::from_bits(self.sum.load(Ordering::Relaxed)),
        }
    }
}

impl Buckets {
    /// Returns how many durations were observed: as many as the buckets say, so that the last
    /// bucket never differs from the count.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns the same durations with fewer bounds, all of which must be bounds of this histogram.
    pub(crate) fn within(&self, bounds: &'static [f64]) -> Self {
        let mut counts = vec![0; bounds.len() + 1];
        for (bound, count) in self.iter() {
            let bucket = bounds.partition_point(|wider| *wider < bound);
            if let Some(sum) = counts.get_mut(bucket) {
                *sum += count;
            }
        }
        Self {
            bounds,
            counts,
            sum: self.sum,
        }
    }

    /// Returns each bound with the count of its bucket; the last bound is `+Inf`.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(self.counts.iter().copied())
    }
}

// === impl Labelled ===

impl<K, V, const N: usize> Default for Labelled<K, V, N> {
    fn default() -> Self {
        Self {
            entries: Mutex::new(Vec::new()),
            refused: Counter::default(),
        }
    }
}

impl<K: Ord, V, const N: usize> Labelled<K, V, N> {
    /// Allocates room for all labels now, so that the first use of a label allocates only for the
    /// label itself.
    pub(crate) fn reserved() -> Self {
        Self {
            entries: Mutex::new(Vec::with_capacity(N)),
            refused: Counter::default(),
        }
    }

    /// Calls `act` with the metric of `label`, which is created with `new` if it does not exist.
    ///
    /// Returns `None` and counts a refusal if there are already `N` labels.
    pub(crate) fn with_new<Q, R>(
        &self,
        label: &Q,
        new: impl FnOnce() -> V,
        act: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Ord + ToOwned<Owned = K> + ?Sized,
    {
        let mut entries = self.entries.lock();
        let at = match entries.binary_search_by(|(known, _)| known.borrow().cmp(label)) {
            Ok(at) => at,
            Err(_) if entries.len() >= N => {
                self.refused.inc();
                return None;
            }
            Err(at) => {
                entries.insert(at, (label.to_owned(), new()));
                at
            }
        };
        entries.get(at).map(|(_, metric)| act(metric))
    }

    /// Calls `act` with the metric of `label`, as [`with_new`](Self::with_new) does.
    pub(crate) fn with<Q, R>(&self, label: &Q, act: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Ord + ToOwned<Owned = K> + ?Sized,
        V: Default,
    {
        self.with_new(label, V::default, act)
    }

    /// Returns what `read` makes of each label and its metric, in the order of the labels.
    pub(crate) fn read<R>(&self, read: impl Fn(&K, &V) -> R) -> Vec<R> {
        let entries = self.entries.lock();
        entries
            .iter()
            .map(|(key, value)| read(key, value))
            .collect()
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_beyond_the_last_are_refused_and_counted() {
        let counts = Labelled::<String, Counter, 2>::default();
        for label in ["b", "a", "c", "b", "c"] {
            counts.with(label, Counter::inc);
        }
        let read = counts.read(|label, count| (label.clone(), count.get()));
        assert_eq!(read, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
        assert_eq!(counts.refused(), 2);
    }

    #[test]
    fn a_duration_at_a_bound_is_in_its_bucket() {
        let histogram = Histogram::new(&[0.5, 1.0]);
        for seconds in [0.5, 0.501, 1.0, 1.5] {
            histogram.observe(seconds);
        }
        let buckets = histogram.read();
        assert_eq!(buckets.counts, [1, 2, 1]);
        assert_eq!((buckets.count(), buckets.sum), (4, 3.501));
        assert_eq!(buckets.iter().last(), Some((f64::INFINITY, 1)));
        assert_eq!(buckets.within(&[1.0]).counts, [3, 1]);
    }
}
