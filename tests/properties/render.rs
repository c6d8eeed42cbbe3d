//! Samples as text, byte for byte.
//!
//! Takes help and type from the catalogue, whose text is held by fixtures elsewhere.

use gotk_metrics::{Family, FamilyType, Format};

use crate::parse::Sample;

pub(crate) fn text(samples: &[Sample], format: Format) -> String {
    // One string throughout: the fuzzer does this millions of times.
    let mut text = String::new();
    let mut current = None;
    for sample in samples {
        let family = family(&sample.name);
        if current.replace(family) != Some(family) {
            text += &header(family, format);
        }
        text += &sample.name;
        text.push('{');
        for (number, (label, value)) in sample.labels.iter().enumerate() {
            if number > 0 {
                text.push(',');
            }
            text += label;
            text += "=\"";
            escape(value, &mut text);
            text.push('"');
        }
        text += "} ";
        text += &sample.value;
        text.push('\n');
    }
    if format == Format::OpenMetrics {
        text += "# EOF\n";
    }
    text
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

fn header(family: Family, format: Format) -> String {
    let name = match (format, family.name().strip_suffix("_total")) {
        (Format::OpenMetrics, Some(name)) => name,
        _ => family.name(),
    };
    let (help, of_type) = (family.help(), family.family_type().as_str());
    format!("# HELP {name} {help}\n# TYPE {name} {of_type}\n")
}

fn escape(value: &str, out: &mut String) {
    for character in value.chars() {
        match character {
            '\\' => *out += "\\\\",
            '"' => *out += "\\\"",
            '\n' => *out += "\\n",
            plain => out.push(plain),
        }
    }
}
