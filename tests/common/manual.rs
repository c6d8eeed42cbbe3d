//! Recorders that stand still in time.

use gotk_metrics::{ManualClock, Recorder, RecorderBuilder};

/// A recorder whose time passes only when the clock is told so.
pub(crate) fn on_manual_clock(builder: RecorderBuilder) -> (Recorder, ManualClock) {
    let clock = ManualClock::new();
    let time = clock.clone();
    let recorder = builder.clock(move || time.now()).build();
    (recorder.expect("the options of a test are valid"), clock)
}
