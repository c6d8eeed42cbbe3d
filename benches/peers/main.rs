//! How many times faster than its peers gotk-metrics records and encodes the same series.
//!
//!     cargo bench -p peers
//!     cargo bench -p peers -- --objects 10000
//!     cargo bench -p peers -- --quick
//!
//! Prints lines `ratio: <operation> <objects> <peer> <times faster>`, and `time:` lines to look at.
//! Fails if an encode of 100 000 objects is less than `FLOOR` times faster than prometheus-client's.
//!
//! A plain main and not a bench harness: on a busy machine only the ratio of times taken in turns
//! means something, and a harness measures one function after the other.

mod fleet;
mod gotk_metrics;
mod peer;
mod prometheus_client;

use std::error::Error;
use std::iter::zip;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lexopt::ValueExt as _;

use self::fleet::Fleet;
use self::gotk_metrics::GotkMetrics;
use self::peer::Peer;
use self::prometheus_client::PrometheusClient;

/// The size that the floor holds for.
const OBJECTS: usize = 100_000;
/// A store that renders labels once and then only copies them must stay far ahead of one that
/// formats them at every scrape.
const FLOOR: f64 = 15.0;
/// Odd, for a median; many, since each is short beside what else a machine does.
const ROUNDS: usize = 11;
/// Enough to see that it runs, for continuous integration.
const QUICK_OBJECTS: usize = 100;
const QUICK_ROUNDS: usize = 1;

struct Options {
    objects: usize,
    rounds: usize,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = Options::from_args()?;
    let fleet = Fleet::new(options.objects);
    let ours = GotkMetrics::new(options.objects);
    let whole = ours.whole();
    let client = PrometheusClient::new(&ours.bounds());
    // The first is what the others are compared with. A new peer goes to the end of both.
    let recorders: [&dyn Peer; 2] = [&ours, &client];
    let encoders: [&dyn Peer; 3] = [&ours, &whole, &client];

    for peer in recorders {
        for object in &fleet.created {
            peer.record(object, object.duration);
        }
    }
    let mut buffer = String::new();
    assert_series(&encoders, options.objects, &mut buffer);

    let record = alternate(&recorders, options.rounds, |peer| {
        for object in &fleet.picked {
            peer.record(object, object.duration);
        }
    });
    let encode = alternate(&encoders, options.rounds, |peer| {
        let mut bytes = 0;
        buffer.clear();
        peer.encode(&mut buffer, &mut |piece| bytes += piece.len());
        assert!(bytes > 0);
    });
    report("record", options.objects, &recorders, &record);
    let ratios = report("encode", options.objects, &encoders, &encode);

    let has_floor = options.objects == OBJECTS && options.rounds == ROUNDS;
    let is_below = |(peer, ratio): (&dyn Peer, f64)| peer.name() == client.name() && ratio < FLOOR;
    if has_floor && zip(encoders, ratios).any(is_below) {
        eprintln!("peers: an encode is less than {FLOOR} times faster");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
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

/// All peers expose the same number of series, and that is the expected one.
fn assert_series(peers: &[&dyn Peer], objects: usize, buffer: &mut String) {
    for peer in peers {
        let mut series = 0;
        buffer.clear();
        peer.encode(buffer, &mut |piece| {
            series += piece.lines().filter(|line| !line.starts_with('#')).count();
        });
        let expected = objects * fleet::SERIES_PER_OBJECT;
        assert_eq!(series, expected, "series of {}", peer.name());
    }
}

/// The median time of `work` for each peer, all of them measured in every round.
fn alternate(peers: &[&dyn Peer], rounds: usize, mut work: impl FnMut(&dyn Peer)) -> Vec<Duration> {
    let mut times = vec![Vec::new(); peers.len()];
    for _ in 0..rounds {
        for (peer, times) in zip(peers, &mut times) {
            let start = Instant::now();
            work(*peer);
            times.push(start.elapsed());
        }
    }
    let medians = times.into_iter().map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    medians.collect()
}

/// Prints and returns how many times longer each peer takes than the first of them.
fn report(operation: &str, objects: usize, peers: &[&dyn Peer], times: &[Duration]) -> Vec<f64> {
    let ratio = |time: &Duration| time.as_secs_f64() / times[0].as_secs_f64();
    let ratios: Vec<f64> = times.iter().map(ratio).collect();
    for (peer, time) in zip(peers, times) {
        let millis = time.as_secs_f64() * 1e3;
        println!("time: {operation} {objects} {} {millis:.2} ms", peer.name());
    }
    for (peer, ratio) in zip(peers, &ratios).skip(1) {
        println!("ratio: {operation} {objects} {} {ratio:.1}", peer.name());
    }
    ratios
}
