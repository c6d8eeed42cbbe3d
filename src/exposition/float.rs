//! Numbers as Go's expfmt writes them, to the digit.
//!
//! The shortest digits that read back equal come from `zmij`; where the point and the exponent go
//! is the rule of Go's `strconv.AppendFloat(f, 'g', -1, 64)`: an exponent from 1e6 up and below
//! 1e-4.

use super::Format;

/// Counts below this are plain integers in both formats.
const FIRST_EXPONENT: u64 = 1_000_000;

/// Appends a sample value or a bound.
pub(super) fn write_float(out: &mut String, value: f64, format: Format) {
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else if value == 0.0 {
        // Go drops the sign of a zero.
        out.push_str(integral("0.0", format));
    } else if (1e-4..1e6).contains(&value.abs()) {
        // zmij writes an exponent only far beyond, and `.0` behind an integer.
        out.push_str(integral(zmij::Buffer::new().format_finite(value), format));
    } else {
        write_exponential(out, value);
    }
}

/// Appends the value of a count: `_bucket` and `_count`.
pub(super) fn write_count(out: &mut String, count: u64, format: Format) {
    if count < FIRST_EXPONENT || format == Format::OpenMetrics {
        out.push_str(itoa::Buffer::new().format(count));
    } else {
        write_counter(out, count, format);
    }
}

/// Appends the value of a counter, a float as any other.
#[expect(
    clippy::cast_precision_loss,
    reason = "Go's counters are floats on the wire too"
)]
pub(super) fn write_counter(out: &mut String, count: u64, format: Format) {
    write_float(out, count as f64, format);
}

/// OpenMetrics wants a float to look like one, text 0.0.4 wants it short.
fn integral(printed: &str, format: Format) -> &str {
    match format {
        Format::Text => printed.strip_suffix(".0").unwrap_or(printed),
        Format::OpenMetrics => printed,
    }
}

/// As Go: at least two digits of exponent, always a sign.
fn write_exponential(out: &mut String, value: f64) {
    let mut buffer = zmij::Buffer::new();
    // `1e30`, `1.5e-9`, `1000000.0` or `0.00001`.
    let printed = buffer.format_finite(value.abs());
    let (mantissa, shift) = printed.split_once('e').unwrap_or((printed, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let first_digit = match whole {
        "0" => -1 - len(fraction) + len(fraction.trim_start_matches('0')),
        _ => len(whole) - 1,
    };
    // Three digits at most.
    let exponent = first_digit + shift.parse::<i32>().unwrap_or_default();

    let digits = [whole, fraction].concat();
    let (first, rest) = digits
        .trim_matches('0')
        .split_at_checked(1)
        .unwrap_or(("0", ""));
    if value < 0.0 {
        out.push('-');
    }
    out.push_str(first);
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    out.push_str(if exponent < 0 { "e-" } else { "e+" });
    if exponent.abs() < 10 {
        out.push('0');
    }
    out.push_str(itoa::Buffer::new().format(exponent.abs()));
}

/// A float has some three hundred digits at most.
fn len(digits: &str) -> i32 {
    i32::try_from(digits.len()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64) -> String {
        let mut out = String::new();
        write_float(&mut out, value, Format::Text);
        out
    }

    fn open_metrics(value: f64) -> String {
        let mut out = String::new();
        write_float(&mut out, value, Format::OpenMetrics);
        out
    }

    #[test]
    #[expect(clippy::unreadable_literal, reason = "Go's own digits")]
    fn text_has_gos_digits() {
        for (value, go) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.0, "-1"),
            (10.0, "10"),
            (0.5, "0.5"),
            (100_000.0, "100000"),
            (999_999.5, "999999.5"),
            (1_000_000.0, "1e+06"),
            (1236367511.0, "1.236367511e+09"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (9.999999999999999e-05, "9.999999999999999e-05"),
            (1e-8, "1e-08"),
            (1e21, "1e+21"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1799.9999999999986, "1799.9999999999986"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(text(value), go);
        }
    }

    #[test]
    fn open_metrics_floats_look_like_floats() {
        for (value, go) in [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (-1.0, "-1.0"),
            (10.0, "10.0"),
            (0.5, "0.5"),
            (100_000.0, "100000.0"),
            (1_000_000.0, "1e+06"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(open_metrics(value), go);
        }
    }

    #[test]
    fn counts_are_floats_in_text_and_integers_in_open_metrics() {
        let print = |count, format| {
            let mut out = String::new();
            write_count(&mut out, count, format);
            out
        };
        assert_eq!(print(999_999, Format::Text), "999999");
        assert_eq!(print(1_000_000, Format::Text), "1e+06");
        assert_eq!(print(1_000_001, Format::Text), "1.000001e+06");
        assert_eq!(print(1_000_000, Format::OpenMetrics), "1000000");
    }
}
