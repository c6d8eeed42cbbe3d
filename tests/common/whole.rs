//! Comparisons of whole expositions.

use gotk_metrics::{Format, Recorder};

/// Compares the whole exposition, byte for byte.
#[track_caller]
pub(crate) fn assert_exposition(recorder: &Recorder, format: Format, expected: &str) {
    assert_text(&recorder.encode(format), expected);
}

/// Compares two texts and names the first line that differs.
#[track_caller]
pub(crate) fn assert_text(found: &str, expected: &str) {
    let line = |text: &str| {
        let line = text.split_terminator('\n').zip(1..);
        line.map(|(line, number)| format!("{number}: {line}"))
            .collect::<Vec<_>>()
    };
    let (found_lines, expected_lines) = (line(found), line(expected));
    let same = std::iter::zip(&found_lines, &expected_lines).take_while(|(a, b)| a == b);
    let first = same.count();
    assert!(
        found == expected,
        "first difference:\n{:?}\n{:?} expected\nin\n{found}",
        found_lines.get(first),
        expected_lines.get(first),
    );
}
