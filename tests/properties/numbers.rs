//! Sums and bounds: Go's digits, and no value is lost on the wire.

use std::time::Duration;

use gotk_metrics::{Format, Recorder};
use proptest::prelude::*;

use crate::parse::{self, Sample};
use crate::{FORMATS, app, config, go, on_manual_clock};

const HISTOGRAM: &str = "gotk_reconcile_duration_seconds";

/// Of any size, many of them short as real ones are.
fn duration() -> impl Strategy<Value = Duration> {
    let nanos = 0..1_000_000_000_u32;
    prop_oneof![
        (any::<u64>(), nanos.clone()).prop_map(|(secs, nanos)| Duration::new(secs, nanos)),
        (0..64_u32, any::<u64>()).prop_map(|(shift, nanos)| Duration::from_nanos(nanos >> shift)),
        (0..4000_u64, nanos).prop_map(|(secs, nanos)| Duration::new(secs, nanos)),
        (0..10_000_000_u64).prop_map(Duration::from_millis),
        (0..20_u32).prop_map(|exponent| Duration::from_secs(10_u64.pow(exponent))),
        Just(Duration::ZERO),
        Just(Duration::MAX),
    ]
}

/// Any finite number: random bits, decimals as people write them, and what lies at an edge.
fn finite() -> impl Strategy<Value = f64> {
    let magnitude = prop_oneof![
        4 => any::<u64>().prop_map(f64::from_bits),
        4 => (-330..310_i32, 1..100_000_u32)
            .prop_map(|(exponent, digits)| format!("{digits}e{exponent}").parse().unwrap_or(0.0)),
        // Around the powers of ten where the exponent comes and goes.
        3 => (-7..9_i32, -4..5_i64).prop_map(|(exponent, steps)| near(10_f64.powi(exponent), steps)),
        // The gap below a power of two is half that above it.
        3 => (-1074..1024_i32, -2..3_i64)
            .prop_map(|(exponent, steps)| near(2_f64.powi(exponent), steps)),
        3 => (0..2_000_000_u32).prop_map(|n| f64::from(n) / 8.0),
        1 => prop::sample::select(vec![0.0, f64::MAX, f64::MIN_POSITIVE, f64::from_bits(1)]),
    ];
    let any_sign =
        (magnitude, any::<bool>()).prop_map(|(value, flip)| if flip { -value } else { value });
    any_sign.prop_filter("bounds are finite", |value| value.is_finite())
}

/// The float that many steps away.
fn near(value: f64, steps: i64) -> f64 {
    f64::from_bits(value.to_bits().saturating_add_signed(steps))
}

fn increasing() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(finite(), 1..40).prop_map(|mut bounds| {
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        bounds
    })
}

/// The value of `_sum`, as it stands on the wire.
fn sum_of(recorder: &Recorder, format: Format) -> String {
    let mut samples = parse::samples(&recorder.encode(format)).into_iter();
    let sum = samples.find(|sample| sample.name == format!("{HISTOGRAM}_sum"));
    sum.expect("a histogram has a sum").value
}

/// All digits of a printed number but leading and trailing zeros, and the exponent of the last one.
fn digits(printed: &str) -> (u64, i32) {
    let (mantissa, exponent) = printed.split_once('e').unwrap_or((printed, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let exponent: i32 = exponent.parse().expect("an exponent is an integer");
    let places = i32::try_from(fraction.len()).expect("a number has few digits");
    let all = format!("{whole}{fraction}");
    let significant = all.trim_end_matches('0');
    let zeros = i32::try_from(all.len() - significant.len()).expect("a number has few digits");
    let number = significant.trim_start_matches(['-', '0']);
    (number.parse().unwrap_or(0), exponent - places + zeros)
}

/// That no decimal of fewer digits reads back as the same number.
fn assert_shortest(printed: &str) -> Result<(), TestCaseError> {
    let value: f64 = printed.parse().expect("a number");
    let (number, exponent) = digits(printed);
    if number >= 10 {
        // The number lies between these two, so any other shorter one is further away.
        for shorter in [number / 10, number / 10 + 1] {
            let shorter = format!("{shorter}e{}", exponent + 1);
            let reads_as: f64 = shorter.parse().expect("a number");
            prop_assert_ne!(
                reads_as.to_bits(),
                value.abs().to_bits(),
                "{} is {}",
                shorter,
                printed
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn a_sum_reads_back_equal_and_has_gos_digits(
        durations in prop::collection::vec(duration(), 1..12),
    ) {
        let (recorder, _) = on_manual_clock(Recorder::builder());
        let mut sum = 0.0;
        for duration in durations {
            recorder.record_duration(&app(), duration);
            sum += duration.as_secs_f64();
        }
        for format in FORMATS {
            let printed = sum_of(&recorder, format);
            let read: f64 = printed.parse().expect("a number");
            prop_assert_eq!(read.to_bits(), sum.to_bits(), "{}", printed);
            prop_assert_eq!(&printed, &go::float(sum, format));
            assert_shortest(&printed)?;
        }
    }

    #[test]
    fn bounds_read_back_equal_and_have_gos_digits(bounds in increasing()) {
        let builder = Recorder::builder().bounds(bounds.iter().copied());
        let (recorder, _) = on_manual_clock(builder);
        recorder.record_duration(&app(), Duration::ZERO);
        for format in FORMATS {
            let les = les(&recorder, format);
            prop_assert_eq!(les.len(), bounds.len() + 1);
            for (le, bound) in les.iter().zip(bounds.iter().chain([&f64::INFINITY])) {
                let read: f64 = le.parse().expect("a number");
                // A negative zero loses its sign, as in Go: adding zero takes it off.
                prop_assert_eq!(read.to_bits(), (bound + 0.0).to_bits());
                prop_assert_eq!(le, &go::float(*bound, format));
                if bound.is_finite() {
                    assert_shortest(le)?;
                }
            }
        }
    }

    #[test]
    fn a_bucket_counts_what_is_at_most_its_bound(
        (bounds, durations) in (increasing(), prop::collection::vec(duration(), 1..30))
            // So that some lie right on a bound.
            .prop_perturb(|(mut bounds, durations), mut rng| {
                bounds.extend(durations.iter().filter(|_| rng.random()).map(Duration::as_secs_f64));
                bounds.sort_by(f64::total_cmp);
                bounds.dedup();
                (bounds, durations)
            }),
    ) {
        let builder = Recorder::builder().bounds(bounds.iter().copied());
        let (recorder, _) = on_manual_clock(builder);
        for duration in &durations {
            recorder.record_duration(&app(), *duration);
        }
        for format in FORMATS {
            let seconds = || durations.iter().map(Duration::as_secs_f64);
            let expected = bounds.iter().chain([&f64::INFINITY]).map(|bound| {
                let count = seconds().filter(|seconds| seconds <= bound).count();
                (go::float(*bound, format), count.to_string())
            });
            let buckets = buckets(&recorder, format).into_iter();
            let found = buckets.map(|bucket| (bucket.label("le").to_owned(), bucket.value));
            prop_assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }
    }
}

fn buckets(recorder: &Recorder, format: Format) -> Vec<Sample> {
    let mut samples = parse::samples(&recorder.encode(format));
    samples.retain(|sample| sample.name == format!("{HISTOGRAM}_bucket"));
    samples
}

fn les(recorder: &Recorder, format: Format) -> Vec<String> {
    let buckets = buckets(recorder, format);
    let les = buckets.iter().map(|bucket| bucket.label("le").to_owned());
    les.collect()
}
