//! Some histories on every change; `cargo run --release -p histories` runs many.

#[test]
fn any_history_of_stores_and_controllers_is_exposed_as_the_rule_says() {
    for seed in 0..300 {
        if let Err(difference) = histories::run(seed) {
            panic!("{difference}");
        }
    }
}
