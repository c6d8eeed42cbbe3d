//! Runs histories until there were enough, and prints how many steps they had.
//!
//!     cargo run --release -p histories -- --steps 1000000
//!     cargo run --release -p histories -- --seconds 60
//!     cargo run --release -p histories -- --seed 7
//!
//! The last one runs one history again.

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (mut steps, mut seconds) = (usize::MAX, u64::MAX);
    let mut seeds = 1..u64::MAX;
    while let Some(argument) = arguments.next() {
        let number = arguments.next().ok_or("a number is missing")?;
        match argument.as_str() {
            "--steps" => steps = number.parse()?,
            "--seconds" => seconds = number.parse()?,
            "--seed" => {
                let seed = number.parse()?;
                seeds = seed..seed + 1;
            }
            other => return Err(format!("no option {other}").into()),
        }
    }
    let start = Instant::now();
    let mut done = 0;
    for seed in seeds {
        if done >= steps || start.elapsed() >= Duration::from_secs(seconds) {
            break;
        }
        if let Err(difference) = histories::run(seed) {
            println!("{difference}");
            println!("{done} steps, 1 difference");
            return Ok(ExitCode::FAILURE);
        }
        done += histories::STEPS;
    }
    println!("{done} steps, 0 differences");
    Ok(ExitCode::SUCCESS)
}
