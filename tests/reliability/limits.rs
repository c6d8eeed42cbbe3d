//! R9, R10, R15: what is too much or wrong is refused and counted, or an error that names it.
//!
//! Hostile names are of every length and every kind of character.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gotk_metrics::{ConditionStatus, ConditionType, Format, ObjectId, Recorder};

use crate::{Effort, Row, app, parse};

const READY: ConditionType = ConditionType::READY;
const CAPS: [(&str, usize); 4] = [
    ("kind", 63),
    ("name", 253),
    ("namespace", 253),
    ("type", 316),
];

pub(crate) fn objects(effort: Effort) -> Row {
    const CAP: usize = 1000;
    const EXISTING: usize = 500;
    let recorder = Recorder::builder()
        .max_objects(CAP)
        .build()
        .expect("these options are valid");
    for number in 0..EXISTING {
        recorder.record_condition(&app(number), &READY, ConditionStatus::True);
    }
    let hostile = effort.of(1_000_000, 100_000);
    for number in 0..hostile {
        let id = ObjectId::new("App", format!("\"\n{number}")).within("\\");
        recorder.record_condition(&id, &READY, ConditionStatus::False);
    }
    let samples = parse::samples(&recorder.encode(Format::Text));
    let states = samples
        .iter()
        .filter(|sample| sample.name == "gotk_reconcile_condition" && sample.value == "1");
    let (intact, others): (Vec<_>, Vec<_>) =
        states.partition(|sample| sample.label("status") == "True");
    let refused = samples
        .iter()
        .find(|sample| sample.label("limit") == "objects");
    let refused = refused
        .and_then(|sample| sample.value.parse::<f64>().ok())
        .unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let expected = (hostile - (CAP - EXISTING)) as f64;
    let shown = intact.len() + others.len();
    let pass = shown == CAP && intact.len() == EXISTING && refused.to_bits() == expected.to_bits();
    (
        pass,
        format!(
            "{shown} objects of at most {CAP}, {} of {EXISTING} intact, {refused} of {hostile} refused",
            intact.len()
        ),
    )
}

pub(crate) fn labels(effort: Effort) -> Row {
    let count = effort.of(100_000, 10_000);
    let mut rng = fastrand::Rng::with_seed(1);
    let mut long = |cap: usize| {
        let filling = ["x", "é", "\u{4e2d}", "😀", "\"", "\n"][rng.usize(..6)];
        // Something awkward right at the cap.
        let start = "y".repeat(rng.usize(..4));
        start + &filling.repeat(cap / filling.len() + 1 + rng.usize(..400))
    };
    let (mut over, mut longest, mut values) = (0, [0; 4], 0);
    while values < count {
        let recorder = Recorder::new();
        for _ in 0..2 {
            let [kind, name, namespace, condition] = CAPS.map(|(_, cap)| long(cap));
            let id = ObjectId::new(kind, name).within(namespace);
            recorder.record_condition(&id, &ConditionType::new(condition), ConditionStatus::True);
            values += CAPS.len();
        }
        // A text is UTF-8, and so is what it was cut to, or this would not be one.
        for sample in parse::samples(&recorder.encode(Format::Text)) {
            for (place, (label, cap)) in CAPS.iter().enumerate() {
                let length = sample.label(label).len();
                longest[place] = length.max(longest[place]);
                over += usize::from(length > *cap);
            }
        }
    }
    let reached = longest == CAPS.map(|(_, cap)| cap);
    (
        over == 0 && reached,
        format!("{over} over their cap, longest {longest:?} bytes, {values} values"),
    )
}

/// What each mistake at set-up says; the port in use and the names are tests of the server and of kube.
pub(crate) fn set_up(_: Effort) -> Row {
    let built = |bounds: &[f64]| {
        Recorder::builder()
            .bounds(bounds.iter().copied())
            .build()
            .err()
    };
    let bounds = [
        &[][..],
        &[1.0, 1.0],
        &[2.0, 1.0],
        &[f64::NAN],
        &[f64::INFINITY],
    ];
    let checks = catch_unwind(AssertUnwindSafe(|| {
        let mut errors: Vec<Option<String>> = bounds
            .iter()
            .map(|bounds| built(bounds).map(|error| error.to_string()))
            .collect();
        let none = Recorder::builder().max_objects(0).build();
        errors.push(none.err().map(|error| error.to_string()));
        let recorder = Recorder::new();
        let registry = std::sync::Arc::default();
        let first = recorder.append(std::sync::Arc::clone(&registry));
        errors.push(
            recorder
                .append(registry)
                .err()
                .map(|error| error.to_string()),
        );
        (first.is_ok(), errors)
    }));
    let Ok((first, errors)) = checks else {
        return (false, "a panic".to_owned());
    };
    let told = errors
        .iter()
        .flatten()
        .filter(|error| !error.is_empty())
        .count();
    (
        first && told == errors.len(),
        format!("{told} of {} mistakes are errors, no panic", errors.len()),
    )
}
