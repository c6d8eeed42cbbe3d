//! Reads samples back from an exposition; shares no code with what writes them.

/// One sample line.
#[derive(Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: String,
}

impl Sample {
    /// The value of a label, empty if there is none.
    pub(crate) fn label(&self, name: &str) -> &str {
        let label = self.labels.iter().find(|(n, _)| n == name);
        label.map_or("", |(_, value)| value)
    }

    /// Kind, name and namespace.
    pub(crate) fn object(&self) -> (String, String, String) {
        let [kind, name, namespace] =
            ["kind", "name", "namespace"].map(|label| self.label(label).to_owned());
        (kind, name, namespace)
    }
}

/// All samples, in order.
#[track_caller]
pub(crate) fn samples(text: &str) -> Vec<Sample> {
    // Not `lines`, which takes a carriage return for a part of the line end.
    let lines = text.split_terminator('\n');
    let samples = lines.filter(|line| !line.starts_with('#'));
    samples
        .map(|line| sample(line).unwrap_or_else(|| panic!("no sample: {line:?} in\n{text}")))
        .collect()
}

fn sample(line: &str) -> Option<Sample> {
    let name_end = line.find([' ', '{'])?;
    let (name, mut rest) = line.split_at_checked(name_end)?;
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            labels.push((label.to_owned(), value));
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = rest.strip_prefix('}')?;
    }
    let value = rest.strip_prefix(' ')?;
    value.parse::<f64>().ok()?;
    Some(Sample {
        name: name.to_owned(),
        labels,
        value: value.to_owned(),
    })
}

/// What stands before the closing quote, without escapes, and what follows that quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(match chars.next()? {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                _ => return None,
            }),
            plain => value.push(plain),
        }
    }
}
