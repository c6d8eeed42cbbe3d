//! Media types, and the request headers `Accept` and `Accept-Encoding`.
//!
//! Never fails: unreadable parts are skipped, because answering a scrape beats rejecting it.

use std::cmp::Reverse;

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// A media type, as the header `Content-Type` names it.
///
/// # Examples
///
/// ```
/// use metrics_endpoint::MediaType;
///
/// let both = [MediaType::TEXT, MediaType::OPENMETRICS];
/// let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
/// assert_eq!(MediaType::preferred(&both, accept), Some(MediaType::OPENMETRICS));
/// assert_eq!(MediaType::preferred(&both, "text/html"), Some(MediaType::TEXT));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MediaType(&'static str);

impl MediaType {
    /// Prometheus text 0.0.4.
    pub const TEXT: Self = Self("text/plain; version=0.0.4; charset=utf-8");
    /// OpenMetrics 1.0 as text.
    pub const OPENMETRICS: Self =
        Self("application/openmetrics-text; version=1.0.0; charset=utf-8");

    /// A media type with its parameters.
    ///
    /// Must be a valid value of the header `Content-Type`. Otherwise scrapes are answered with 500.
    #[must_use]
    pub const fn new(content_type: &'static str) -> Self {
        Self(content_type)
    }

    /// Returns the value of the header `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        self.0
    }

    /// Selects the media type that a header `Accept` prefers.
    ///
    /// Prefers the higher `q`, then the more exact range, then the earlier range, then the earlier
    /// media type of `available`. Unreadable ranges are skipped. Returns the first media type if
    /// none is acceptable, and `None` only if there is none.
    #[must_use]
    pub fn preferred(available: &[Self], accept: &str) -> Option<Self> {
        preferred(available, accept)
    }

    pub(crate) fn is_openmetrics(self) -> bool {
        self.0.starts_with("application/openmetrics-text")
    }
}

/// How much a header wants a media type: `q` in thousandths, how exactly it names it, how early.
type Preference = (u16, u8, Reverse<usize>);

/// Returns the preferred media type, or the first one if none is acceptable.
fn preferred(available: &[MediaType], accept: &str) -> Option<MediaType> {
    let mut best = None;
    for media_type in available {
        let preference = preference(accept, *media_type);
        // Only a strictly better one: at a tie, the earlier one wins.
        if preference.is_some() && best.is_none_or(|(p, _)| preference > p) {
            best = Some((preference, *media_type));
        }
    }
    let best = best.map(|(_, media_type)| media_type);
    best.or_else(|| available.first().copied())
}

/// Returns `None` if the header does not accept the media type. The most exact range that matches
/// decides.
fn preference(accept: &str, media_type: MediaType) -> Option<Preference> {
    let ranges = accept.split(',').enumerate();
    let matching = ranges.filter_map(|(position, range)| {
        let (exactness, q) = match_range(range, media_type)?;
        Some((exactness, Reverse(position), q))
    });
    let (exactness, position, q) = matching.max()?;
    (q > 0).then_some((q, exactness, position))
}

/// Returns how exactly a media range names the media type, and its `q`, or `None` if it does not.
fn match_range(range: &str, media_type: MediaType) -> Option<(u8, u16)> {
    let mut ours = media_type.content_type().split(';').map(str::trim);
    let essence = ours.next()?;
    let (top, _) = essence.split_once('/')?;
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let mut exactness = match name.strip_suffix("/*") {
        Some("*") => 0,
        Some(any) if any == top => 1,
        _ if name == essence => 2,
        _ => return None,
    };
    let mut q = 1000;
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let (key, value) = (key.trim().to_ascii_lowercase(), unquoted(value));
        if key == "q" {
            q = thousandths(value)?;
            continue;
        }
        // Unknown parameters such as Prometheus 3's `escaping` do not matter.
        let mut ours = ours.clone().filter_map(|part| part.split_once('='));
        let Some((_, expected)) = ours.find(|(ours, _)| *ours == key) else {
            continue;
        };
        if !value.eq_ignore_ascii_case(expected) {
            return None;
        }
        if key == "version" {
            exactness = 3;
        }
    }
    Some((exactness, q))
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches('"')
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

/// Returns whether the client accepts gzip, and prefers it to a plain body or likes both equally.
///
/// Without the header nothing is compressed.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    let mut gzip = None;
    let mut identity = None;
    let mut any = None;
    for coding in values.filter_map(|value| value.to_str().ok()) {
        for coding in coding.split(',') {
            let Some((name, q)) = parse(coding) else {
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => gzip = Some(q),
                "identity" => identity = Some(q),
                "*" => any = Some(q),
                _ => {}
            }
        }
    }
    let gzip = gzip.or(any).unwrap_or_default();
    // A plain body is acceptable by default, but never preferred unless the header names it.
    gzip > 0 && gzip >= identity.unwrap_or_default()
}

/// Returns a coding and its `q`.
fn parse(coding: &str) -> Option<(&str, u16)> {
    let mut parts = coding.split(';').map(str::trim);
    let name = parts.next()?;
    let mut q = 1000;
    for part in parts {
        if let Some((key, value)) = part.split_once('=')
            && key.trim().eq_ignore_ascii_case("q")
        {
            q = thousandths(value.trim())?;
        }
    }
    Some((name, q))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const PROMETHEUS_2_42: &str = "application/openmetrics-text;version=1.0.0,\
        application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    const PROMETHEUS_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
        application/openmetrics-text;version=0.0.1;q=0.5,\
        text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    #[test]
    fn scrapers_get_the_media_type_that_they_prefer() {
        let both = [MediaType::TEXT, MediaType::OPENMETRICS];
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
            let preferred = preferred(&both, accept);
            assert_eq!(preferred, Some(MediaType::OPENMETRICS), "{accept}");
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
            assert_eq!(preferred(&both, accept), Some(MediaType::TEXT), "{accept}");
        }
        assert_eq!(preferred(&[], "*/*"), None);
    }

    fn accepts(values: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
        }
        accepts_gzip(&headers)
    }

    #[test]
    fn gzip_is_used_if_the_client_accepts_it() {
        // What Prometheus, curl, Go's client and a browser send.
        for asked in [
            "gzip",
            "deflate, gzip, br, zstd",
            "GZip",
            "x-gzip",
            "*",
            "gzip;q=0.5",
            "gzip; Q=0.001",
            "identity;q=0.5, gzip;q=1.0",
            "identity, gzip",
            "identity;q=0",
            "gzip;q=1,*;q=0",
        ] {
            assert_eq!(accepts(&[asked]), asked != "identity;q=0", "{asked}");
        }
        assert!(accepts(&["br", "gzip"]));
    }

    #[test]
    fn gzip_is_not_used_otherwise() {
        for asked in [
            "",
            "identity",
            "br",
            "gzip;q=0",
            "gzip;q=0.0",
            "*;q=0",
            "*, gzip;q=0",
            "gzip;q=0.5, identity",
            "gzip;q=2",
            "gzip;q=-1",
            "gzip;q=0.1234",
            "gzipped",
            ",;q=,=;",
        ] {
            assert!(!accepts(&[asked]), "{asked}");
        }
        assert!(!accepts(&[]));
    }
}
