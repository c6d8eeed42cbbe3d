//! Runs histories, storms or flips for a given time and prints the figures.
//!
//!     cargo run --release -p histories -- --steps 1000000
//!     cargo run --release -p histories -- --seconds 60
//!     cargo run --release -p histories -- --seed 7
//!     cargo run --release -p histories -- --storms 60
//!     cargo run --release -p histories -- --flips 60
//!
//! `--seed` runs one history again. The last two take seconds.

use std::env;
use std::error::Error;
use std::ops::Range;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use histories::{flips, storms};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [option, number] = &arguments[..] else {
        return Err("one option and its number".into());
    };
    let number: u64 = number.parse()?;
    let time = Duration::from_secs(number);
    let all = 1..u64::MAX;
    let passed = match option.as_str() {
        "--steps" => run(all, |steps, _| steps >= number),
        "--seconds" => run(all, |_, elapsed| elapsed >= time),
        "--seed" => run(number..number + 1, |_, _| false),
        "--storms" => storm(time),
        "--flips" => flip(time),
        other => return Err(format!("no option {other}").into()),
    };
    Ok(ExitCode::from(u8::from(!passed)))
}

fn run(seeds: Range<u64>, is_enough: impl Fn(u64, Duration) -> bool) -> bool {
    let start = Instant::now();
    let mut steps = 0;
    for seed in seeds {
        if is_enough(steps, start.elapsed()) {
            break;
        }
        if let Err(difference) = histories::run(seed) {
            println!("{difference}");
            println!("{steps} steps, 1 difference");
            return false;
        }
        steps += histories::STEPS;
    }
    println!("{steps} steps, 0 differences");
    true
}

fn storm(time: Duration) -> bool {
    let cleared = storms::clears(time / 2);
    let handed_over = storms::handovers(time / 2);
    let both = [&cleared, &handed_over];
    let sum = |of: fn(&storms::Storm) -> usize| both.map(of).iter().sum::<usize>();
    let (scrapes, deleted, left) = (sum(|s| s.scrapes), sum(|s| s.deleted), sum(|s| s.left));
    println!(
        "{scrapes} scrapes of storms, {deleted} false Deleted, {left} series left, {} incomplete without clear",
        handed_over.incomplete
    );
    deleted + left + handed_over.incomplete == 0
}

fn flip(time: Duration) -> bool {
    let flips::Flips {
        rounds,
        scrapes,
        lines,
        torn,
    } = flips::run(time);
    println!("{torn} of {lines} lines torn, {rounds} flips of 2000 objects, {scrapes} scrapes");
    torn == 0 && rounds > 1
}
