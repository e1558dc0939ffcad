//! Launch configs by the expected price of one useful hour.

use std::collections::HashMap;

use super::{round::Round, view::LaunchConfig};

/// A machine type that never boots is dear and not infinitely so.
const MOST_BOOT_FAILURES: f64 = 0.99;

/// `price / (capacity · utility) · (1 + interruptions · lost hours) / (1 − boot failure) · region bias`. Infinite where the
/// price is not known; what else is no usable number counts as neutral.
pub(super) fn expected_cost(config: &LaunchConfig) -> f64 {
    let offering = &config.offering;
    let Some(price) = offering.known_price() else { return f64::INFINITY };
    let positive = |value: f64| if value.is_finite() && value > 0.0 { value } else { 1.0 };
    let at_least_zero = |value: f64| if value.is_finite() { value.max(0.0) } else { 0.0 };
    let capacity = f64::from(config.capacity_per_instance.max(1));
    let lost = 1.0 + at_least_zero(offering.interruptions_per_hour) * at_least_zero(offering.lost_hours);
    let booted = 1.0 - at_least_zero(offering.boot_failure).min(MOST_BOOT_FAILURES);
    price / (capacity * positive(offering.utility)) * lost / booted * positive(offering.region_bias)
}

/// The cheapest first, at most `spread` of the capacity from one offering. What is missing after that comes from the cheapest
/// with room: an answer to demand is worth more than the spread. Equal costs: in the order of the view.
pub(super) fn choose(round: &mut Round<'_>, costs: &[f64], spread: f64) {
    let mut order: Vec<usize> = (0..round.candidates.len()).collect();
    order.sort_by(|left, right| costs[*left].total_cmp(&costs[*right]));
    let share = round.missing * spread;
    let mut left = HashMap::new();
    for at in &order {
        let offering = round.candidates[*at].config.offering.key();
        let left = left.entry(offering).or_insert(share);
        let before = round.missing;
        take(round, *at, left.min(before));
        *left -= before - round.missing;
    }
    for at in order {
        take(round, at, round.missing);
    }
}

fn take(round: &mut Round<'_>, at: usize, capacity: f64) {
    if !round.is_over() {
        round.take(at, round.machines_for(at, capacity));
    }
}
