//! Samples as text, byte for byte.
//!
//! Takes help and type from the catalogue, whose text is held by fixtures elsewhere.

use gotk_metrics::{Family, FamilyType, Format};

use crate::parse::Sample;

pub(crate) fn text(samples: &[Sample], format: Format) -> String {
    let mut lines = Vec::new();
    let mut current = None;
    for sample in samples {
        let family = family(&sample.name);
        if current.replace(family) != Some(family) {
            lines.extend(header(family, format));
        }
        let labels = sample.labels.iter();
        let labels = labels.map(|(label, value)| format!("{label}=\"{}\"", escaped(value)));
        let labels = labels.collect::<Vec<_>>().join(",");
        lines.push(format!("{}{{{labels}}} {}", sample.name, sample.value));
    }
    if format == Format::OpenMetrics {
        lines.push("# EOF".to_owned());
    }
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

fn family(sample: &str) -> Family {
    let names = |family: &Family| match family.family_type() {
        FamilyType::Histogram => sample.starts_with(family.name()),
        _ => sample == family.name(),
    };
    Family::all()
        .find(names)
        .expect("a sample of a family of ours")
}

fn header(family: Family, format: Format) -> [String; 2] {
    let name = match (format, family.name().strip_suffix("_total")) {
        (Format::OpenMetrics, Some(name)) => name,
        _ => family.name(),
    };
    [
        format!("# HELP {name} {}", family.help()),
        format!("# TYPE {name} {}", family.family_type().as_str()),
    ]
}

fn escaped(value: &str) -> String {
    // Backslashes first: the others add some.
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
