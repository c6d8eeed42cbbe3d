//! Order, identity and caps of labels are on raw values, whatever their escapes look like.

use std::collections::BTreeSet;

use gotk_metrics::ConditionStatus::True;
use gotk_metrics::Format::{OpenMetrics, Text};
use gotk_metrics::{ConditionType, ObjectId, Recorder};

use crate::parse::samples;
use crate::whole::assert_exposition;

const SUSPEND_HEADER: &str = "\
# HELP gotk_suspend_status The current suspend status of a GitOps Toolkit resource.
# TYPE gotk_suspend_status gauge
";

/// Values that sort otherwise, or meet, once they are escaped or stand in a line.
const HOSTILE: [&str; 22] = [
    "",
    "\0",
    "\n",
    "\n# EOF\n",
    " ",
    "!",
    "\"",
    "\"} 1\ngotk_suspend_status{name=\"",
    "# EOF",
    ",",
    "A",
    "\\",
    "\\\"",
    "\\\\",
    "\\n",
    "a",
    "a\n",
    "a!",
    "a\"",
    "é",
    "\u{202e}abc",
    "\u{feff}😀",
];

fn assert_suspend_lines(recorder: &Recorder, labels: &[&str]) {
    let mut expected = SUSPEND_HEADER.to_owned();
    for labels in labels {
        expected.extend(["gotk_suspend_status{", labels, "} 0\n"]);
    }
    assert_exposition(recorder, Text, &expected);
}

#[test]
fn names_sort_as_raw_values() {
    let recorder = Recorder::new();
    for name in ["a!", "a", "# EOF", "\"", "", "a\"", "\\", "["] {
        recorder.record_suspend(&ObjectId::new("K", name).within("ns"), false);
    }
    let labels = [
        r#"kind="K",name="",namespace="ns""#,
        r#"kind="K",name="\"",namespace="ns""#,
        r##"kind="K",name="# EOF",namespace="ns""##,
        r#"kind="K",name="[",namespace="ns""#,
        r#"kind="K",name="\\",namespace="ns""#,
        r#"kind="K",name="a",namespace="ns""#,
        r#"kind="K",name="a!",namespace="ns""#,
        r#"kind="K",name="a\"",namespace="ns""#,
    ];
    assert_suspend_lines(&recorder, &labels);
}

#[test]
fn kinds_and_namespaces_sort_as_raw_values() {
    let recorder = Recorder::new();
    for value in ["a!", "a", "\"", "[", "\\", ""] {
        recorder.record_suspend(&ObjectId::new(value, "n").within("ns"), false);
        recorder.record_suspend(&ObjectId::new("a", "n").within(value), false);
    }
    let labels = [
        r#"kind="",name="n",namespace="ns""#,
        r#"kind="\"",name="n",namespace="ns""#,
        r#"kind="[",name="n",namespace="ns""#,
        r#"kind="\\",name="n",namespace="ns""#,
        r#"kind="a",name="n",namespace="""#,
        r#"kind="a",name="n",namespace="\"""#,
        r#"kind="a",name="n",namespace="[""#,
        r#"kind="a",name="n",namespace="\\""#,
        r#"kind="a",name="n",namespace="a""#,
        r#"kind="a",name="n",namespace="a!""#,
        r#"kind="a",name="n",namespace="ns""#,
        r#"kind="a!",name="n",namespace="ns""#,
    ];
    assert_suspend_lines(&recorder, &labels);
}

#[test]
fn condition_types_sort_as_raw_values() {
    let recorder = Recorder::new();
    let types = ["a!", "Ready", "a", "\"", "Z", "[", "\\", "Stalled"];
    for condition in types {
        recorder.record_condition(
            &ObjectId::new("K", "n"),
            &ConditionType::new(condition),
            True,
        );
    }
    let text = recorder.encode(Text);
    let samples = samples(&text);
    let mut sorted = types;
    sorted.sort_unstable();
    for (states, status) in samples
        .chunks(types.len())
        .zip(["Deleted", "False", "True", "Unknown"])
    {
        let found: Vec<_> = states
            .iter()
            .map(|s| (s.label("status"), s.label("type")))
            .collect();
        assert_eq!(
            found,
            sorted.map(|condition| (status, condition)),
            "in\n{text}"
        );
    }
    assert_eq!(samples.len(), 4 * types.len(), "in\n{text}");
}

#[test]
fn values_that_look_alike_are_different_objects() {
    let recorder = Recorder::new();
    for name in ["a", "a\n", "a\\n", "a\\\n", "a\"", "a\\\"", "a\\", "a\\\\"] {
        recorder.record_suspend(&ObjectId::new("K", name), false);
    }
    let labels = [
        r#"kind="K",name="a",namespace="""#,
        r#"kind="K",name="a\n",namespace="""#,
        r#"kind="K",name="a\"",namespace="""#,
        r#"kind="K",name="a\\",namespace="""#,
        r#"kind="K",name="a\\\n",namespace="""#,
        r#"kind="K",name="a\\\"",namespace="""#,
        r#"kind="K",name="a\\\\",namespace="""#,
        r#"kind="K",name="a\\n",namespace="""#,
    ];
    assert_suspend_lines(&recorder, &labels);
}

#[test]
fn where_one_label_ends_matters() {
    let recorder = Recorder::new();
    for (kind, name, namespace) in [("ab", "c", "d"), ("a", "bc", "d"), ("a", "b", "cd")] {
        recorder.record_suspend(&ObjectId::new(kind, name).within(namespace), false);
    }
    let labels = [
        r#"kind="a",name="b",namespace="cd""#,
        r#"kind="a",name="bc",namespace="d""#,
        r#"kind="ab",name="c",namespace="d""#,
    ];
    assert_suspend_lines(&recorder, &labels);
}

#[test]
fn hostile_values_read_back_as_they_went_in() {
    let recorder = Recorder::new();
    let mut sorted = BTreeSet::new();
    for kind in HOSTILE {
        for name in HOSTILE {
            for namespace in HOSTILE {
                recorder.record_suspend(&ObjectId::new(kind, name).within(namespace), true);
                sorted.insert([kind, name, namespace].map(str::to_owned));
            }
        }
    }
    for format in [Text, OpenMetrics] {
        let text = recorder.encode(format);
        let read = samples(&text).into_iter().map(|sample| {
            assert_eq!(sample.name, "gotk_suspend_status");
            let labels: Vec<&str> = sample.labels.iter().map(|(n, _)| n.as_str()).collect();
            assert_eq!(labels, ["kind", "name", "namespace"]);
            <[String; 3]>::from(sample.object())
        });
        // Same objects, each once, in the order of their raw values.
        assert!(read.eq(sorted.iter().cloned()), "in {format:?}");
    }
}

#[test]
fn a_hostile_condition_type_reads_back_as_it_went_in() {
    // An empty one is refused.
    for hostile in HOSTILE.into_iter().filter(|hostile| !hostile.is_empty()) {
        let recorder = Recorder::new();
        let condition = ConditionType::new(hostile);
        recorder.record_condition(&ObjectId::new("K", "n"), &condition, True);
        for format in [Text, OpenMetrics] {
            let text = recorder.encode(format);
            let types = samples(&text)
                .into_iter()
                .map(|s| s.label("type").to_owned());
            assert_eq!(types.collect::<Vec<_>>(), [hostile; 4], "in\n{text}");
        }
    }
}

#[test]
fn values_are_capped_and_equal_ones_are_one_series() {
    let recorder = Recorder::new();
    let of_length = |length: usize, tail: &str| "x".repeat(length) + tail;
    for tail in ["", "1", "2", &"long".repeat(100_000)] {
        let id = ObjectId::new(of_length(63, tail), of_length(253, tail));
        recorder.record_suspend(&id.within(of_length(253, tail)), false);
    }
    let [kind, name] = [63, 253].map(|length| "x".repeat(length));
    let labels = format!(r#"kind="{kind}",name="{name}",namespace="{name}""#);
    assert_suspend_lines(&recorder, &[&labels]);
}

#[test]
fn a_value_one_byte_shorter_than_its_cap_is_another_series() {
    let recorder = Recorder::new();
    for name in ["x".repeat(252), "x".repeat(253)] {
        recorder.record_suspend(&ObjectId::new("K", name), false);
    }
    assert_eq!(samples(&recorder.encode(Text)).len(), 2);
}

#[test]
fn a_cap_never_splits_a_character() {
    let recorder = Recorder::new();
    // Each ends one byte above its cap, in a character of two or four bytes.
    let kind = "x".repeat(62) + "é";
    let name = "x".repeat(252) + "é";
    let namespace = "x".repeat(250) + "😀";
    let id = ObjectId::new(kind, name).within(namespace);
    recorder.record_suspend(&id, false);
    let [kind, name, namespace] = [62, 252, 250].map(|length| "x".repeat(length));
    let labels = format!(r#"kind="{kind}",name="{name}",namespace="{namespace}""#);
    assert_suspend_lines(&recorder, &[&labels]);
}

#[test]
fn escapes_do_not_count_in_a_cap() {
    let recorder = Recorder::new();
    recorder.record_suspend(&ObjectId::new("\n".repeat(64), "\"".repeat(254)), false);
    let [kind, name] = [r"\n".repeat(63), r#"\""#.repeat(253)];
    let labels = format!(r#"kind="{kind}",name="{name}",namespace="""#);
    assert_suspend_lines(&recorder, &[&labels]);
}

#[test]
fn condition_types_are_capped_and_equal_ones_are_one_condition() {
    let recorder = Recorder::new();
    for tail in ["", "1", "2", &"long".repeat(1000)] {
        let condition = ConditionType::new("x".repeat(316) + tail);
        recorder.record_condition(&ObjectId::new("K", "n"), &condition, True);
    }
    let split = ConditionType::new("y".repeat(315) + "é");
    recorder.record_condition(&ObjectId::new("K", "n"), &split, True);

    let text = recorder.encode(Text);
    let types = samples(&text)
        .into_iter()
        .map(|s| s.label("type").to_owned());
    let types: BTreeSet<String> = types.collect();
    assert_eq!(types, BTreeSet::from(["x".repeat(316), "y".repeat(315)]));
    assert_eq!(samples(&text).len(), 8, "in\n{text}");
}
