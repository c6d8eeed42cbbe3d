//! What fails: ratios far enough below what was measured that only a loss of speed explains them.
//!
//! `docs/performance.md` has what was measured and what the goals are. Two cores that others use too
//! move a ratio by a fifth; a floor is a good quarter below what an idle machine shows.

use crate::compare::Ratio;

/// Operation, objects, peer, times faster.
const FLOORS: [(&str, usize, &str, f64); 0] = [];

/// Whether it has a floor and is below.
pub(crate) fn is_below(ratio: &Ratio) -> bool {
    FLOORS.iter().any(|(operation, objects, peer, floor)| {
        let is_it = (*operation, *objects, *peer) == (ratio.operation, ratio.objects, ratio.peer);
        is_it && ratio.times < *floor
    })
}
