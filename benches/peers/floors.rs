//! What fails: ratios so far below what was measured that only a loss of speed explains them.
//!
//! `docs/performance.md` has what was measured and what the goals are. A floor is some two thirds of
//! the worst that was seen, on a calm machine and beside seven busy neighbours. What it is to find
//! halves a ratio at least: labels that are formatted at each scrape, records fetched one by one in
//! scrape order, two look-ups for one call.

use crate::compare::Ratio;

/// Operation, objects, peer, times faster.
const FLOORS: [(&str, usize, &str, f64); 13] = [
    ("encode", 10_000, "measured", 8.0),
    ("encode", 10_000, "prometheus-client", 12.0),
    ("encode", 10_000, "fastmetrics", 8.0),
    ("encode", 100_000, "copy", 0.5),
    ("encode", 100_000, "measured", 8.0),
    ("encode", 100_000, "prometheus-client", 15.0),
    ("encode", 100_000, "fastmetrics", 10.0),
    ("encode", 100_000, "prometheus", 60.0),
    ("encode", 100_000, "metrics-exporter-prometheus", 75.0),
    ("gzip", 100_000, "prometheus-client", 2.8),
    // Three calls, as the peers' own. A single call with one look-up was compared before.
    ("record", 10_000, "measured", 1.8),
    ("record", 10_000, "fastmetrics", 1.8),
    ("record", 10_000, "prometheus-client", 4.0),
];

/// Whether it has a floor and is below.
pub(crate) fn is_below(ratio: &Ratio) -> bool {
    FLOORS.iter().any(|(operation, objects, peer, floor)| {
        let is_it = (*operation, *objects, *peer) == (ratio.operation, ratio.objects, ratio.peer);
        is_it && ratio.times < *floor
    })
}
