//! The process-wide recorder, set by the program. A process of its own: there is only one.

use gotk_metrics::{AlreadySet, ObjectId, Recorder};

#[test]
fn the_recorder_that_was_set_is_the_global_one() {
    let recorder = Recorder::builder().max_objects(1).build().unwrap();
    Recorder::set_global(recorder.clone()).unwrap();

    let global: &'static Recorder = Recorder::global();
    global.record_suspend(&ObjectId::new("App", "a"), true);
    global.record_suspend(&ObjectId::new("App", "b"), true);
    let text = recorder.encode(gotk_metrics::Format::Text);
    assert!(
        text.contains("gotk_suspend_status{kind=\"App\",name=\"a\""),
        "in\n{text}"
    );
    assert!(
        text.contains("refused_total{limit=\"objects\"} 1\n"),
        "in\n{text}"
    );

    let again = Recorder::set_global(recorder.clone());
    assert_eq!(again, Err(AlreadySet));
    assert_eq!(AlreadySet.to_string(), "the global recorder is already set");
    assert_eq!(Recorder::global().encode(gotk_metrics::Format::Text), text);
}
