//! Shows what a sequence of events looks like on the wire: reads a script, prints the exposition.
//!
//!     cargo run --example replay < examples/replay/tour.script
//!
//! One statement a line, fields separated by one TAB, `\n` `\t` `\\` escaped, `#` starts a comment
//! line; `examples/README.md` lists the statements. A bad line or option ends it with exit code 2,
//! after what the lines before it have printed.

mod fields;
mod script;

use std::io::{self, BufRead as _, ErrorKind, Write as _, stderr, stdin, stdout};
use std::process::ExitCode;

use gotk_metrics::{Family, ManualClock, Recorder};
use lexopt::{Arg, Parser, ValueExt as _};

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let Err(error) = run() else {
        return ExitCode::SUCCESS;
    };
    let cause = error.downcast_ref::<io::Error>();
    if cause.is_some_and(|cause| cause.kind() == ErrorKind::BrokenPipe) {
        // As in `replay | head`: who reads has seen enough.
        return ExitCode::SUCCESS;
    }
    // Not `eprintln`, which panics if nobody reads that either.
    let _ = writeln!(stderr(), "replay: {error}");
    ExitCode::from(2)
}

fn run() -> Result<(), Error> {
    let clock = ManualClock::new();
    let recorder = recorder(&clock)?;
    for (number, line) in (1..).zip(stdin().lock().split(b'\n')) {
        let format = script::run(&recorder, &clock, &line?)
            .map_err(|problem| format!("line {number}: {problem}"))?;
        if let Some(format) = format {
            let mut out = stdout();
            out.write_all(recorder.encode(format).as_bytes())?;
            out.flush()?;
        }
    }
    Ok(())
}

/// A recorder on `clock` with the options of the command line.
fn recorder(clock: &ManualClock) -> Result<Recorder, Error> {
    let time = clock.clone();
    let mut builder = Recorder::builder()
        .clock(move || time.now())
        // Go's recorder has neither a limit of objects nor a family that counts what a limit
        // refused, and what is printed here must equal it. The crate's other families stay out by
        // themselves: a script starts no attempts and appends no registry.
        .max_objects(usize::MAX)
        .without(Family::Refused);
    let mut args = Parser::from_env();
    while let Some(arg) = args.next()? {
        builder = match arg {
            Arg::Long("bounds") => builder.bounds(bounds(&args.value()?.string()?)?),
            Arg::Long("grace") => {
                let grace = fields::seconds(&args.value()?.string()?);
                builder.deleted_grace(grace.map_err(|problem| format!("--grace: {problem}"))?)
            }
            _ => return Err(arg.unexpected().into()),
        };
    }
    // Only the bounds can still be refused.
    let recorder = builder.build();
    Ok(recorder.map_err(|error| format!("--bounds: {error}"))?)
}

fn bounds(list: &str) -> Result<Vec<f64>, String> {
    let bound = |field: &str| {
        let bound = field.parse();
        bound.map_err(|_| format!("--bounds: {field:?} is not a number"))
    };
    list.split(',').map(bound).collect()
}
