//! The command line.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser};

use crate::flags::{length, objects, seconds, speed, value};

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) objects: usize,
    pub(crate) speed: f64,
    pub(crate) listen: SocketAddr,
    pub(crate) openmetrics: bool,
    pub(crate) seed: u64,
    pub(crate) stop_after: Option<Duration>,
    pub(crate) truth: Option<PathBuf>,
    /// Whether standard input says what objects are to do.
    pub(crate) commands: bool,
    pub(crate) backfill: Option<Duration>,
    pub(crate) until: Option<Duration>,
}

impl Options {
    /// `None` if help was asked for; otherwise an error names the flag.
    pub(crate) fn parse() -> Result<Option<Self>, String> {
        let mut options = Self {
            objects: 300,
            speed: 1.0,
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            openmetrics: false,
            seed: 0,
            stop_after: None,
            truth: None,
            commands: false,
            backfill: None,
            until: None,
        };
        let mut args = Parser::from_env();
        while let Some(arg) = args.next().map_err(|error| error.to_string())? {
            match arg {
                Arg::Long("objects") => options.objects = objects(&mut args)?,
                Arg::Long("speed") => options.speed = speed(&mut args)?,
                Arg::Long("listen") => {
                    let wanted = "an address and port such as 127.0.0.1:8080";
                    options.listen = value(&mut args, "--listen", wanted, |_| true)?;
                }
                Arg::Long("openmetrics") => options.openmetrics = true,
                Arg::Long("seed") => {
                    let wanted = "a whole number from 0";
                    options.seed = value(&mut args, "--seed", wanted, |_| true)?;
                }
                Arg::Long("stop-after") => {
                    options.stop_after = Some(seconds(&mut args, "--stop-after")?);
                }
                Arg::Long("truth") => {
                    let file = args.value().map_err(|_| "--truth needs a file")?;
                    options.truth = Some(file.into());
                }
                Arg::Long("commands") => options.commands = true,
                Arg::Long("backfill") => {
                    options.backfill = Some(length(&mut args, "--backfill")?);
                }
                Arg::Long("until") => options.until = Some(seconds(&mut args, "--until")?),
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                _ => return Err(arg.unexpected().to_string()),
            }
        }
        if options.truth.is_some() && options.stop_after.is_none() {
            return Err("--truth needs --stop-after".into());
        }
        if options.until.is_some() && options.backfill.is_none() {
            return Err("--until needs --backfill".into());
        }
        Ok(Some(options))
    }

    /// How many objects the recorder takes. A history has one that is refused, to show that too.
    pub(crate) fn cap(&self) -> usize {
        let refused = usize::from(self.backfill.is_some());
        self.objects.saturating_sub(refused).max(1)
    }
}
