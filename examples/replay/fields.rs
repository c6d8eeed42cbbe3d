//! The fields of one line, read from left to right.
//!
//! Every error names the field by what the grammar calls it.

use std::slice::Split;
use std::str::{Chars, from_utf8};
use std::time::Duration;

type IsTab = fn(&u8) -> bool;

pub(crate) struct Fields<'a> {
    rest: Split<'a, u8, IsTab>,
    /// The field read last.
    last: &'static str,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(line: &'a [u8]) -> Self {
        let is_tab: IsTab = |byte| *byte == b'\t';
        Self {
            rest: line.split(is_tab),
            last: "none",
        }
    }

    /// The next field, without its escapes.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<String, String> {
        self.parse(name, |field| Ok(field.to_owned()))
    }

    /// What `parse` makes of the next field.
    pub(crate) fn parse<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        let field = self.rest.next();
        let field = field.ok_or_else(|| format!("field {name} is missing"))?;
        self.last = name;
        let value = unescape(field).and_then(|field| parse(&field));
        value.map_err(|problem| format!("field {name}: {problem}"))
    }

    /// There must be no more.
    pub(crate) fn end(mut self) -> Result<(), String> {
        match self.rest.next() {
            Some(extra) => {
                let (last, extra) = (self.last, String::from_utf8_lossy(extra));
                Err(format!("field {extra:?} after {last} is one too many"))
            }
            None => Ok(()),
        }
    }
}

fn unescape(field: &[u8]) -> Result<String, String> {
    let field = from_utf8(field).map_err(|_| {
        let field = String::from_utf8_lossy(field);
        format!("{field:?} is not UTF-8")
    })?;
    let mut chars = field.chars();
    let mut plain = String::with_capacity(field.len());
    while let Some(c) = chars.next() {
        let c = if c == '\\' { escaped(&mut chars)? } else { c };
        plain.push(c);
    }
    Ok(plain)
}

/// What the characters behind a backslash stand for.
fn escaped(chars: &mut Chars<'_>) -> Result<char, String> {
    match chars.next() {
        Some('n') => Ok('\n'),
        Some('t') => Ok('\t'),
        Some('\\') => Ok('\\'),
        Some(c) => Err(format!("\\{} is not an escape", c.escape_debug())),
        None => Err("the last backslash escapes nothing".to_owned()),
    }
}

/// Decimal seconds with at most nine digits behind the point, read exactly.
pub(crate) fn seconds(field: &str) -> Result<Duration, String> {
    let bad = |what| format!("{field:?} is {what}");
    let (whole, fraction) = field.split_once('.').unwrap_or((field, "0"));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty();
    if !is_number(whole) || !is_number(fraction) {
        return Err(bad("not a decimal number of seconds"));
    }
    if fraction.len() > 9 {
        return Err(bad("finer than a nanosecond"));
    }
    let seconds = whole.parse().map_err(|_| bad("too long"))?;
    let nanos = format!("{fraction:0<9}")
        .parse()
        .map_err(|_| bad("too long"))?;
    Ok(Duration::new(seconds, nanos))
}
