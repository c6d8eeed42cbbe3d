//! Reads the families that a scraper selects: `?name[]=family&name[]=…`.
//!
//! As in Go's client library. Never fails: unreadable names select nothing.

use std::collections::HashSet;

/// Returns the selected families, or `None` if the query selects none.
pub(crate) fn families(query: Option<&str>) -> Option<HashSet<String>> {
    let pairs = query.unwrap_or_default().split('&');
    let names = pairs.filter_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key) == b"name[]").then(|| decode(value))
    });
    // No family has a name that is not UTF-8.
    let names: HashSet<String> = names
        .map(|name| String::from_utf8(name).unwrap_or_default())
        .collect();
    (!names.is_empty()).then_some(names)
}

/// Decodes percent-encoding. A `%` without two digits stays.
fn decode(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let encoded = match (byte, ahead.next().and_then(hex), ahead.next().and_then(hex)) {
            (b'%', Some(high), Some(low)) => Some(high << 4 | low),
            _ => None,
        };
        if encoded.is_some() {
            bytes = ahead;
        }
        out.push(encoded.unwrap_or(byte));
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    let digit = char::from(digit).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_undone() {
        for (encoded, decoded) in [
            ("", ""),
            ("name[]", "name[]"),
            ("name%5B%5D", "name[]"),
            ("name%5b%5d", "name[]"),
            ("a%", "a%"),
            ("a%4", "a%4"),
            ("%4g%41", "%4gA"),
            ("%%41", "%A"),
            ("a+b", "a+b"),
        ] {
            assert_eq!(decode(encoded), decoded.as_bytes(), "{encoded}");
        }
        assert_eq!(decode("%ff"), [0xff]);
    }
}
