//! From the rows of a worker pool to what the decision is made from.

use std::collections::BTreeSet;

use db::provisioner::{BreakerKey, BreakerRow, LaunchConfigRow, OfferingRef, OpenLaunchRow, PoolViewRow, SupplyRow};
use protocol::worker_pool;
use serde_json::Value;

use crate::{
    breakers::BreakerKeys,
    decision::{
        Breaker, Demand, LaunchConfig, LearnedDurations, LedgerEntry, LedgerState, PoolConfig, PoolView, Ratio,
        WorkerGroup, WorkerState,
    },
    offerings::{Offerings, offering_ref},
    provider::OfferingKey,
    shared::{ProviderHandle, Shared},
};

/// A pool with its launch configs read.
pub(crate) struct Prepared {
    pub(super) row: PoolViewRow,
    pub(super) configs: Vec<PreparedConfig>,
    provider: ProviderHandle,
}

pub(super) struct PreparedConfig {
    pub(super) row: LaunchConfigRow,
    pub(super) configuration: Value,
    pub(super) offering: OfferingKey,
    breakers: BreakerKeys,
}

impl Prepared {
    /// `None`: its provider is not one of this process.
    pub(super) fn new(shared: &Shared, mut row: PoolViewRow) -> Option<Self> {
        let Some(provider) = shared.provider(&row.provider_id) else {
            tracing::warn!(pool = row.worker_pool_id, provider = row.provider_id, "no such provider in the settings");
            return None;
        };
        let prepare = |config: LaunchConfigRow| {
            let configuration: Value = serde_json::from_str(&config.configuration).ok()?;
            let offering = provider.driver.offering(&configuration);
            let breakers = BreakerKeys::new(&row.provider_id, &row.worker_pool_id, &config.launch_config_id, &offering);
            Some(PreparedConfig { row: config, configuration, offering, breakers })
        };
        let configs = std::mem::take(&mut row.launch_configs).into_iter().filter_map(prepare).collect();
        Some(Self { row, configs, provider: provider.clone() })
    }

    pub(super) fn id(&self) -> &str {
        &self.row.worker_pool_id
    }

    pub(super) fn provider_id(&self) -> &str {
        &self.row.provider_id
    }

    pub(super) fn regions(&self) -> impl Iterator<Item = &str> {
        self.configs.iter().map(|config| config.offering.region.as_str()).collect::<BTreeSet<_>>().into_iter()
    }

    pub(super) fn config(&self, launch_config: &str) -> Option<&PreparedConfig> {
        self.configs.iter().find(|config| config.row.launch_config_id == launch_config)
    }

    pub(super) fn region_of(&self, launch_config: &str) -> Option<&str> {
        self.config(launch_config).map(|config| config.offering.region.as_str())
    }

    pub(super) fn breaker_keys(&self) -> impl Iterator<Item = BreakerKey> {
        self.configs.iter().flat_map(|config| config.breakers.all().map(Clone::clone))
    }

    pub(super) fn offerings(&self) -> impl Iterator<Item = OfferingRef> {
        self.configs.iter().map(|config| offering_ref(&self.row.provider_id, &config.offering))
    }

    pub(super) fn view(&self, breakers: &[BreakerRow], offerings: &Offerings, canary: u32) -> PoolView {
        let row = &self.row;
        let config = |config: &PreparedConfig| {
            let breakers = config.breakers.state(breakers, canary);
            launch_config(&self.provider, config, offerings, breakers)
        };
        PoolView {
            config: PoolConfig {
                min_capacity: natural(row.min_capacity),
                max_capacity: natural(row.max_capacity),
                scaling_ratio: Ratio::new(row.scaling_ratio),
                is_paused: row.is_paused,
            },
            demand: Demand {
                pending: natural(row.pending),
                claimed: natural(row.claimed),
                claimed_elsewhere: natural(row.claimed_elsewhere),
                oldest_pending: row.oldest_pending,
            },
            workers: row.workers.iter().map(group).collect(),
            ledger: row.ledger.iter().map(entry).collect(),
            launch_configs: self.configs.iter().map(config).collect(),
            learned: LearnedDurations { boot_p50: row.boot_seconds.unwrap_or_default(), mean_task: 0.0 },
        }
    }
}

fn launch_config(
    provider: &ProviderHandle,
    config: &PreparedConfig,
    offerings: &Offerings,
    breakers: Vec<Breaker>,
) -> LaunchConfig {
    let PreparedConfig { row, offering, configuration, .. } = config;
    LaunchConfig {
        id: row.launch_config_id.clone(),
        is_archived: false,
        is_paused: row.is_paused,
        capacity_per_instance: natural(row.capacity_per_instance),
        weight: row.initial_weight,
        max_capacity: row.max_capacity.map(natural),
        errors: natural(row.errors),
        offering: offerings.view(provider, offering, configuration),
        breakers,
    }
}

fn group(row: &SupplyRow) -> WorkerGroup {
    WorkerGroup {
        launch_config: row.launch_config_id.clone(),
        state: match row.state {
            worker_pool::WorkerState::Requested => WorkerState::Requested,
            worker_pool::WorkerState::Running => WorkerState::Running,
            worker_pool::WorkerState::Stopping => WorkerState::Stopping,
            worker_pool::WorkerState::Stopped => WorkerState::Stopped,
        },
        is_quarantined: row.is_quarantined,
        workers: natural(row.workers),
        capacity: natural(row.capacity),
    }
}

fn entry(row: &OpenLaunchRow) -> LedgerEntry {
    LedgerEntry {
        launch_config: row.launch_config_id.clone(),
        state: match row.state {
            worker_pool::LaunchState::Planned => LedgerState::Planned,
            worker_pool::LaunchState::Calling => LedgerState::Calling,
            worker_pool::LaunchState::Unknown => LedgerState::Unknown,
            worker_pool::LaunchState::Settled => LedgerState::Settled,
            worker_pool::LaunchState::Failed => LedgerState::Failed,
        },
        instances: natural(row.instances),
        capacity: natural(row.capacity),
        since: row.since,
    }
}

/// Negative is none.
fn natural(number: impl Into<i64>) -> u32 {
    u32::try_from(number.into().max(0)).unwrap_or(u32::MAX)
}
