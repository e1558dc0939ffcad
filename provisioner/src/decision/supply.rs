//! The capacity that is there or on its way.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::view::{PoolView, WorkerState};

/// Capacity of the whole pool. Launches count from the decision on; their worker rows take over when they are settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Supply {
    pub running: u32,
    pub requested: u32,
    pub open_launches: u32,
    pub stopping: u32,
    pub quarantined: u32,
}

impl Supply {
    pub(super) fn of(view: &PoolView, now: DateTime<Utc>, give_up_after: TimeDelta) -> Self {
        let mut supply = Self::default();
        for group in &view.workers {
            let sum = match group.state {
                WorkerState::Stopped => continue,
                _ if group.is_quarantined => &mut supply.quarantined,
                WorkerState::Running => &mut supply.running,
                WorkerState::Requested => &mut supply.requested,
                WorkerState::Stopping => &mut supply.stopping,
            };
            *sum = sum.saturating_add(group.capacity);
        }
        for entry in view.ledger.iter().filter(|entry| entry.is_open(now, give_up_after)) {
            supply.open_launches = supply.open_launches.saturating_add(entry.capacity);
        }
        supply
    }

    /// What takes tasks now or will.
    pub fn existing(&self) -> u32 {
        self.running.saturating_add(self.requested).saturating_add(self.open_launches)
    }

    /// What counts against the pool's maximum.
    pub fn total(&self) -> u32 {
        self.existing().saturating_add(self.stopping)
    }
}

/// The same for one launch config.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ConfigSupply {
    pub(super) capacity: u32,
    /// Machines that have not registered.
    pub(super) booting: u32,
}

pub(super) fn by_launch_config(
    view: &PoolView,
    now: DateTime<Utc>,
    give_up_after: TimeDelta,
) -> HashMap<&str, ConfigSupply> {
    let mut configs: HashMap<&str, ConfigSupply> = HashMap::new();
    let mut add = |id, capacity: u32, booting: u32| {
        let config = configs.entry(id).or_default();
        config.capacity = config.capacity.saturating_add(capacity);
        config.booting = config.booting.saturating_add(booting);
    };
    for group in view.workers.iter().filter(|group| !group.is_quarantined && group.state != WorkerState::Stopped) {
        let booting = if group.state == WorkerState::Requested { group.workers } else { 0 };
        add(group.launch_config.as_deref().unwrap_or_default(), group.capacity, booting);
    }
    for entry in view.ledger.iter().filter(|entry| entry.is_open(now, give_up_after)) {
        add(&entry.launch_config, entry.capacity, entry.instances);
    }
    configs
}
