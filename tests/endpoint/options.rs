//! The command line.
//!
//! What it does not know ends the program before anything is served.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;

const HELP: &str = "\
endpoint [--objects N] [--hostile] [--openmetrics] [--records] [--listen ADDRESS]
         [--tls FOLDER [--reload-interval SECONDS]]
         [--connections N] [--queue N]
         [--header-timeout SECONDS] [--stall-timeout SECONDS] [--response-timeout SECONDS]

  --tls       serves HTTPS with tls.crt and tls.key of the folder, for clients of its ca.crt if there is one
  --hostile   objects with hostile labels too; prints them first, as one line of JSON
  --queue     how many scrapes may wait
  --records   records all the time, and prints at the end how long that took";

pub(super) struct Options {
    pub(super) objects: usize,
    pub(super) hostile: bool,
    pub(super) openmetrics: bool,
    pub(super) records: bool,
    pub(super) listen: SocketAddr,
    pub(super) tls: Option<PathBuf>,
    pub(super) reload_interval: Option<Duration>,
    pub(super) connections: Option<usize>,
    pub(super) queue: Option<usize>,
    pub(super) header_timeout: Option<Duration>,
    pub(super) stall_timeout: Option<Duration>,
    pub(super) response_timeout: Option<Duration>,
}

/// `None` if only help was asked for.
pub(super) fn read() -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options {
        objects: 0,
        hostile: false,
        openmetrics: false,
        records: false,
        listen: ([127, 0, 0, 1], 0).into(),
        tls: None,
        reload_interval: None,
        connections: None,
        queue: None,
        header_timeout: None,
        stall_timeout: None,
        response_timeout: None,
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("objects") => options.objects = arguments.value()?.parse()?,
            Long("hostile") => options.hostile = true,
            Long("openmetrics") => options.openmetrics = true,
            Long("records") => options.records = true,
            Long("listen") => options.listen = arguments.value()?.parse()?,
            Long("tls") => options.tls = Some(arguments.value()?.into()),
            Long("reload-interval") => options.reload_interval = Some(seconds(&mut arguments)?),
            Long("connections") => options.connections = Some(arguments.value()?.parse()?),
            Long("queue") => options.queue = Some(arguments.value()?.parse()?),
            Long("header-timeout") => options.header_timeout = Some(seconds(&mut arguments)?),
            Long("stall-timeout") => options.stall_timeout = Some(seconds(&mut arguments)?),
            Long("response-timeout") => options.response_timeout = Some(seconds(&mut arguments)?),
            Long("help") => {
                println!("{HELP}");
                return Ok(None);
            }
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(Some(options))
}

fn seconds(arguments: &mut lexopt::Parser) -> Result<Duration, lexopt::Error> {
    Ok(Duration::from_secs(arguments.value()?.parse()?))
}
