//! What a configuration would have done with recorded demand: waits, machines and boots, without a database or a provider.
//!
//! Machines boot after a fixed time and never fail; tasks are claimed in order. That is enough to compare configurations and
//! formulas with each other, and too friendly to predict a bad day.

mod pool;
mod report;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    decision::{EstimateMethod, LaunchConfig, Limits, PoolConfig},
    settings::ProvisionSettings,
};

pub use report::Report;

/// A task as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedTask {
    pub worker_pool_id: String,
    /// When it became pending.
    pub pending: DateTime<Utc>,
    /// How long it ran.
    pub seconds: f64,
}

/// A worker pool as it is to be tried.
#[derive(Clone, Debug)]
pub struct SimulatedPool {
    pub config: PoolConfig,
    pub launch_configs: Vec<LaunchConfig>,
}

/// What is not in the demand or the pools.
#[derive(Clone, Debug)]
pub struct Simulation {
    pub limits: Limits,
    /// From the launch to the first claim.
    pub boot: TimeDelta,
    /// How long a machine has nothing to do before it may stop.
    pub idle: TimeDelta,
    /// Between two decisions, unless tasks come; `decide_on_demand`: then at most a second later.
    pub interval: TimeDelta,
    pub decide_on_demand: bool,
    pub seed: u64,
}

/// Taskcluster's provisioning loop.
const TASKCLUSTER_LOOP: TimeDelta = TimeDelta::seconds(10);

impl Simulation {
    /// As the provisioner decides with these settings.
    pub fn ours(settings: &ProvisionSettings, boot: TimeDelta, idle: TimeDelta) -> Self {
        let mut limits = settings.limits();
        (limits.tokens.pool, limits.tokens.all) = (u32::MAX, u32::MAX);
        Self { limits, boot, idle, interval: settings.interval.delta(), decide_on_demand: true, seed: 1 }
    }

    /// Taskcluster's formula in its loop of ten seconds.
    #[must_use]
    pub fn taskcluster(mut self) -> Self {
        self.limits.estimate = EstimateMethod::Taskcluster;
        (self.interval, self.decide_on_demand) = (TASKCLUSTER_LOOP, false);
        self
    }

    /// Tasks of pools that are not given are left out.
    pub fn run(&self, pools: &BTreeMap<String, SimulatedPool>, tasks: &[RecordedTask]) -> Report {
        let mut of_pools: BTreeMap<&str, Vec<&RecordedTask>> = BTreeMap::new();
        for task in tasks {
            of_pools.entry(&task.worker_pool_id).or_default().push(task);
        }
        let mut report = Report::default();
        for (id, mut tasks) in of_pools {
            match pools.get(id) {
                Some(pool) => {
                    tasks.sort_by_key(|task| task.pending);
                    report.add(pool::run(self, pool, &tasks));
                }
                None => report.left_out += tasks.len(),
            }
        }
        report.finished()
    }
}
