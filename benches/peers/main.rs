//! How many times faster than its peers gotk-metrics records and encodes the same series.
//!
//!     cargo bench -p peers
//!     cargo bench -p peers -- --objects 1000 --objects 10000
//!     cargo bench -p peers -- --quick
//!
//! Prints `time:` lines to look at and ends with lines `ratio: <operation> <objects> <peer> <times
//! faster>`. Fails if one is below its floor in `floors.rs`.
//!
//! A plain main and not a bench harness: on a busy machine only the ratio of times taken in turns
//! means something, and a harness measures one function after the other.

mod compare;
mod copy;
mod fastmetrics;
mod fleet;
mod floors;
mod gotk_metrics;
mod measured;
mod metrics_exporter;
mod options;
mod peer;
mod prometheus;
mod prometheus_client;
mod stopwatch;

use std::error::Error;
use std::process::ExitCode;

use self::compare::Comparison;
use self::copy::Copy;
use self::fastmetrics::FastMetrics;
use self::fleet::Fleet;
use self::floors::is_below;
use self::gotk_metrics::GotkMetrics;
use self::measured::Measured;
use self::metrics_exporter::MetricsExporter;
use self::options::Options;
use self::peer::Peer;
use self::prometheus::Prometheus;
use self::prometheus_client::PrometheusClient;

/// Makes a peer with these bounds.
type MakePeer = fn(&[f64]) -> Box<dyn Peer>;

/// A new peer goes to the end.
const PEERS: [MakePeer; 5] = [
    |bounds| Box::new(Measured::new(bounds)),
    |bounds| Box::new(PrometheusClient::new(bounds)),
    |bounds| Box::new(FastMetrics::new(bounds)),
    |bounds| Box::new(Prometheus::new(bounds)),
    |bounds| Box::new(MetricsExporter::new(bounds)),
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = Options::from_args()?;
    let mut ratios = Vec::new();
    for objects in options.objects {
        let fleet = Fleet::new(objects);
        let ours = GotkMetrics::new(objects);
        fleet.create(&ours);
        let comparison = Comparison::new(&fleet, &ours, options.rounds);
        ratios.push(comparison.encode(&Copy::new(&ours)));
        ratios.push(comparison.encode(&ours.whole()));
        // One peer at a time: each takes some hundred megabytes.
        for make_peer in PEERS {
            let peer = make_peer(&ours.bounds());
            fleet.create(&*peer);
            ratios.push(comparison.record(&*peer));
            ratios.push(comparison.encode(&*peer));
            ratios.push(comparison.compress(&*peer));
        }
    }
    for ratio in &ratios {
        println!("{ratio}");
    }
    let below = ratios
        .iter()
        .filter(|ratio| options.has_floors && is_below(ratio));
    let failures = below.map(|ratio| eprintln!("below its floor: {ratio}"));
    Ok(ExitCode::from(u8::from(failures.count() > 0)))
}
