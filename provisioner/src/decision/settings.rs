//! Settings of the decision, and what rate limits leave to it.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::view::Ratio;

/// How the missing capacity is estimated (`provision.estimate`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EstimateMethod {
    /// Machines that boot count as supply once.
    #[default]
    Demand,
    /// Taskcluster's formula, which subtracts requested capacity twice.
    Taskcluster,
}

/// How launch configs are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelectionMethod {
    /// By cost where each candidate has a price, else by weight.
    #[default]
    Auto,
    Weighted,
    Cost,
}

#[derive(Clone, Debug)]
pub struct Limits {
    pub estimate: EstimateMethod,
    pub selection: SelectionMethod,
    /// Share of the machines expected to become free in time that counts as supply.
    pub forecast: Ratio,
    /// Largest share of one decision's capacity that goes to one offering, while others have room.
    pub spread: Ratio,
    /// How long tasks wait for spot machines before on-demand ones are launched as well.
    pub spot_timeout: TimeDelta,
    /// How long a launch with a lost answer counts as supply.
    pub give_up_after: TimeDelta,
    /// Workers whose price is more than this many times the cheapest one stop first. `None`: the price does not matter.
    pub price_advice: Option<f64>,
    /// A decision is made again after this time even if nothing happens.
    pub interval: TimeDelta,
    /// The same where a rate limit was in the way.
    pub retry: TimeDelta,
    /// Machines in one call to a cloud, and of one launch config in one decision.
    pub call_size: u32,
    pub tokens: Tokens,
}

/// Machines that the rate limits allow now.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Left in this pool's bucket (`provision.pool_boot_rate`).
    pub pool: u32,
    /// Left for all pools (`provision.boot_rate`).
    pub all: u32,
    /// Left by provider and region; a region that is not named has no limit.
    pub regions: BTreeMap<(String, String), u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            estimate: EstimateMethod::default(),
            selection: SelectionMethod::default(),
            forecast: Ratio::ZERO,
            spread: Ratio::new(0.6),
            spot_timeout: TimeDelta::minutes(3),
            give_up_after: TimeDelta::minutes(15),
            price_advice: None,
            interval: TimeDelta::minutes(1),
            retry: TimeDelta::seconds(1),
            call_size: 100,
            tokens: Tokens { pool: u32::MAX, all: 120, regions: BTreeMap::new() },
        }
    }
}
