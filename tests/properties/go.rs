//! Numbers as Go's expfmt writes them, worked out from Rust's own printing.
//!
//! Where the point and the exponent go is decided here; the digits are Rust's, shortest and nearest.

use gotk_metrics::Format;

/// A sample value or a bound.
pub(crate) fn float(value: f64, format: Format) -> String {
    if value == f64::INFINITY {
        return "+Inf".to_owned();
    }
    assert!(value.is_finite(), "nothing here is {value}");
    let scientific = shortest(value.abs());
    let (mantissa, exponent) = scientific.split_once('e').expect("`{:e}` prints an e");
    let exponent: i32 = exponent.parse().expect("what follows the e is an integer");
    let sign = if value < 0.0 { "-" } else { "" };
    if value != 0.0 && !(-4..6).contains(&exponent) {
        let sign_of_exponent = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{mantissa}e{sign_of_exponent}{:02}", exponent.abs());
    }
    let plain = format!("{sign}{}", plain(mantissa, exponent));
    if format == Format::OpenMetrics && !plain.contains('.') {
        plain + ".0"
    } else {
        plain
    }
}

/// The fewest digits that read back equal, of these the nearest, of two as near the even one.
fn shortest(value: f64) -> String {
    // Of two as near this takes the upper one, so it only tells how many digits it takes.
    let upper = format!("{value:e}");
    let digits = upper.bytes().take_while(|byte| *byte != b'e');
    let places = digits.filter(u8::is_ascii_digit).count() - 1;
    let even = format!("{value:.places$e}");
    // Below a power of two floats are closer: there the nearest decimal may be another number.
    if even.parse() == Ok(value) {
        even
    } else {
        upper
    }
}

/// `1.5` and -2 as `0.015`, for exponents of a few places.
fn plain(mantissa: &str, exponent: i32) -> String {
    let digits = mantissa.replace('.', "");
    match usize::try_from(exponent) {
        Err(_) => {
            let zeros = exponent.unsigned_abs() as usize - 1;
            format!("0.{}{digits}", "0".repeat(zeros))
        }
        Ok(exponent) => {
            let padded = format!("{digits:0<width$}", width = exponent + 1);
            let (whole, fraction) = padded.split_at(exponent + 1);
            if fraction.is_empty() {
                whole.to_owned()
            } else {
                format!("{whole}.{fraction}")
            }
        }
    }
}

/// The value of `_bucket` and `_count`: a float in text, an integer in OpenMetrics.
pub(crate) fn count(count: usize, format: Format) -> String {
    let float = float(to_f64(count), Format::Text);
    if format == Format::OpenMetrics {
        count.to_string()
    } else {
        float
    }
}

/// The value of a counter.
pub(crate) fn counter(count: usize, format: Format) -> String {
    float(to_f64(count), format)
}

/// Counts in tests are small.
fn to_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("a test counts few things"))
}
