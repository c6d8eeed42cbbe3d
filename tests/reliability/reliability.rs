//! Pushes a recorder and prints what it held: a line for each goal, with its id, `pass` or `fail`, and the figure.
//!
//! `scripts/reliability` runs it and knows the goals' words. Nothing here fails on a time but where `--times` asks for
//! it: that is for a machine that does nothing else.

mod accounts;
mod limits;
#[path = "../common/manual.rs"]
mod manual;
#[expect(dead_code, reason = "the root package's tests need more of it")]
#[path = "../common/parse.rs"]
mod parse;
mod times;
mod torn;

use std::env;
use std::process::ExitCode;

use gotk_metrics::{Format, ObjectId, Recorder};

/// How much of everything is done.
#[derive(Clone, Copy)]
struct Effort {
    /// A hundredth of the goal's numbers or so.
    short: bool,
    /// Whether times are judged.
    times: bool,
}

impl Effort {
    fn of(self, long: usize, short: usize) -> usize {
        if self.short { short } else { long }
    }
}

/// What came out: whether it is as it should be, and the figure.
type Row = (bool, String);

type Goal = fn(Effort) -> Row;

const ROWS: [(&str, Goal); 9] = [
    ("R3", torn::conditions),
    ("R4", torn::histograms),
    ("R5", times::recording),
    ("R6", times::stalls),
    ("R7", accounts::ends),
    ("R8", accounts::rounds),
    ("R9", limits::objects),
    ("R10", limits::labels),
    ("R15", limits::set_up),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let effort = Effort {
        short: has("--short"),
        times: has("--times"),
    };
    let mut failed = false;
    for (id, row) in ROWS {
        if arguments.iter().any(|argument| argument.starts_with('R')) && !has(id) {
            continue;
        }
        let (pass, figure) = row(effort);
        println!("{id}\t{}\t{figure}", if pass { "pass" } else { "fail" });
        failed |= !pass;
    }
    ExitCode::from(u8::from(failed))
}

fn app(number: usize) -> ObjectId<'static> {
    ObjectId::new("App", format!("a{number:06}")).within("ns")
}

/// Encodes into a buffer that is used again.
fn encode(recorder: &Recorder, out: &mut String) {
    out.clear();
    let mut chunks = recorder.encode_chunks(Format::Text);
    while chunks.fill(out) {}
}
