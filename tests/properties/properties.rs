//! What holds of every exposition, tried on random input through the public API.
//!
//! Nothing here shares code with what it judges: numbers, escapes and lives are worked out anew.
//! Each run tries the same input; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` choose another.

mod go;
mod hostile;
mod labels;
mod lives;
#[path = "../common/manual.rs"]
mod manual;
mod model;
mod numbers;
mod operations;
mod pair;
#[expect(dead_code, reason = "the root package's tests need more of it")]
#[path = "../common/parse.rs"]
mod parse;
mod render;
mod samples;

use std::env;

use gotk_metrics::{Format, ObjectId};
use proptest::test_runner::{Config, RngSeed};

use self::manual::on_manual_clock;

const FORMATS: [Format; 2] = [Format::Text, Format::OpenMetrics];

/// The same input in each run, unless the environment asks for other.
fn config(cases: u32) -> Config {
    let default = Config::default();
    let asked = |name| env::var_os(name).is_some();
    Config {
        cases: if asked("PROPTEST_CASES") {
            default.cases
        } else {
            cases
        },
        rng_seed: if asked("PROPTEST_RNG_SEED") {
            default.rng_seed
        } else {
            RngSeed::Fixed(2)
        },
        failure_persistence: None,
        ..default
    }
}

fn app() -> ObjectId<'static> {
    ObjectId::new("App", "a").within("ns")
}
