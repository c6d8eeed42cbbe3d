//! Label values that somebody chose to break a scrape with.
//!
//! Each stands in each of the four places that an object's user can write to.

use gotk_metrics::{ConditionStatus, ConditionType, ObjectId, Recorder};
use serde_json::{Value, json};

fn values() -> Vec<String> {
    let short = [
        "",
        " ",
        "\"",
        "\\",
        "\\\"",
        "\\n",
        "\n",
        "\r\n",
        "\t",
        "\0",
        "a\0b",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        // Right to left, and a mark of byte order.
        "\u{202e}gpj.exe",
        "\u{feff}",
        "\u{feff}# EOF",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "e\u{301}",
        "\u{10ffff}",
        "\u{fffd}",
        "# EOF",
        "\n# EOF\n",
        "} 1\ninjected{a=\"b\"} 1\n",
        "\",injected=\"1",
        "# HELP gotk_suspend_status injected",
        "{{ template }}",
        "$(command) `command` %s %n %00",
        "NaN",
        "+Inf",
        "<script>alert(1)</script>",
    ];
    let long = ["a", "\"", "\\", "\n", "\0", "\u{1f600}"].map(|part| part.repeat(1 << 20));
    short.into_iter().map(str::to_owned).chain(long).collect()
}

pub(super) fn record(recorder: &Recorder) {
    for value in values() {
        for id in ids(&value) {
            recorder.record_condition(&id, &ConditionType::READY, ConditionStatus::True);
            recorder.record_suspend(&id, true);
            recorder.start(&id).succeed();
        }
    }
    // There is room for so many.
    for value in values().into_iter().take(12) {
        let id = ObjectId::new("Type", "of").within("condition");
        let hostile = ConditionType::new(value);
        recorder.record_condition(&id, &hostile, ConditionStatus::False);
    }
}

fn ids(value: &str) -> [ObjectId<'_>; 3] {
    [
        ObjectId::new(value, "kind").within("ns"),
        ObjectId::new("Name", value).within("ns"),
        ObjectId::new("Namespace", "ns").within(value),
    ]
}

/// All objects before anything was cut off, as kind, name and namespace, but for the one with the
/// condition types.
pub(super) fn truth() -> Value {
    let values = values();
    let objects = values.iter().flat_map(|value| ids(value));
    objects
        .map(|id| json!([id.kind(), id.name(), id.namespace()]))
        .collect()
}
