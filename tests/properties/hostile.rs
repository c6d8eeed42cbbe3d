//! Label values that have broken some writer, parser or sort order.
//!
//! Any string may come: Kubernetes checks names, but nobody checks who calls the recorder.

use proptest::prelude::*;

/// What is escaped, what looks like syntax, and what sorts apart as bytes, UTF-16 or escaped text.
const ATOMS: [&str; 40] = [
    "a",
    "a!",
    "\"",
    "\\",
    "\\\\",
    "\\n",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\0",
    " ",
    "\\\"",
    "\\\n",
    "# EOF",
    "\n# EOF\n",
    "# HELP x y",
    "{",
    "}",
    "} 1\n",
    ",",
    "=",
    "\",le=\"1",
    " # {a=\"b\"} 1",
    "+Inf",
    "NaN",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{202e}",
    "\u{feff}",
    "é",
    "e\u{301}",
    "İ",
    "ß",
    "\u{ffff}",
    "😀",
    "\u{10ffff}",
];

/// A value of a label that holds at most `cap` bytes; it may be longer.
pub(crate) fn value(cap: usize) -> impl Strategy<Value = String> {
    let atoms = || prop::collection::vec(prop::sample::select(&ATOMS[..]), 0..6);
    let concat = |atoms: Vec<&str>| atoms.concat();
    prop_oneof![
        6 => atoms().prop_map(concat),
        2 => prop::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter),
        // Long enough that something awkward stands right at the cap.
        2 => (prop::sample::select(vec!["x", "é", "😀", "\""]), 0..8_usize, atoms())
            .prop_map(move |(filling, short_by, tail)| {
                let mut value = filling.repeat(cap.saturating_sub(short_by) / filling.len());
                value.extend(tail);
                value
            }),
        1 => atoms().prop_map(move |atoms| atoms.concat().repeat(cap)),
    ]
}
