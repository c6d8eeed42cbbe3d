//! Set-up fails at once and names what is wrong.

use gotk_metrics::{BuildError, ObjectId, Recorder};
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

use crate::common::assert_objects;

#[track_caller]
fn build_error(bounds: &[f64]) -> BuildError {
    let recorder = Recorder::builder().bounds(bounds.iter().copied()).build();
    recorder.expect_err("these bounds are not valid")
}

#[test]
fn bounds_that_cannot_be_are_named() {
    const INF: f64 = f64::INFINITY;
    for (bounds, message) in [
        (&[][..], "no histogram bounds given"),
        (&[INF], "no histogram bounds given"),
        (
            &[f64::NAN],
            "histogram bound NaN at position 0 is not finite",
        ),
        (
            &[1.0, f64::NAN, 3.0],
            "histogram bound NaN at position 1 is not finite",
        ),
        (
            &[1.0, INF, 3.0],
            "histogram bound inf at position 1 is not finite",
        ),
        (
            &[1.0, INF, INF],
            "histogram bound inf at position 1 is not finite",
        ),
        (
            &[-INF, 1.0],
            "histogram bound -inf at position 0 is not finite",
        ),
        (
            &[1.0, 1.0],
            "histogram bound 1 at position 1 is not above the one before",
        ),
        (
            &[1.0, 2.5, 2.0],
            "histogram bound 2 at position 2 is not above the one before",
        ),
        (
            &[-0.0, 0.0],
            "histogram bound 0 at position 1 is not above the one before",
        ),
    ] {
        assert_eq!(build_error(bounds).to_string(), message);
    }
}

#[test]
fn unusual_bounds_that_can_be_are_taken() {
    for bounds in [
        &[0.0][..],
        &[-1.0, 0.0, 1.0],
        &[f64::MIN_POSITIVE, f64::MAX],
        &[1.0, f64::INFINITY],
        &[1.0; 1],
    ] {
        let recorder = Recorder::builder().bounds(bounds.iter().copied()).build();
        let recorder = recorder.unwrap();
        let finite = bounds.iter().copied().filter(|bound| bound.is_finite());
        assert_eq!(recorder.durations().bounds(), finite.collect::<Vec<_>>());
        recorder.record_duration(&ObjectId::new("A", "a"), std::time::Duration::ZERO);
        assert_objects(&recorder, &["A /a durations=1 sum=0"]);
    }
}

#[test]
fn a_thousand_bounds_are_taken() {
    let bounds = (0..1000).map(f64::from);
    let recorder = Recorder::builder().bounds(bounds).build().unwrap();
    for second in 0..1001 {
        let duration = std::time::Duration::from_secs(second);
        recorder.record_duration(&ObjectId::new("A", "a"), duration);
    }
    assert_objects(&recorder, &["A /a durations=1001 sum=500500"]);
}

#[test]
fn no_objects_at_all_is_an_error() {
    let error = Recorder::builder().max_objects(0).build().unwrap_err();
    assert_eq!(error, BuildError::NoObjects);
    assert_eq!(error.to_string(), "max_objects is 0");
}

#[test]
fn the_last_call_of_a_setter_counts() {
    let builder = Recorder::builder().bounds([f64::NAN]).max_objects(0);
    let recorder = builder.bounds([1.0]).max_objects(1).build().unwrap();
    assert_eq!(recorder.durations().bounds(), [1.0]);
}

#[test]
fn a_recorder_is_registered_once() {
    let recorder = Recorder::new();
    recorder.record_suspend(&ObjectId::new("A", "a"), true);
    let (mut first, mut second) = (Registry::default(), Registry::default());
    recorder.register(&mut first).unwrap();

    let same = recorder.register(&mut first).unwrap_err();
    let other = recorder.register(&mut second).unwrap_err();
    let clone = recorder.clone().register(&mut second).unwrap_err();
    let below = first.sub_registry_with_prefix("p");
    let sub = recorder.register(below).unwrap_err();
    for error in [same, other, clone, sub] {
        assert_eq!(
            error.to_string(),
            "recorder is already registered in a registry"
        );
    }

    let mut out = String::new();
    text::encode(&mut out, &first).unwrap();
    assert_eq!(out.matches("# TYPE").count(), 1, "in\n{out}");
    out.clear();
    text::encode(&mut out, &second).unwrap();
    assert_eq!(out, "# EOF\n");

    // Another recorder is another matter.
    Recorder::new().register(&mut second).unwrap();
}
