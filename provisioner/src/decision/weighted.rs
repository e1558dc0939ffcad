//! Launch configs by weight, as Taskcluster chooses them.

use super::{candidates::Candidate, random::Draws, round::Round};

/// The weight of the only launch config with room left where its own is not above zero.
const LAST_RESORT: f64 = 0.01;

/// The weights, once for the whole decision: what is chosen meanwhile does not change them. Those not above zero are out. A
/// launch config without a limit of its own is compared with the pool's.
pub(super) fn weights(candidates: &[Candidate<'_>], pool_max: u32, all_errors: u32) -> Vec<f64> {
    let weight = |candidate: &Candidate<'_>| {
        let max = candidate.config.max_capacity.unwrap_or(pool_max).max(1);
        let used = f64::from(candidate.existing) / f64::from(max);
        let failed = f64::from(candidate.config.errors) / f64::from(all_errors.max(1));
        candidate.config.weight.min(1.0) - used - failed
    };
    let mut weights: Vec<f64> = candidates.iter().map(weight).collect();
    if let [only] = &mut weights[..]
        && *only <= 0.0
    {
        *only = LAST_RESORT;
    }
    weights
}

/// One machine after the other.
pub(super) fn choose(round: &mut Round<'_>, weights: &[f64], draws: &mut Draws) {
    let mut weights: Vec<f64> = weights.iter().map(|weight| weight.max(0.0)).collect();
    let mut is_stale = true;
    let mut sum = 0.0;
    while !round.is_over() {
        if is_stale {
            // A full launch config, or an empty bucket of its region: its neighbours may be out as well.
            let out = weights.iter_mut().enumerate().filter(|(at, _)| round.available(*at) == 0);
            out.for_each(|(_, weight)| *weight = 0.0);
            sum = weights.iter().sum();
        }
        let Some(at) = draw(&weights, sum * draws.fraction()) else { return };
        round.take(at, 1);
        is_stale = round.available(at) == 0;
    }
}

/// The candidate in whose share of the sum the number lies.
fn draw(weights: &[f64], mut number: f64) -> Option<usize> {
    let mut last = None;
    for (at, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        last = Some(at);
        if number < *weight {
            return last;
        }
        number -= weight;
    }
    // Rounding of the sum.
    last
}
