//! What a sync of tracked objects may take times the listing of their store, in alternating runs.
//!
//!     cargo bench -p track --bench ratios
//!     cargo bench -p track --bench ratios -- --quick
//!
//! Prints lines `ratio: <what> <objects> <number>`, the median of several runs, and fails if one is
//! beyond its limit.

mod app;
mod cluster;

use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, READY};

/// Odd, for a median.
const ROUNDS: usize = 5;
const OBJECTS: usize = 100_000;
/// Enough to see that it runs.
const QUICK_OBJECTS: usize = 100;

/// What happens between two syncs.
type Happening = fn(&mut Cluster);

/// What happens, and how many listings the second may take. Half of what two busy
/// cores ever showed is left for those that are busier; a sync that reads unchanged objects again, or
/// looks them up, takes several times as long.
const CHECKS: [(&str, f64, Happening); 3] = [
    ("sync-unchanged", 6.0, |_| ()),
    ("sync-one-in-a-hundred", 8.0, |cluster| cluster.change(100)),
    ("sync-after-relist", 50.0, Cluster::relist),
];

fn main() -> ExitCode {
    // Without `--bench` it is run by `cargo test --all-targets`.
    let is_full = env::args().any(|arg| arg == "--bench");
    let is_quick = env::args().any(|arg| arg == "--quick" || arg == "--test");
    let is_judged = is_full && !is_quick;
    let (objects, rounds) = if is_judged {
        (OBJECTS, ROUNDS)
    } else {
        (QUICK_OBJECTS, 1)
    };
    let mut cluster = Cluster::new(objects);
    let mut failed = false;
    for (what, limit, happens) in CHECKS {
        let mut ratios: Vec<f64> = (0..rounds)
            .map(|_| {
                happens(&mut cluster);
                // Off the clock, so that neither is the first to fetch the objects.
                cluster.list();
                let list = time(|| cluster.list());
                let sync = time(|| cluster.sync());
                sync.as_secs_f64() / list.as_secs_f64()
            })
            .collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let ratio = ratios[ratios.len() / 2];
        println!("ratio: {what} {objects} {ratio:.2}");
        if is_judged && ratio > limit {
            eprintln!("{what}: {ratio:.2}, more than {limit}");
            failed = true;
        }
    }
    assert_eq!(cluster.count(READY), objects);
    ExitCode::from(u8::from(failed))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a bench reads the system's clock"
)]
fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
