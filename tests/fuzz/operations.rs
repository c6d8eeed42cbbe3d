//! Any operations in any order on objects of any name: the exposition is the model's.
//!
//! Operations choose their texts from a few, so that objects meet each other again.

use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True, Unknown};
use gotk_metrics::Outcome;

use crate::bytes::Bytes;
use crate::pair::{Operation, Pair, Step, Way};
use crate::{FORMATS, assert_exposes};

const GRACES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_millis(2500),
    Duration::from_secs(300),
];
const CAPS: [usize; 4] = [1, 2, 3, 100];
/// As many as there are places for condition types beside the built-in ones, and no more: what is refused there has
/// tests of its own.
const TEXTS: usize = 13;

/// Runs the operations that `data` spells, and compares after each scrape and at the end.
///
/// # Panics
///
/// Where the exposition is not the model's.
pub fn operations(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let at_the_end = bytes.choose(FORMATS);
    let mut pair = Pair::new(bytes.choose(GRACES), bytes.choose(CAPS));
    let texts: Vec<String> = (0..=bytes.below(TEXTS)).map(|_| bytes.text()).collect();
    while !bytes.is_empty() {
        let operation = operation(&mut bytes, &texts);
        pair.apply(&operation);
        if matches!(operation, Operation::Scrape) {
            let format = bytes.choose(FORMATS);
            assert_exposes(&pair.recorder, &pair.model, format);
        }
    }
    pair.drop_attempts();
    assert_exposes(&pair.recorder, &pair.model, at_the_end);
}

fn operation<'a>(bytes: &mut Bytes<'_>, texts: &'a [String]) -> Operation<'a> {
    match bytes.below(10) {
        0 => {
            let object = object(bytes, texts);
            let condition = match bytes.byte() {
                0..=0x7f => "Ready",
                other => &texts[usize::from(other) % texts.len()],
            };
            Operation::Condition(object, condition, bytes.choose([True, False, Unknown]))
        }
        1 => Operation::Suspend(object(bytes, texts), bytes.choose([false, true])),
        2 => Operation::Duration(object(bytes, texts), duration(bytes)),
        3 => Operation::Deleted(object(bytes, texts)),
        4 => Operation::Forget(object(bytes, texts)),
        5 => Operation::Clear,
        6 => Operation::Advance(step(bytes)),
        7 => Operation::Start(object(bytes, texts)),
        8 => Operation::End(usize::from(bytes.byte()), way(bytes)),
        _ => Operation::Scrape,
    }
}

/// Three texts: most often the same name in the same place.
fn object<'a>(bytes: &mut Bytes<'_>, texts: &'a [String]) -> [&'a str; 3] {
    let text = |choice: usize| texts[choice % texts.len()].as_str();
    let choice = usize::from(bytes.byte());
    [text(choice), text(choice / 4), text(choice / 16)]
}

/// Of any size, in steps that floats cannot all tell apart.
fn duration(bytes: &mut Bytes<'_>) -> Duration {
    let digits = u64::from(bytes.byte()) << 8 | u64::from(bytes.byte());
    match bytes.below(4) {
        0 => Duration::from_nanos(digits),
        1 => Duration::from_millis(digits),
        2 => Duration::from_secs(digits << 40),
        _ => Duration::new(digits << 48, 999_999_999),
    }
}

fn step(bytes: &mut Bytes<'_>) -> Step {
    let millis = u64::from(bytes.byte()) * 20;
    bytes.choose([
        Step::Nanosecond,
        Step::HalfTheGrace,
        Step::JustNotTheGrace,
        Step::TheGrace,
        Step::Millis(millis),
    ])
}

fn way(bytes: &mut Bytes<'_>) -> Way {
    bytes.choose([
        Way::Succeed,
        Way::Fail,
        Way::Finish(Outcome::Success),
        Way::Finish(Outcome::Requeue),
        Way::Finish(Outcome::RequeueAfter),
        Way::Finish(Outcome::Error),
        Way::Drop,
        Way::Panic,
    ])
}
