//! Any `Accept` header: the answer is that of a second reading of it.
//!
//! Written from the documentation of `Format::from_accept`: of two formats the one of the higher `q`, then the one named
//! more exactly, then the one named first.

use gotk_metrics::Format;

/// Asks for the format of a header, and works it out once more.
///
/// # Panics
///
/// Where they differ.
pub fn accept(data: &[u8]) {
    let header = String::from_utf8_lossy(data);
    assert_eq!(
        Format::from_accept(&header),
        preferred(&header),
        "{header:?}"
    );
}

/// Shared with the target `requests`.
pub(crate) fn preferred(header: &str) -> Format {
    let text = Wanted::read(header, "text", "plain", "0.0.4");
    let openmetrics = Wanted::read(header, "application", "openmetrics-text", "1.0.0");
    match (text, openmetrics) {
        (None, Some(_)) => Format::OpenMetrics,
        (Some(text), Some(openmetrics)) if openmetrics.is_before(&text) => Format::OpenMetrics,
        _ => Format::Text,
    }
}

/// How much a format is wanted.
struct Wanted {
    q: u32,
    exactness: usize,
    place: usize,
}

impl Wanted {
    fn read(header: &str, top: &str, sub: &str, version: &str) -> Option<Self> {
        let mut best: Option<Self> = None;
        for (place, range) in header.split(',').enumerate() {
            let Some((exactness, q)) = range_of(range, top, sub, version) else {
                continue;
            };
            if best.as_ref().is_none_or(|best| exactness > best.exactness) {
                best = Some(Self {
                    q,
                    exactness,
                    place,
                });
            }
        }
        best.filter(|best| best.q > 0)
    }

    fn is_before(&self, other: &Self) -> bool {
        if self.q != other.q {
            return self.q > other.q;
        }
        if self.exactness != other.exactness {
            return self.exactness > other.exactness;
        }
        self.place < other.place
    }
}

/// How exactly the range names the format, and its q; None if it is of something else.
fn range_of(range: &str, top: &str, sub: &str, version: &str) -> Option<(usize, u32)> {
    let mut exact_version = false;
    let mut q = 1000;
    let (name, parameters) = range
        .split_once(';')
        .map_or((range, None), |(name, rest)| (name, Some(rest)));
    let name = name.trim().to_ascii_lowercase();
    for parameter in parameters.into_iter().flat_map(|all| all.split(';')) {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let (key, value) = (
            key.trim().to_ascii_lowercase(),
            value.trim().trim_matches('"'),
        );
        match &*key {
            "q" => q = thousandths(value)?,
            "version" if value != version => return None,
            "version" => exact_version = true,
            "charset" if !value.eq_ignore_ascii_case("utf-8") => return None,
            _ => {}
        }
    }
    let plain = if name == format!("{top}/{sub}") {
        2
    } else if name == format!("{top}/*") {
        1
    } else if name == "*/*" {
        0
    } else {
        return None;
    };
    Some((if exact_version { 3 } else { plain }, q))
}

/// A `q`, at most one, of at most three decimals.
fn thousandths(q: &str) -> Option<u32> {
    let (whole, decimals) = q.split_once('.').unwrap_or((q, ""));
    if !["", "0", "1"].contains(&whole) || decimals.len() > 3 {
        return None;
    }
    let mut value = u32::from(whole == "1");
    for place in 0..3 {
        let digit = decimals.chars().nth(place).unwrap_or('0').to_digit(10)?;
        value = value * 10 + digit;
    }
    (value <= 1000).then_some(value)
}
