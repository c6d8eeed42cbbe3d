//! What a compressed scrape costs, each way to make it, and how small it is.
//!
//!     cargo bench -p gzip
//!     cargo bench -p gzip -- --objects 10000
//!     cargo bench -p gzip -- --quick
//!
//! Prints lines `ratio: gzip <objects> flate2 <part of the time>`, and `time:` and `size:` lines to
//! look at. With 100 000 objects it fails if `Gzip::Direct` takes more than `TIME_LIMIT` of what it
//! takes to encode the text and to compress the finished bytes with flate2, if the text has less than
//! `SIZE_FLOOR` times its bytes, or if a scrape under way takes more than `MEMORY_LIMIT`.
//!
//! A plain main and not a bench harness: on a busy machine only the ratio of times taken in turns
//! means something.

mod fleet;
mod ways;

use std::error::Error;
use std::fs;
use std::iter::zip;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use gotk_metrics::Gzip;
use lexopt::ValueExt as _;

use self::ways::{WAYS, Ways};

/// The size that the limits hold for.
const OBJECTS: usize = 100_000;
/// A machine that does something else meanwhile needs room; DESIGN.md has the goal.
const TIME_LIMIT: f64 = 0.6;
const SIZE_FLOOR: f64 = 13.0;
const MEMORY_LIMIT: usize = 1 << 20;
const KINDS: [Gzip; 3] = [Gzip::Off, Gzip::Flate2, Gzip::Direct];
/// Odd, for a median.
const ROUNDS: usize = 5;
/// Enough to see that it runs, for continuous integration.
const QUICK_OBJECTS: usize = 100;
const QUICK_ROUNDS: usize = 1;

struct Options {
    objects: usize,
    rounds: usize,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Options { objects, rounds } = Options::from_args()?;
    let mut ways = Ways::new(&fleet::recorder(objects))?;
    ways.assert_same(objects * fleet::SERIES_PER_OBJECT);

    let mut times = WAYS.map(|_| Vec::new());
    let mut sizes = WAYS.map(|_| 0);
    for _ in 0..rounds {
        for ((way, times), size) in zip(zip(WAYS, &mut times), &mut sizes) {
            let clock = Clock::start();
            *size = ways.scrape(way);
            times.push(clock.elapsed());
        }
    }
    let report = Report {
        objects,
        times: times.map(median),
        sizes,
        memory: KINDS.map(|gzip| (gzip, ways.in_flight(gzip))),
    };
    report.print();
    let is_measured = objects == OBJECTS && rounds == ROUNDS;
    if is_measured && !report.is_within_limits() {
        eprintln!(
            "gzip: more than {TIME_LIMIT} of the time, less than {SIZE_FLOOR} times smaller, or \
            more than {MEMORY_LIMIT} bytes of memory"
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// What was measured of each way, in their order.
struct Report {
    objects: usize,
    /// Seconds.
    times: [f64; WAYS.len()],
    sizes: [usize; WAYS.len()],
    /// Of a scrape under way.
    memory: [(Gzip, usize); KINDS.len()],
}

impl Report {
    fn print(&self) {
        let objects = self.objects;
        for (way, time) in zip(WAYS, self.times) {
            println!("time: gzip {objects} {} {:.2} ms", way.name(), time * 1e3);
        }
        let [plain, ..] = self.sizes;
        for (way, size) in zip(WAYS, self.sizes) {
            let smaller = ratio(plain, size);
            let name = way.name();
            println!("size: gzip {objects} {name} {size} bytes, {smaller:.2} times smaller");
        }
        for (gzip, bytes) in self.memory {
            println!("memory: gzip {objects} {gzip:?} {bytes} bytes per scrape under way");
        }
        println!("ratio: gzip {objects} flate2 {:.3}", self.part_of_time());
    }

    /// Of what it takes to encode the text and to compress it afterwards.
    fn part_of_time(&self) -> f64 {
        let [plain, finished, _, direct] = self.times;
        direct / (plain + finished)
    }

    fn is_within_limits(&self) -> bool {
        let [plain, .., direct] = self.sizes;
        self.part_of_time() <= TIME_LIMIT
            && ratio(plain, direct) >= SIZE_FLOOR
            && self.memory.iter().all(|(_, bytes)| *bytes <= MEMORY_LIMIT)
    }
}

impl Options {
    fn from_args() -> Result<Self, lexopt::Error> {
        let mut objects = None;
        // Without it this is run by `cargo test --all-targets`, which wants to know whether it works.
        let mut is_bench = false;
        let mut quick = false;
        let mut args = lexopt::Parser::from_env();
        while let Some(arg) = args.next()? {
            match arg {
                lexopt::Arg::Long("objects") => objects = Some(args.value()?.parse()?),
                lexopt::Arg::Long("bench") => is_bench = true,
                lexopt::Arg::Long("quick" | "test") => quick = true,
                other => return Err(other.unexpected()),
            }
        }
        let (default, rounds) = if is_bench && !quick {
            (OBJECTS, ROUNDS)
        } else {
            (QUICK_OBJECTS, QUICK_ROUNDS)
        };
        let objects = objects.unwrap_or(default);
        Ok(Self { objects, rounds })
    }
}

/// What the thread has had of a processor, where Linux says so: what others do then counts less.
struct Clock {
    start: Instant,
    ran: Option<Duration>,
}

impl Clock {
    fn start() -> Self {
        Self {
            start: Instant::now(),
            ran: Self::ran(),
        }
    }

    fn elapsed(&self) -> Duration {
        let ran = self.ran.zip(Self::ran());
        ran.map_or_else(
            || self.start.elapsed(),
            |(before, now)| now.saturating_sub(before),
        )
    }

    fn ran() -> Option<Duration> {
        let stat = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let nanos = stat.split_whitespace().next()?.parse().ok()?;
        Some(Duration::from_nanos(nanos))
    }
}

/// In seconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "far below the limit")]
fn ratio(larger: usize, smaller: usize) -> f64 {
    larger as f64 / smaller as f64
}
