//! Many inputs of one target in little time: those of the corpus, changed at random.
//!
//!     cargo run --release -p fuzzed --no-default-features --bin storm -- operations 10000000 [SEED]
//!
//! It does not see, as the fuzzer does, which inputs lead somewhere new, and is some twenty times as fast. The same
//! seed gives the same inputs; an input that fails is printed as numbers before the panic ends the run.

use std::env;
use std::error::Error;
use std::fs;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use fastrand::Rng;
use fuzzed::TARGETS;

const LONGEST: usize = 48;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().ok_or("which target?")?;
    let count: u64 = arguments.next().ok_or("how many inputs?")?.parse()?;
    let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    let target = TARGETS.iter().find(|(one, _)| *one == name);
    let (_, target) = target.ok_or_else(|| format!("no target {name}"))?;
    let corpus = corpus(&name)?;
    let mut rng = Rng::with_seed(seed);
    let start = Instant::now();
    for number in 0..count {
        if number > 0 && number % 1_000_000 == 0 {
            println!("{name}: {number} so far");
        }
        let input = input(&corpus, &mut rng);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(&input))) {
            println!("{name}: input {number} of seed {seed} fails: {input:?}");
            panic::resume_unwind(panic);
        }
    }
    println!(
        "{name}: {count} inputs of seed {seed}, 0 failures, {:.0} s",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

fn corpus(name: &str) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(name);
    let mut paths = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    // So that the same seed gives the same inputs everywhere.
    paths.sort_unstable();
    Ok(paths.into_iter().map(fs::read).collect::<Result<_, _>>()?)
}

/// The start of one input and the end of another, or bytes that nobody has chosen, with a few changes.
fn input(corpus: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut input: Vec<u8> = if corpus.is_empty() || rng.u8(..4) == 0 {
        (0..rng.usize(..LONGEST)).map(|_| rng.u8(..)).collect()
    } else {
        let (one, other) = (
            &corpus[rng.usize(..corpus.len())],
            &corpus[rng.usize(..corpus.len())],
        );
        let (end, start) = (rng.usize(..=one.len()), rng.usize(..=other.len()));
        [&one[..end], &other[start..]].concat()
    };
    for _ in 0..rng.usize(..6) {
        let at = rng.usize(..=input.len());
        match rng.u8(..3) {
            0 => input.insert(at, rng.u8(..)),
            1 if at < input.len() => input[at] = rng.u8(..),
            _ if at < input.len() => drop(input.remove(at)),
            _ => {}
        }
    }
    input
}
