//! Operations in random order.

use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True, Unknown};
use gotk_metrics::Outcome;
use proptest::prelude::*;
use proptest::sample::select;

use crate::pair::{Operation, Step, Way};

/// Few, so that each lives more than one life. The first two share a controller.
const OBJECTS: [[&str; 3]; 5] = [
    ["App", "a", "ns"],
    ["APP", "a", "ns"],
    ["App", "a", ""],
    ["App", "a!", "ns"],
    ["Other", "\"\n# EOF", "ns"],
];
const TYPES: [&str; 4] = ["Ready", "Stalled", "Ready!", "\\\"\n"];

pub(crate) fn operation() -> impl Strategy<Value = Operation<'static>> {
    // Most of it happens to one object.
    let object = || prop_oneof![2 => Just(OBJECTS[0]), 1 => select(&OBJECTS[..])];
    let condition = prop_oneof![1 => Just(TYPES[0]), 1 => select(&TYPES[..])];
    let status = select(vec![True, False, Unknown]);
    let millis = (0..5_000_u64).prop_map(Duration::from_millis);
    prop_oneof![
        4 => (object(), condition, status)
            .prop_map(|(object, condition, status)| Operation::Condition(object, condition, status)),
        2 => (object(), any::<bool>())
            .prop_map(|(object, suspended)| Operation::Suspend(object, suspended)),
        2 => (object(), millis).prop_map(|(object, duration)| Operation::Duration(object, duration)),
        5 => object().prop_map(Operation::Deleted),
        1 => object().prop_map(Operation::Forget),
        1 => Just(Operation::Clear),
        5 => step().prop_map(Operation::Advance),
        8 => object().prop_map(Operation::Start),
        8 => (any::<usize>(), way()).prop_map(|(attempt, way)| Operation::End(attempt, way)),
        3 => Just(Operation::Scrape),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Nanosecond),
        Just(Step::HalfTheGrace),
        Just(Step::JustNotTheGrace),
        Just(Step::TheGrace),
        (0..5_000_u64).prop_map(Step::Millis),
    ]
}

fn way() -> impl Strategy<Value = Way> {
    let outcomes = vec![
        Outcome::Success,
        Outcome::Requeue,
        Outcome::RequeueAfter,
        Outcome::Error,
    ];
    prop_oneof![
        Just(Way::Succeed),
        Just(Way::Fail),
        select(outcomes).prop_map(Way::Finish),
        Just(Way::Drop),
        Just(Way::Panic),
    ]
}
