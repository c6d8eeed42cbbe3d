//! Times us and a peer in turns.
//!
//! A ratio is that of two times taken one right after the other; what is reported is the median of
//! several.

use std::cell::RefCell;
use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::fleet::{Fleet, SERIES_PER_OBJECT};
use crate::peer::Peer;
use crate::stopwatch::Stopwatch;

/// One timing takes at least so long, many times the error of the stopwatch.
const TIMING: Duration = Duration::from_millis(100);

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

    /// Encodes and compresses, as the answer to a scrape that accepts gzip.
    pub(crate) fn compress(&self, peer: &dyn Peer) -> Ratio {
        let buffer = &mut *self.buffer.borrow_mut();
        let mut compressed = Vec::new();
        self.compare("gzip", peer, |peer| {
            compressed.clear();
            buffer.clear();
            // The level of our own endpoint.
            let mut gzip = GzEncoder::new(&mut compressed, Compression::fast());
            peer.encode(buffer, &mut |piece| {
                gzip.write_all(piece.as_bytes()).expect("a Vec grows");
            });
            gzip.finish().expect("a Vec grows");
            assert!(!compressed.is_empty());
        })
    }

    fn compare(
        &self,
        operation: &'static str,
        peer: &dyn Peer,
        mut work: impl FnMut(&dyn Peer),
    ) -> Ratio {
        let objects = self.fleet.created.len();
        // Seconds for doing it once.
        let mut time = |peer: &dyn Peer| {
            let stopwatch = Stopwatch::start();
            let mut repetitions = 0_u32;
            while repetitions == 0 || stopwatch.elapsed() < TIMING {
                work(peer);
                repetitions += 1;
            }
            stopwatch.stop().as_secs_f64() / f64::from(repetitions)
        };
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            let (our, their) = (time(self.ours), time(peer));
            ours.push(our);
            theirs.push(their);
            ratios.push(their / our);
        }
        for (who, times) in [(self.ours, ours), (peer, theirs)] {
            let millis = median(times) * 1e3;
            println!("time: {operation} {objects} {} {millis:.3} ms", who.name());
        }
        Ratio {
            operation,
            objects,
            peer: peer.name(),
            times: median(ratios),
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

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
