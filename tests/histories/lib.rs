//! Random histories of tracked stores, controllers and calls, compared with a simple model.
//!
//! A history is made of a seed. If the two differ, steps are left out for as long as they still do, so
//! that what is printed is short.

mod driven;
mod exposed;
pub mod flips;
#[path = "../common/manual.rs"]
mod manual;
mod model;
mod objects;
mod pair;
#[expect(dead_code, reason = "the root package's tests need more of it")]
#[path = "../common/parse.rs"]
mod parse;
mod record;
mod step;
pub mod storms;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;

use self::pair::Pair;
use self::step::Step;

/// The number of steps in a history.
pub const STEPS: u64 = 100;

/// Where an exposition and the model differ.
#[derive(Debug)]
pub struct Difference {
    seed: u64,
    what: String,
    history: Vec<Step>,
}

/// Runs the history of `seed`.
///
/// # Errors
///
/// Returns the first difference, in a history that is as short as it gets.
pub fn run(seed: u64) -> Result<(), Difference> {
    let mut history = step::history(&mut Rng::with_seed(seed), STEPS);
    // The last steps count too.
    history.push(Step::Scrape);
    let Err(mut what) = play(&history) else {
        return Ok(());
    };
    let mut at = 0;
    while at < history.len() {
        let mut shorter = history.clone();
        shorter.remove(at);
        match play_often(&shorter) {
            Ok(()) => at += 1,
            Err(still) => (what, history) = (still, shorter),
        }
    }
    Err(Difference {
        seed,
        what,
        history,
    })
}

/// The order of the objects in a store is random, and a difference may depend on it.
fn play_often(history: &[Step]) -> Result<(), String> {
    (0..20).try_for_each(|_| play(history))
}

fn play(history: &[Step]) -> Result<(), String> {
    let played = catch_unwind(AssertUnwindSafe(|| {
        let mut pair = Pair::new();
        history.iter().try_for_each(|step| pair.step(step))
    }));
    played.unwrap_or_else(|_| Err("a panic".to_owned()))
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} differs from the model:", self.seed)?;
        for step in &self.history {
            writeln!(f, "    {step:?}")?;
        }
        write!(f, "{}", self.what)
    }
}
