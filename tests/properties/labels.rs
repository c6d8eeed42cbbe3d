//! Label values come back as they were given, capped, in the order of their bytes.

use std::time::Duration;

use gotk_metrics::ConditionStatus::True;
use gotk_metrics::{ConditionType, Format, ObjectId, Outcome, Recorder};
use proptest::prelude::*;

use crate::hostile::value;
use crate::model::{CAPS, End, Key, Model, TYPE_CAP, capped, modelled};
use crate::parse;
use crate::{FORMATS, config, on_manual_clock, render, samples};

/// Two objects that share some parts more often than not.
fn ids() -> impl Strategy<Value = Vec<Key>> {
    let values = |cap| prop::collection::vec(value(cap), 1..4);
    let parts = (values(CAPS[0]), values(CAPS[1]), values(CAPS[2]));
    (
        parts,
        prop::collection::vec(any::<[prop::sample::Index; 3]>(), 1..10),
    )
        .prop_map(|((kinds, names, namespaces), ids)| {
            let id = |[kind, name, namespace]: [prop::sample::Index; 3]| {
                [
                    kind.get(&kinds).clone(),
                    name.get(&names).clone(),
                    namespace.get(&namespaces).clone(),
                ]
            };
            ids.into_iter().map(id).collect()
        })
}

/// Something in each family for each object.
fn record(recorder: &Recorder, ids: &[Key], types: &[String]) -> Model {
    let mut model = Model::new(Duration::MAX, usize::MAX);
    for raw @ [kind, name, namespace] in ids {
        let id = ObjectId::new(kind, name).within(namespace);
        let key: Key = std::array::from_fn(|part| capped(&raw[part], CAPS[part]));
        for condition in types {
            recorder.record_condition(&id, &ConditionType::new(condition.clone()), True);
            model.condition(&key, condition, True);
        }
        recorder.record_suspend(&id, true);
        model.suspend(&key, true);
        recorder.start(&id).succeed();
        let attempt = model.start(&key);
        model.end(&attempt, End::Finished(Outcome::Success));
    }
    model
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn hostile_values_read_back_as_they_were_given(
        ids in ids(),
        types in prop::collection::vec(value(TYPE_CAP), 0..4),
    ) {
        let (recorder, _) = on_manual_clock(modelled());
        let model = record(&recorder, &ids, &types);
        let bounds = recorder.durations();
        for format in FORMATS {
            let text = recorder.encode(format);
            let expected = samples::of(&model, bounds.bounds(), format);
            prop_assert_eq!(parse::samples(&text), &*expected);
            // The parser above would not miss a comma, or see a line that is none.
            prop_assert_eq!(&text, &render::text(&expected, format));
            prop_assert_eq!(text.ends_with("\n# EOF\n"), format == Format::OpenMetrics);
        }
    }

    #[test]
    fn ids_that_are_equal_once_they_are_capped_are_one_object(
        [kind, name, namespace] in CAPS.map(value),
        tails in CAPS.map(value),
    ) {
        let (recorder, _) = on_manual_clock(modelled());
        let longer = |value: &str, cap: usize, tail: &str| {
            let filled = format!("{value}{}", "x".repeat(cap));
            [capped(&filled, cap), capped(&filled, cap) + tail]
        };
        let kinds = longer(&kind, CAPS[0], &tails[0]);
        let names = longer(&name, CAPS[1], &tails[1]);
        let namespaces = longer(&namespace, CAPS[2], &tails[2]);
        for ((kind, name), namespace) in kinds.iter().zip(&names).zip(&namespaces) {
            recorder.record_suspend(&ObjectId::new(kind, name).within(namespace), true);
        }
        // A tail that fits is a part of the value.
        let parts = [&kinds, &names, &namespaces];
        let capped = std::iter::zip(parts, CAPS).map(|([_, long], cap)| capped(long, cap));
        let same = std::iter::zip(parts, capped).all(|([short, _], long)| *short == long);
        let found = parse::samples(&recorder.encode(Format::Text)).len();
        prop_assert_eq!(found, if same { 1 } else { 2 });
    }
}
