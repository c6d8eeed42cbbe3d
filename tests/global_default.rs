//! The process-wide recorder, made by its first use. A process of its own: there is only one.

use gotk_metrics::{AlreadySet, Format, ObjectId, Recorder};

#[test]
fn the_first_use_makes_a_default_recorder_and_it_is_too_late_to_set_another() {
    // Another recorder is not made global by being there.
    let other = Recorder::new();
    Recorder::global().record_suspend(&ObjectId::new("App", "a"), true);
    assert_eq!(other.encode(Format::Text), "");
    assert_eq!(Recorder::set_global(other), Err(AlreadySet));

    let seen_elsewhere = std::thread::spawn(|| Recorder::global().encode(Format::Text));
    let text = seen_elsewhere.join().unwrap();
    assert!(
        text.contains("gotk_suspend_status{kind=\"App\",name=\"a\""),
        "in\n{text}"
    );
}
