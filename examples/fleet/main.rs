//! Shows a live `/metrics` without a cluster: simulated controllers of Flux's kinds at work.
//!
//! cargo run --release --no-default-features --features server --example fleet
//!
//! `life.rs` is what a controller calls, `attempt.rs` one reconcile, the rest is the simulation. It
//! goes on until Ctrl-C; `--help` lists what can be chosen. Bad flags end it with exit code 2.
//! `--speed 20` makes time run twenty times as fast, for the recorder too, so that the recorded
//! durations look the same at any speed.

mod attempt;
mod commands;
mod counts;
mod fleet;
mod help;
mod kind;
mod life;
mod object;
mod options;
mod orders;
mod plan;
mod state;
mod steered;
mod time;
mod truth;

use std::process::ExitCode;
use std::sync::Arc;

use gotk_metrics::{MetricsServer, Recorder};

use crate::fleet::Fleet;
use crate::help::HELP;
use crate::options::Options;
use crate::time::Time;

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
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
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = error.source().map(|source| format!(": {source}"));
            eprintln!("fleet: {error}{}", cause.unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<(), Error> {
    let time = Arc::new(Time::new(options.speed));
    let clock = Arc::clone(&time);
    let recorder = Recorder::builder()
        .clock(move || clock.now())
        .deleted_grace(state::GRACE)
        .max_objects(options.objects)
        .build()?;
    let server = MetricsServer::bind(recorder.clone(), options.listen).await?;
    println!("http://{}/metrics", server.local_addr());

    let fleet = Fleet::start(options, &recorder, &time);
    tokio::select! {
        () = server.serve_until(tokio::signal::ctrl_c()) => Ok(()),
        result = fleet.run(options) => result,
    }
}
