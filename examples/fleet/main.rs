//! Shows a live `/metrics` without a cluster: simulated controllers of Flux's kinds at work.
//!
//! cargo run --release --no-default-features --features server --example fleet
//!
//! `controller.rs` is what a controller calls, `attempt.rs` one reconcile, the rest is the simulation.
//! It goes on until Ctrl-C; `--help` lists what can be chosen. Bad flags end it with exit code 2.
//! `--speed 20` makes time run twenty times as fast, for the recorder too, so that the recorded
//! durations look the same at any speed. With feature `kube` the recorder reads the objects from a
//! store, with `client` it counts requests, with `process` it shows this process.

mod attempt;
mod backfill;
mod bad_luck;
#[cfg_attr(not(feature = "kube"), path = "no_cache.rs")]
mod cache;
#[cfg_attr(not(feature = "client"), path = "no_client.rs")]
mod client;
mod commands;
mod controller;
mod counts;
mod fate;
mod flags;
mod fleet;
mod help;
mod history;
mod kind;
mod life;
mod object;
mod options;
mod orders;
mod plan;
mod process;
mod run;
mod state;
mod steered;
mod time;
mod truth;
mod world;

use std::ops::Range;
use std::process::ExitCode;
use std::sync::Arc;

use gotk_metrics::MetricsServer;

use crate::fleet::Fleet;
use crate::help::HELP;
use crate::options::Options;
use crate::time::Time;
use crate::world::World;

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let options = match Options::parse() {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("fleet: {message}; try --help");
            return ExitCode::from(2);
        }
    };
    let done = match options.backfill {
        Some(length) => backfill::run(&options, length),
        None => serve(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = error.source().map(|source| format!(": {source}"));
            eprintln!("fleet: {error}{}", cause.unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(options: &Options) -> Result<(), Error> {
    let time = Arc::new(Time::new(options.speed, time::unix_now()));
    let recorder = world::recorder(options, &time)?;
    let server = MetricsServer::bind(recorder.clone(), options.listen)
        .await?
        .openmetrics(options.openmetrics);
    println!("http://{}/metrics", server.local_addr());

    let fleet = Fleet::start(options, World::new(recorder, time, Range::default()));
    tokio::select! {
        () = server.serve_until(tokio::signal::ctrl_c()) => Ok(()),
        result = fleet.run(options) => result,
    }
}
