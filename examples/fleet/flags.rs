//! The values of flags: what each allows, and what is said of one that it does not.

use std::str::FromStr;
use std::time::Duration;

use lexopt::Parser;

pub(crate) fn objects(args: &mut Parser) -> Result<usize, String> {
    let allowed = |n: &usize| (1..=1_000_000).contains(n);
    value(args, "--objects", "a number from 1 to 1000000", allowed)
}

pub(crate) fn speed(args: &mut Parser) -> Result<f64, String> {
    // Timers count milliseconds: beyond that, short attempts would all look alike.
    let allowed = |f: &f64| (0.01..=1_000.0).contains(f);
    value(args, "--speed", "a number from 0.01 to 1000", allowed)
}

/// In seconds.
pub(crate) fn seconds(args: &mut Parser, flag: &str) -> Result<Duration, String> {
    let allowed = |f: &f64| (0.0..=1e10).contains(f);
    let seconds = value(args, flag, "a number of seconds", allowed)?;
    Ok(Duration::from_secs_f64(seconds))
}

/// As Prometheus writes it: `1h`, `90m`.
pub(crate) fn length(args: &mut Parser, flag: &str) -> Result<Duration, String> {
    let wanted = "a time from 10m to 24h such as 1h or 90m";
    let Length(length) = value(args, flag, wanted, |_| true)?;
    Ok(length)
}

struct Length(Duration);

impl FromStr for Length {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let hours = text.strip_suffix('h').map(|number| (number, 3_600));
        let minutes = || text.strip_suffix('m').map(|number| (number, 60));
        let (number, unit) = hours.or_else(minutes).ok_or(())?;
        let seconds = number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit));
        let seconds = seconds.filter(|seconds| (600..=86_400).contains(seconds));
        seconds.map(Duration::from_secs).map(Self).ok_or(())
    }
}

pub(crate) fn value<T: FromStr>(
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
