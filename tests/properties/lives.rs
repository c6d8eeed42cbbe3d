//! Whatever happens to objects and attempts in whatever order, the exposition is the model's.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use crate::operations::operation;
use crate::pair::{Operation, Pair};
use crate::{FORMATS, config, render, samples};

/// The whole exposition, byte for byte.
fn compare(pair: &Pair) -> Result<(), TestCaseError> {
    let durations = pair.recorder.durations();
    for format in FORMATS {
        let expected = samples::of(&pair.model, durations.bounds(), format);
        let expected = render::text(&expected, format);
        prop_assert_eq!(pair.recorder.encode(format), expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn any_sequence_of_operations_ends_as_the_documentation_says(
        grace in select(vec![
            Duration::ZERO,
            Duration::from_nanos(1),
            Duration::from_millis(2500),
            Duration::from_secs(300),
        ]),
        max_objects in select(vec![1, 2, 3, 100]),
        operations in prop::collection::vec(operation(), 1..80),
    ) {
        let mut pair = Pair::new(grace, max_objects);
        for operation in &operations {
            pair.apply(operation);
            if matches!(operation, Operation::Scrape) {
                compare(&pair)?;
            }
        }
        compare(&pair)?;
        pair.drop_attempts();
        compare(&pair)?;
    }
}
