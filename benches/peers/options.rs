//! What is asked for on the command line.

use lexopt::ValueExt as _;

/// The sizes that there are floors for.
const OBJECTS: [usize; 2] = [10_000, 100_000];
/// Odd, for a median.
const ROUNDS: usize = 5;
/// Enough to see that it runs, for continuous integration.
const QUICK_OBJECTS: usize = 100;
const QUICK_ROUNDS: usize = 1;

pub(crate) struct Options {
    pub(crate) objects: Vec<usize>,
    pub(crate) rounds: usize,
    /// Whether the numbers mean enough to be judged.
    pub(crate) has_floors: bool,
}

impl Options {
    pub(crate) fn from_args() -> Result<Self, lexopt::Error> {
        let mut objects = Vec::new();
        // Without it this is run by `cargo test --all-targets`, which wants to know whether it
        // works.
        let mut is_bench = false;
        let mut quick = false;
        let mut args = lexopt::Parser::from_env();
        while let Some(arg) = args.next()? {
            match arg {
                lexopt::Arg::Long("objects") => objects.push(args.value()?.parse()?),
                lexopt::Arg::Long("bench") => is_bench = true,
                lexopt::Arg::Long("quick" | "test") => quick = true,
                other => return Err(other.unexpected()),
            }
        }
        let is_full = is_bench && !quick;
        if objects.is_empty() {
            objects = if is_full {
                OBJECTS.to_vec()
            } else {
                vec![QUICK_OBJECTS]
            };
        }
        Ok(Self {
            objects,
            rounds: if is_full { ROUNDS } else { QUICK_ROUNDS },
            has_floors: is_full,
        })
    }
}
