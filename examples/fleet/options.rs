//! The command line.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lexopt::{Arg, Parser};

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) objects: usize,
    pub(crate) speed: f64,
    pub(crate) listen: SocketAddr,
    pub(crate) seed: u64,
    pub(crate) stop_after: Option<Duration>,
    pub(crate) truth: Option<PathBuf>,
    /// Whether standard input says what objects are to do.
    pub(crate) commands: bool,
}

impl Options {
    /// `None` if help was asked for; otherwise an error names the flag.
    pub(crate) fn parse() -> Result<Option<Self>, String> {
        let mut options = Self {
            objects: 300,
            speed: 1.0,
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            seed: 0,
            stop_after: None,
            truth: None,
            commands: false,
        };
        let mut args = Parser::from_env();
        while let Some(arg) = args.next().map_err(|error| error.to_string())? {
            match arg {
                Arg::Long("objects") => {
                    let allowed = |n: &usize| (1..=1_000_000).contains(n);
                    options.objects = value(
                        &mut args,
                        "--objects",
                        "a number from 1 to 1000000",
                        allowed,
                    )?;
                }
                Arg::Long("speed") => {
                    // Timers count milliseconds: beyond that, short attempts would all look alike.
                    let allowed = |f: &f64| (0.01..=1_000.0).contains(f);
                    options.speed =
                        value(&mut args, "--speed", "a number from 0.01 to 1000", allowed)?;
                }
                Arg::Long("listen") => {
                    let wanted = "an address and port such as 127.0.0.1:8080";
                    options.listen = value(&mut args, "--listen", wanted, |_| true)?;
                }
                Arg::Long("seed") => {
                    let wanted = "a whole number from 0";
                    options.seed = value(&mut args, "--seed", wanted, |_| true)?;
                }
                Arg::Long("stop-after") => {
                    let allowed = |f: &f64| (0.0..=1e9).contains(f);
                    let seconds = value(&mut args, "--stop-after", "a number of seconds", allowed)?;
                    options.stop_after = Some(Duration::from_secs_f64(seconds));
                }
                Arg::Long("truth") => {
                    let file = args.value().map_err(|_| "--truth needs a file")?;
                    options.truth = Some(file.into());
                }
                Arg::Long("commands") => options.commands = true,
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                _ => return Err(arg.unexpected().to_string()),
            }
        }
        if options.truth.is_some() && options.stop_after.is_none() {
            return Err("--truth needs --stop-after".into());
        }
        Ok(Some(options))
    }
}

fn value<T: FromStr>(
    args: &mut Parser,
    flag: &str,
    wanted: &str,
    allowed: impl Fn(&T) -> bool,
) -> Result<T, String> {
    let value = args.value().map_err(|_| format!("{flag} needs {wanted}"))?;
    let parsed = value.to_str().and_then(|text| text.parse().ok());
    parsed
        .filter(allowed)
        .ok_or_else(|| format!("{flag} is `{}` and not {wanted}", value.display()))
}
