//! The upper bounds of the histograms, in seconds; `+Inf` is implied.
//!
//! Written out as Go prints them, never computed.

/// Upper bounds of `gotk_reconcile_duration_seconds`, in seconds; `+Inf` is implied.
///
/// Written out, not computed: Go's formula run in Rust differs in the last digits, and
/// Prometheus 2 compares `le` as text, so a sum over both kinds of controller would break.
#[expect(clippy::unreadable_literal, reason = "Go's own digits")]
pub(crate) const RECONCILE_BOUNDS: [f64; 10] = [
    0.01,
    0.038363583488692544,
    0.1471764538093883,
    0.5646216173286169,
    2.166090855590701,
    8.309900738254731,
    31.879757075478317,
    122.30217221643493,
    469.19495946736544,
    1799.9999999999986,
];

/// Upper bounds of `controller_runtime_reconcile_time_seconds`, in seconds.
pub(crate) const RECONCILE_TIME_BOUNDS: [f64; 40] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9,
    1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0,
    25.0, 30.0, 40.0, 50.0, 60.0,
];

/// Upper bounds of `rest_client_request_duration_seconds`, in seconds, as component-base has them
/// since Kubernetes 1.24 (metrics/prometheus/restclient/metrics.go).
pub(crate) const REQUEST_BOUNDS: [f64; 12] = [
    0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0,
];

/// Upper bounds of `workqueue_work_duration_seconds`, in seconds: what Go computes as powers of
/// ten.
#[expect(clippy::unreadable_literal, reason = "Go's own digits")]
pub(crate) const WORK_BOUNDS: [f64; 12] = [
    1e-8,
    1e-7,
    1e-6,
    9.999999999999999e-6,
    9.999999999999999e-5,
    0.001,
    0.01,
    0.1,
    1.0,
    10.0,
    100.0,
    1000.0,
];

/// The bounds of both families that show how long the attempts of a controller took.
#[expect(clippy::unreadable_literal, reason = "Go's own digits")]
pub(crate) const ATTEMPT_BOUNDS: [f64; 48] = [
    1e-8,
    1e-7,
    1e-6,
    9.999999999999999e-6,
    9.999999999999999e-5,
    0.001,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.15,
    0.2,
    0.25,
    0.3,
    0.35,
    0.4,
    0.45,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
    1.0,
    1.25,
    1.5,
    1.75,
    2.0,
    2.5,
    3.0,
    3.5,
    4.0,
    4.5,
    5.0,
    6.0,
    7.0,
    8.0,
    9.0,
    10.0,
    15.0,
    20.0,
    25.0,
    30.0,
    40.0,
    50.0,
    60.0,
    100.0,
    1000.0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_have_the_bounds_of_both_families() {
        let mut bounds = [&RECONCILE_TIME_BOUNDS[..], &WORK_BOUNDS].concat();
        bounds.sort_unstable_by(f64::total_cmp);
        bounds.dedup();
        assert_eq!(bounds, ATTEMPT_BOUNDS);
    }

    #[test]
    fn bounds_have_gos_bits() {
        let bits = RECONCILE_BOUNDS.map(f64::to_bits);
        let go = [
            0x3f84_7ae1_47ae_147b,
            0x3fa3_a464_40e1_f215,
            0x3fc2_d6ad_93ed_2141,
            0x3fe2_1161_5aa1_502c,
            0x4001_5427_7147_69ec,
            0x4020_9eab_4f3f_9ee3,
            0x403f_e137_c27b_9a9e,
            0x405e_9356_ca22_d643,
            0x407d_531e_8dd1_8615,
            0x409c_1fff_ffff_fffa,
        ];
        assert_eq!(bits, go);
    }
}
