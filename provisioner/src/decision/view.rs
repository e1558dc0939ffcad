//! What a decision is made from: one consistent view of a pool, read in the transaction that holds the pool's row.
//!
//! Capacities are in tasks at a time, as everywhere in worker-manager; a machine has the `capacity_per_instance` of its launch config.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::breaker::Breaker;
use crate::provider::OfferingKey;

#[derive(Clone, Debug, Serialize)]
pub struct PoolView {
    pub config: PoolConfig,
    pub demand: Demand,
    /// Workers that are not stopped, grouped; several groups may have the same key.
    pub workers: Vec<WorkerGroup>,
    /// Launches of this pool. Those that do not count as supply any more may be left out.
    pub ledger: Vec<LedgerEntry>,
    pub launch_configs: Vec<LaunchConfig>,
    pub learned: LearnedDurations,
}

impl PoolView {
    /// Without tasks, workers and launch configs.
    pub fn empty(config: PoolConfig) -> Self {
        let (workers, ledger, launch_configs) = Default::default();
        Self {
            config,
            demand: Demand::default(),
            workers,
            ledger,
            launch_configs,
            learned: LearnedDurations::default(),
        }
    }
}

/// The part of the pool's configuration that concerns its size.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PoolConfig {
    /// Wins where it is above `max_capacity`, as in Taskcluster.
    pub min_capacity: u32,
    pub max_capacity: u32,
    pub scaling_ratio: Ratio,
    /// Nothing is launched while an operator has paused the pool, not even for `min_capacity`.
    pub is_paused: bool,
}

impl PoolConfig {
    /// The capacity that launches never exceed, but for the rounding of one machine.
    pub fn capacity_limit(&self) -> u32 {
        self.min_capacity.max(self.max_capacity)
    }
}

/// A finite number from 0 to 1. What is not a number becomes 0: such a configuration launches nothing instead of too much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio(f64);

impl Ratio {
    pub const ZERO: Self = Self(0.0);
    pub const ONE: Self = Self(1.0);

    pub fn new(value: f64) -> Self {
        if value.is_nan() { Self::ZERO } else { Self(value.clamp(0.0, 1.0).abs()) }
    }

    pub fn get(self) -> f64 {
        self.0
    }
}

/// Tasks of the pool's task queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Demand {
    pub pending: u32,
    pub claimed: u32,
    /// Of the claimed ones those that workers hold which are no supply: quarantined, stopping or unknown ones.
    pub claimed_elsewhere: u32,
    /// When the task that has been pending longest became so.
    pub oldest_pending: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkerState {
    Requested,
    Running,
    Stopping,
    Stopped,
}

/// Workers of one launch config in one state.
#[derive(Clone, Debug, Serialize)]
pub struct WorkerGroup {
    /// `None`: of a launch config that nobody knows any more.
    pub launch_config: Option<String>,
    pub state: WorkerState,
    /// Quarantined workers count nowhere, so they are replaced.
    pub is_quarantined: bool,
    pub workers: u32,
    pub capacity: u32,
}

/// `Planned` → `Calling` → `Settled`, `Failed` or `Unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerState {
    /// Committed with the decision; no call has been made.
    Planned,
    /// A launcher has it.
    Calling,
    /// The answer was lost. It may be repeated with the same token until it is given up.
    Unknown,
    /// Its machines have worker rows.
    Settled,
    Failed,
}

/// One launch: of one launch config, executed at most once.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerEntry {
    pub launch_config: String,
    pub state: LedgerState,
    pub instances: u32,
    pub capacity: u32,
    /// When it got into this state.
    pub since: DateTime<Utc>,
}

impl LedgerEntry {
    /// When an unknown launch stops counting as supply. Whoever repeats calls must have given it up by then.
    pub fn given_up_at(&self, give_up_after: TimeDelta) -> Option<DateTime<Utc>> {
        let at = self.since.checked_add_signed(give_up_after).unwrap_or(DateTime::<Utc>::MAX_UTC);
        (self.state == LedgerState::Unknown).then_some(at)
    }

    /// Whether it counts as supply that has no worker rows yet.
    pub fn is_open(&self, now: DateTime<Utc>, give_up_after: TimeDelta) -> bool {
        match self.state {
            LedgerState::Planned | LedgerState::Calling => true,
            LedgerState::Unknown => self.given_up_at(give_up_after).is_some_and(|at| at > now),
            LedgerState::Settled | LedgerState::Failed => false,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct LaunchConfig {
    pub id: String,
    pub is_archived: bool,
    pub is_paused: bool,
    /// Zero counts as one.
    pub capacity_per_instance: u32,
    /// `initialWeight`; not above zero: never launched.
    pub weight: f64,
    /// Its own limit beside the pool's.
    pub max_capacity: Option<u32>,
    /// Error reports of the last hour.
    pub errors: u32,
    pub offering: Offering,
    /// All circuit breakers that apply: its own, those of its offering, quota and provider.
    ///
    /// A view has the machines of one pool only, so a half-open breaker that several pools share lets one machine of each pass.
    pub breakers: Vec<Breaker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Market {
    Spot,
    OnDemand,
}

impl Market {
    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::OnDemand => "on-demand",
        }
    }
}

impl LaunchConfig {
    /// With a task at a time for each machine, and nothing in its way.
    pub fn new(id: impl Into<String>, offering: Offering) -> Self {
        Self {
            id: id.into(),
            is_archived: false,
            is_paused: false,
            capacity_per_instance: 1,
            weight: 1.0,
            max_capacity: None,
            errors: 0,
            offering,
            breakers: Vec::new(),
        }
    }
}

/// Work that an interruption destroys, in hours, where nothing else is known.
const LOST_HOURS: f64 = 0.25;

impl Offering {
    /// Nothing was learned about it, and its price is not known.
    pub fn unlearned(provider: impl Into<String>, key: OfferingKey) -> Self {
        let OfferingKey { region, instance_type, market } = key;
        Self {
            provider: provider.into(),
            region,
            instance_type,
            market,
            price: None,
            price_limit: None,
            utility: 1.0,
            region_bias: 1.0,
            interruptions_per_hour: 0.0,
            lost_hours: LOST_HOURS,
            boot_failure: 0.0,
        }
    }
}

/// What a provider sells, with what was learned about it.
#[derive(Clone, Debug, Serialize)]
pub struct Offering {
    pub provider: String,
    pub region: String,
    pub instance_type: String,
    pub market: Market,
    /// Of one machine, per hour. Not finite or negative: not known.
    pub price: Option<f64>,
    /// The highest price that the operator pays.
    pub price_limit: Option<f64>,
    /// Speed relative to other types, per unit of capacity; 1 where nobody said.
    pub utility: f64,
    /// Multiplies the expected price: above 1 the region is avoided.
    pub region_bias: f64,
    pub interruptions_per_hour: f64,
    /// Work that an interruption destroys, in hours.
    pub lost_hours: f64,
    /// Share of the machines that never register.
    pub boot_failure: f64,
}

impl Offering {
    pub(super) fn key(&self) -> (&str, &str, &str, Market) {
        (&self.provider, &self.region, &self.instance_type, self.market)
    }

    pub(super) fn known_price(&self) -> Option<f64> {
        self.price.filter(|price| price.is_finite() && *price >= 0.0)
    }
}

/// Learned per pool, in seconds; zero where nothing is known.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct LearnedDurations {
    /// Median from the launch to the first claim.
    pub boot_p50: f64,
    pub mean_task: f64,
}
