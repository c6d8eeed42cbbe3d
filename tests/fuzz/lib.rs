//! What the fuzzer calls with arbitrary bytes: a function for each target, which panics where the crate is wrong.
//!
//! What is right is worked out anew: from the model of `tests/properties`, or from a standard's own words. Here, apart
//! from the fuzzer, so that a plain `cargo test` runs the corpus through the same functions.

mod accept;
mod bytes;
#[cfg(feature = "dynamic")]
mod dynamic;
#[path = "../../examples/replay/fields.rs"]
mod fields;
#[path = "../properties/go.rs"]
mod go;
#[path = "../common/manual.rs"]
mod manual;
#[path = "../properties/model.rs"]
mod model;
mod operations;
#[path = "../properties/pair.rs"]
mod pair;
#[expect(dead_code, reason = "the root package's tests need more of it")]
#[path = "../common/parse.rs"]
mod parse;
#[path = "../properties/render.rs"]
mod render;
mod replay;
#[cfg(feature = "requests")]
mod requests;
#[path = "../properties/samples.rs"]
mod samples;
#[path = "../../examples/replay/script.rs"]
mod script;

use gotk_metrics::{Format, Recorder};

pub use self::accept::accept;
#[cfg(feature = "dynamic")]
pub use self::dynamic::dynamic;
pub use self::operations::operations;
pub use self::replay::replay;
#[cfg(feature = "requests")]
pub use self::requests::requests;

use self::manual::on_manual_clock;
use self::model::Model;

/// What is called with the bytes that the fuzzer found.
pub type Target = fn(&[u8]);

/// All targets, by the names of their corpora.
pub const TARGETS: &[(&str, Target)] = &[
    ("accept", accept),
    #[cfg(feature = "dynamic")]
    ("dynamic", dynamic),
    ("operations", operations),
    ("replay", replay),
    #[cfg(feature = "requests")]
    ("requests", requests),
];

const FORMATS: [Format; 2] = [Format::Text, Format::OpenMetrics];

/// Reads the exposition back, and compares it byte for byte besides.
#[track_caller]
fn assert_exposes(recorder: &Recorder, model: &Model, format: Format) {
    let text = recorder.encode(format);
    let durations = recorder.durations();
    let expected = samples::of(model, durations.bounds(), format);
    assert!(parse::samples(&text) == expected, "in\n{text}");
    // The parser above would not miss a comma, or see a line that is none.
    assert_eq!(text, render::text(&expected, format));
}
