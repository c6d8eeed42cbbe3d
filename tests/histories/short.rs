//! A little of each on every change; `cargo run --release -p histories` does more.

use std::time::Duration;

use histories::{flips, storms};

const MOMENT: Duration = Duration::from_secs(2);

#[test]
fn any_history_of_stores_and_controllers_is_exposed_as_the_rule_says() {
    for seed in 0..300 {
        if let Err(difference) = histories::run(seed) {
            panic!("{difference}");
        }
    }
}

#[test]
fn sources_that_come_and_go_under_scrapes_and_clear_delete_nothing_and_leave_nothing() {
    let storm = storms::clears(MOMENT);
    assert!(storm.scrapes > 0, "{storm:?}");
    assert_eq!((storm.deleted, storm.left), (0, 0), "{storm:?}");
}

#[test]
fn a_source_that_hands_over_to_the_next_one_is_exposed_as_a_whole() {
    let storm = storms::handovers(MOMENT);
    assert!(storm.scrapes > 0, "{storm:?}");
    let nothing = (storm.deleted, storm.incomplete, storm.left);
    assert_eq!(nothing, (0, 0, 0), "{storm:?}");
}

#[test]
fn each_line_of_resource_info_was_true_at_some_moment() {
    let flips = flips::run(MOMENT);
    assert!(flips.rounds > 1 && flips.lines > 0, "{flips:?}");
    assert_eq!(flips.torn, 0, "{flips:?}");
}
