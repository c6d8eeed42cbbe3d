//! prometheus-client's OpenMetrics, family by family, as a part of our own exposition.
//!
//! Reads only what prometheus-client 0.26 writes: HELP, TYPE, an optional UNIT, then samples.

use super::Format;

/// The name and the type in each TYPE line of `text`.
pub(super) fn families(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.filter_map(|line| line.split_once(' '))
}

/// Appends the families of `text` in `format`, each unless `take` refuses its name and type.
pub(super) fn append(
    out: &mut String,
    text: &str,
    format: Format,
    mut take: impl FnMut(&str, &str) -> bool,
) {
    let mut help = Vec::new();
    let mut writing = false;
    for line in text.lines() {
        if let Some(first) = line.strip_prefix("# HELP ") {
            help = vec![first];
        } else if let Some(described) = line.strip_prefix("# TYPE ") {
            let (name, metric_type) = described.split_once(' ').unwrap_or((described, ""));
            writing = take(name, metric_type);
            if writing {
                write_header(out, name, metric_type, &help, format);
            }
            help.clear();
        } else if !help.is_empty() {
            // prometheus-client does not escape help: this is its next line.
            help.push(line);
        } else if writing {
            write_line(out, line, format);
        }
    }
}

fn write_header(out: &mut String, name: &str, metric_type: &str, help: &[&str], format: Format) {
    let (suffix, metric_type) = match (format, metric_type) {
        (Format::Text, "counter") => ("_total", "counter"),
        (Format::Text, "info") => ("_info", "gauge"),
        (Format::Text, "unknown") => ("", "untyped"),
        (_, metric_type) => ("", metric_type),
    };
    let help = help.join("\\n");
    let help = help.strip_prefix(name).unwrap_or(&help).trim_start();
    for part in ["# HELP ", name, suffix, " "] {
        out.push_str(part);
    }
    write_help(out, help, format);
    for part in ["\n# TYPE ", name, suffix, " ", metric_type, "\n"] {
        out.push_str(part);
    }
}

/// Escapes are kept, a backslash that starts none is doubled.
fn write_help(out: &mut String, help: &str, format: Format) {
    let mut rest = help.chars();
    while let Some(c) = rest.next() {
        match (c, rest.clone().next()) {
            ('\\', Some('"')) if format == Format::Text => {}
            ('\\', Some(escaped @ ('\\' | 'n' | '"'))) => {
                out.extend([c, escaped]);
                rest.next();
            }
            ('\\', _) => out.push_str("\\\\"),
            ('"', _) if format == Format::OpenMetrics => out.push_str("\\\""),
            _ => out.push(c),
        }
    }
}

/// A sample, or a UNIT line.
fn write_line(out: &mut String, line: &str, format: Format) {
    let line = match format {
        Format::OpenMetrics => line,
        Format::Text if line.starts_with('#') => return,
        Format::Text => without_exemplar(line),
    };
    out.push_str(line);
    out.push('\n');
}

/// A sample up to the `#` behind its value; one in a label value is none.
fn without_exemplar(sample: &str) -> &str {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in sample.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'#' if !quoted => return sample.get(..at).unwrap_or(sample).trim_end(),
            _ => {}
        }
    }
    sample
}
