//! Times us and a peer in turns.
//!
//! A ratio is that of two times taken one right after the other; what is reported is the median of
//! several.

use std::cell::RefCell;
use std::fmt;
use std::time::{Duration, Instant};

use crate::fleet::{Fleet, SERIES_PER_OBJECT};
use crate::peer::Peer;

/// One timing covers at least so many objects: shorter, it would be a matter of the clock.
const OBJECTS_PER_TIMING: usize = 10_000;

pub(crate) struct Comparison<'a> {
    fleet: &'a Fleet,
    ours: &'a dyn Peer,
    rounds: usize,
    buffer: RefCell<String>,
}

/// How many times longer a peer takes than we do.
pub(crate) struct Ratio {
    pub(crate) operation: &'static str,
    pub(crate) objects: usize,
    pub(crate) peer: &'static str,
    pub(crate) times: f64,
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operation,
            objects,
            peer,
            times,
        } = self;
        write!(f, "ratio: {operation} {objects} {peer} {times:.2}")
    }
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(fleet: &'a Fleet, ours: &'a dyn Peer, rounds: usize) -> Self {
        let comparison = Self {
            fleet,
            ours,
            rounds,
            buffer: RefCell::default(),
        };
        comparison.assert_series(ours);
        comparison
    }

    /// Records objects that are known, picked at random.
    pub(crate) fn record(&self, peer: &dyn Peer) -> Ratio {
        self.compare("record", peer, |peer| {
            for object in &self.fleet.picked {
                peer.record(object);
            }
        })
    }

    pub(crate) fn encode(&self, peer: &dyn Peer) -> Ratio {
        self.assert_series(peer);
        let buffer = &mut *self.buffer.borrow_mut();
        self.compare("encode", peer, |peer| {
            let mut bytes = 0;
            buffer.clear();
            peer.encode(buffer, &mut |piece| bytes += piece.len());
            assert!(bytes > 0);
        })
    }

    fn compare(
        &self,
        operation: &'static str,
        peer: &dyn Peer,
        mut work: impl FnMut(&dyn Peer),
    ) -> Ratio {
        let objects = self.fleet.created.len();
        let repetitions = OBJECTS_PER_TIMING.div_ceil(objects);
        let mut time = |peer: &dyn Peer| {
            let start = Instant::now();
            for _ in 0..repetitions {
                work(peer);
            }
            start.elapsed()
        };
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            // After a peer that took long, the first one is for the caches.
            time(self.ours);
            let our = time(self.ours);
            let their = time(peer);
            ratios.push(their.as_secs_f64() / our.as_secs_f64());
            ours.push(our);
            theirs.push(their);
        }
        for (who, times) in [(self.ours, ours), (peer, theirs)] {
            let millis = median(times, Duration::cmp).as_secs_f64() * 1e3
                / f64::from(u32::try_from(repetitions).unwrap_or(u32::MAX));
            println!("time: {operation} {objects} {} {millis:.3} ms", who.name());
        }
        Ratio {
            operation,
            objects,
            peer: peer.name(),
            times: median(ratios, f64::total_cmp),
        }
    }

    /// All peers expose the same number of series, and that is the expected one.
    fn assert_series(&self, peer: &dyn Peer) {
        let mut series = 0;
        let buffer = &mut *self.buffer.borrow_mut();
        buffer.clear();
        peer.encode(buffer, &mut |piece| {
            let lines = piece.lines();
            let is_sample = |line: &&str| !line.is_empty() && !line.starts_with('#');
            series += lines.filter(is_sample).count();
        });
        let expected = self.fleet.created.len() * SERIES_PER_OBJECT;
        assert_eq!(series, expected, "series of {}", peer.name());
    }
}

fn median<T: Copy>(mut values: Vec<T>, compare: impl Fn(&T, &T) -> std::cmp::Ordering) -> T {
    values.sort_unstable_by(compare);
    values[values.len() / 2]
}
