//! Which launch configs may be launched now, and why the others may not.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    breaker::{BreakerState, FailureClass},
    settings::Limits,
    supply::ConfigSupply,
    view::{LaunchConfig, Market, PoolView},
};

/// Why a launch config was not considered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum Exclusion {
    Archived,
    Paused,
    /// Its `initialWeight`, or what supply and errors left of it, is not above zero.
    NoWeight {
        weight: f64,
    },
    AtMaxCapacity {
        capacity: u32,
        max: u32,
    },
    BreakerOpen {
        until: DateTime<Utc>,
        class: FailureClass,
    },
    /// As many machines boot as its slow start allows.
    SlowStart {
        allowance: u32,
        booting: u32,
    },
    AbovePriceLimit {
        price: f64,
        limit: f64,
    },
    /// On-demand machines join when the oldest task has been pending this long; `None`: nothing is pending.
    WaitsForSpot {
        until: Option<DateTime<Utc>>,
    },
    /// A rate limit, which [`super::Decision::limited_by`] names.
    NoTokens,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Excluded {
    pub launch_config: String,
    #[serde(flatten)]
    pub reason: Exclusion,
}

pub(super) struct Candidate<'a> {
    pub(super) config: &'a LaunchConfig,
    /// Of one machine, at least 1.
    pub(super) capacity: u32,
    /// Not stopped capacity of this launch config, with open launches.
    pub(super) existing: u32,
    /// Machines that its own limits allow; the last one may round its `maxCapacity` up.
    pub(super) instances: u32,
}

/// All launch configs, either as candidates or with the reason why not, in the order of the view.
pub(super) fn candidates<'a>(
    view: &'a PoolView,
    supply: &HashMap<&str, ConfigSupply>,
    limits: &Limits,
    now: DateTime<Utc>,
) -> (Vec<Candidate<'a>>, Vec<Excluded>) {
    let spot = spot_wait(view, limits, now);
    let (mut candidates, mut excluded) = (Vec::new(), Vec::new());
    for config in &view.launch_configs {
        let supply = supply.get(config.id.as_str()).copied().unwrap_or_default();
        let waits = spot.filter(|_| config.offering.market == Market::OnDemand);
        match (candidate(config, supply, limits, now), waits) {
            (Ok(candidate), None) => candidates.push(candidate),
            (Ok(_), Some(reason)) | (Err(reason), _) => excluded.push(exclude(config, reason)),
        }
    }
    (candidates, excluded)
}

pub(super) fn exclude(config: &LaunchConfig, reason: Exclusion) -> Excluded {
    Excluded { launch_config: config.id.clone(), reason }
}

fn candidate<'a>(
    config: &'a LaunchConfig,
    supply: ConfigSupply,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<Candidate<'a>, Exclusion> {
    usable(config, now)?;
    let capacity = config.capacity_per_instance.max(1);
    let room = match config.max_capacity {
        Some(max) if max <= supply.capacity => {
            return Err(Exclusion::AtMaxCapacity { capacity: supply.capacity, max });
        }
        Some(max) => (max - supply.capacity).div_ceil(capacity),
        None => u32::MAX,
    };
    let start = match allowance(config, now) {
        Some(allowance) if allowance <= supply.booting => {
            return Err(Exclusion::SlowStart { allowance, booting: supply.booting });
        }
        Some(allowance) => allowance - supply.booting,
        None => u32::MAX,
    };
    let instances = room.min(start).min(limits.call_size.max(1));
    Ok(Candidate { config, capacity, existing: supply.capacity, instances })
}

/// What does not depend on how many machines there are. An `initialWeight` of 0 turns a launch config off, even the only one.
fn usable(config: &LaunchConfig, now: DateTime<Utc>) -> Result<(), Exclusion> {
    if config.is_archived {
        return Err(Exclusion::Archived);
    }
    if config.is_paused {
        return Err(Exclusion::Paused);
    }
    if !(config.weight.is_finite() && config.weight > 0.0) {
        return Err(Exclusion::NoWeight { weight: config.weight });
    }
    if let (Some(price), Some(limit)) = (config.offering.known_price(), config.offering.price_limit)
        && price > limit
    {
        return Err(Exclusion::AbovePriceLimit { price, limit });
    }
    open_breaker(config, now).map_or(Ok(()), |(until, class)| Err(Exclusion::BreakerOpen { until, class }))
}

/// Of several open breakers the one that stays open longest.
fn open_breaker(config: &LaunchConfig, now: DateTime<Utc>) -> Option<(DateTime<Utc>, FailureClass)> {
    let open = config.breakers.iter().filter_map(|breaker| match breaker.state(now) {
        BreakerState::Open { until, class } => Some((until, class)),
        _ => None,
    });
    open.max_by_key(|(until, _)| *until)
}

/// Machines that may boot at a time; `None`: any number.
fn allowance(config: &LaunchConfig, now: DateTime<Utc>) -> Option<u32> {
    let allowances = config.breakers.iter().filter_map(|breaker| match breaker.state(now) {
        BreakerState::SlowStart { allowance } => Some(allowance),
        _ => None,
    });
    allowances.min()
}

/// Why on-demand machines wait, if they do: spot machines can be launched, and no task has been pending long enough.
/// Spot launch configs that are archived, paused or otherwise not usable count as if their breaker were open.
fn spot_wait(view: &PoolView, limits: &Limits, now: DateTime<Utc>) -> Option<Exclusion> {
    let is_spot = |config: &&LaunchConfig| config.offering.market == Market::Spot;
    if !view.launch_configs.iter().filter(is_spot).any(|config| usable(config, now).is_ok()) {
        return None;
    }
    let until = view.demand.oldest_pending.and_then(|oldest| oldest.checked_add_signed(limits.spot_timeout));
    until.is_none_or(|until| now < until).then_some(Exclusion::WaitsForSpot { until })
}
