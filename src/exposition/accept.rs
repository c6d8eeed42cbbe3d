//! Reads the request header `Accept`.
//!
//! Never fails: the header comes from outside, and a scrape is better answered than refused.

use std::cmp::Reverse;

use super::Format;

/// How much a header wants a format: `q` in thousandths, how exactly it names it, how early.
type Preference = (u16, u8, Reverse<usize>);

pub(super) fn preferred(accept: &str) -> Format {
    let text = preference(accept, Format::Text);
    let open_metrics = preference(accept, Format::OpenMetrics);
    if open_metrics.is_some() && open_metrics > text {
        Format::OpenMetrics
    } else {
        Format::Text
    }
}

/// `None` if the header does not accept `format`. The most exact range that fits decides.
fn preference(accept: &str, format: Format) -> Option<Preference> {
    let ranges = accept.split(',').enumerate();
    let fitting = ranges.filter_map(|(position, range)| {
        let (exactness, q) = fit(range, format)?;
        Some((exactness, Reverse(position), q))
    });
    let (exactness, position, q) = fitting.max()?;
    (q > 0).then_some((q, exactness, position))
}

/// How exactly a media range names `format`, and its `q`; `None` if it does not.
fn fit(range: &str, format: Format) -> Option<(u8, u16)> {
    let (media_type, version) = match format {
        Format::Text => ("text/plain", "0.0.4"),
        Format::OpenMetrics => ("application/openmetrics-text", "1.0.0"),
    };
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let (top, _) = media_type.split_once('/')?;
    let mut exactness = match name.strip_suffix("/*") {
        Some("*") => 0,
        Some(any) if any == top => 1,
        _ if name == media_type => 2,
        _ => return None,
    };
    let mut q = 1000;
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim().trim_matches('"');
        match key.trim().to_ascii_lowercase().as_str() {
            "q" => q = thousandths(value)?,
            "version" if value == version => exactness = 3,
            "version" => return None,
            "charset" if !value.eq_ignore_ascii_case("utf-8") => return None,
            // Such as Prometheus 3's `escaping`: our names need none.
            _ => {}
        }
    }
    Some((exactness, q))
}

/// Reads `0`, `1`, `0.5`, `0.125` and the like.
fn thousandths(q: &str) -> Option<u16> {
    let (whole, fraction) = q.split_once('.').unwrap_or((q, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" | "" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMETHEUS_2_42: &str = "application/openmetrics-text;version=1.0.0,\
        application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    const PROMETHEUS_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
        application/openmetrics-text;version=0.0.1;q=0.5,\
        text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    #[test]
    fn scrapers_get_the_format_they_prefer() {
        for accept in [
            PROMETHEUS_2_42,
            PROMETHEUS_3,
            "application/openmetrics-text",
            "APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"",
            "application/*",
            "text/plain;q=0.2,application/openmetrics-text;q=0.3",
            "application/openmetrics-text,text/plain",
            "*/*;q=0.9,text/plain;q=0.1",
        ] {
            assert_eq!(preferred(accept), Format::OpenMetrics, "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "text/*",
            "text/html",
            "text/plain,application/openmetrics-text",
            "text/plain;version=0.0.4,application/openmetrics-text",
            "application/openmetrics-text;version=0.0.1",
            "application/openmetrics-text;q=0",
            "*/*;q=0.1,application/openmetrics-text;q=0",
            "application/openmetrics-text;q=2",
            "application/openmetrics-text;q=0.1234",
            "application/openmetrics-text;q=-1",
            "application/openmetrics-text;charset=latin1",
            ",;=;q=,",
        ] {
            assert_eq!(preferred(accept), Format::Text, "{accept}");
        }
    }
}
