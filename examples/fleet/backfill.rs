//! An hour of history in a few seconds: the simulation on a clock that jumps from event to event.
//!
//! The same seed and end write the same bytes. Besides what always happens, a history has a crash, after
//! which the new process waits for the lease, an outage that a kind suffers from, an attempt that hangs, an
//! object that cannot go, and one beyond the cap.

use std::io::{self, BufWriter};
use std::time::Duration;

use crate::Error;
use crate::history::History;
use crate::options::Options;
use crate::run::{Run, SCRAPE_EVERY};
use crate::time::unix_now;
use crate::world::World;

/// How long ago it ended if nobody says: a Prometheus would not take it for its newest data.
const AGE: Duration = Duration::from_secs(3 * 3_600);
/// The part of the history that comes before the crash.
const BEFORE_CRASH: u32 = 10;
const DOWN: Duration = Duration::from_secs(60);
const LEASE: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub(crate) async fn run(options: &Options, length: Duration) -> Result<(), Error> {
    let end = options
        .until
        .unwrap_or_else(|| unix_now().saturating_sub(AGE));
    let start = end.saturating_sub(length);
    let crash = start + length / BEFORE_CRASH;
    let outage = end.saturating_sub(length * 2 / 5)..end.saturating_sub(length / 5);
    let mut history = History::new(BufWriter::new(io::stdout().lock()));

    let mut first = Run::start(options, start, &outage)?;
    let mut fleet = first.lead(options);
    first.goes_on(&mut history, Some(&fleet), crash).await?;
    drop(fleet);

    let mut at = crash;
    while at < crash + DOWN {
        history.down(at)?;
        at += SCRAPE_EVERY;
    }
    let mut second = Run::start(options, at, &outage)?;
    World::leads(&second.recorder, false);
    second.goes_on(&mut history, None, at + LEASE).await?;
    fleet = second.lead(options);
    second.goes_on(&mut history, Some(&fleet), end).await?;
    Ok(history.end()?)
}
