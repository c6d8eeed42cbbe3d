//! Reads the request header `Accept-Encoding`.
//!
//! Never fails: what cannot be read is passed over, and a scrape is better answered than refused.

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

use crate::exposition::thousandths;

/// Whether a body in gzip is welcome, and at least as welcome as a plain one.
///
/// Without the header nothing is compressed: who can read gzip says so.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
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
    // Unless it is named, a plain body is what remains where nothing else is welcome.
    gzip > 0 && gzip >= identity.unwrap_or_default()
}

/// A coding and its `q`.
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

    fn accepts(values: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
        }
        accepts_gzip(&headers)
    }

    #[test]
    fn gzip_is_for_those_who_ask() {
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
    fn gzip_is_for_nobody_else() {
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
