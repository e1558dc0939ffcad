// The numbers of the tests are small, and exact where they are compared.
#![expect(clippy::float_cmp, clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod advice;
mod arbitrary;
mod breakers;
mod figures;
mod properties;
mod selection;
mod simulation;
mod simulator;
mod taskcluster;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;

fn noon() -> DateTime<Utc> {
    "2026-11-27T12:00:00Z".parse().unwrap()
}

fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

fn pool(min: u32, max: u32) -> PoolView {
    PoolView {
        config: PoolConfig { min_capacity: min, max_capacity: max, scaling_ratio: Ratio::ONE, is_paused: false },
        demand: Demand::default(),
        workers: Vec::new(),
        ledger: Vec::new(),
        launch_configs: vec![config("lc-0")],
        learned: LearnedDurations::default(),
    }
}

fn config(id: &str) -> LaunchConfig {
    LaunchConfig {
        id: id.to_owned(),
        is_archived: false,
        is_paused: false,
        capacity_per_instance: 1,
        weight: 1.0,
        max_capacity: None,
        errors: 0,
        offering: offering("us-west-2", "m5.large", Market::OnDemand, None),
        breakers: vec![Breaker::CLOSED],
    }
}

fn offering(region: &str, instance_type: &str, market: Market, price: Option<f64>) -> Offering {
    Offering {
        provider: "aws".to_owned(),
        region: region.to_owned(),
        instance_type: instance_type.to_owned(),
        market,
        price,
        price_limit: None,
        utility: 1.0,
        region_bias: 1.0,
        interruptions_per_hour: 0.0,
        lost_hours: 0.0,
        boot_failure: 0.0,
    }
}

fn pending(view: &mut PoolView, pending: u32, claimed: u32) {
    view.demand =
        Demand { pending, claimed, claimed_elsewhere: 0, oldest_pending: (pending > 0).then(|| noon() - seconds(42)) };
}

fn workers(launch_config: &str, state: WorkerState, workers: u32) -> WorkerGroup {
    let launch_config = Some(launch_config.to_owned());
    WorkerGroup { launch_config, state, is_quarantined: false, workers, capacity: workers }
}

fn entry(launch_config: &str, state: LedgerState, instances: u32) -> LedgerEntry {
    LedgerEntry { launch_config: launch_config.to_owned(), state, instances, capacity: instances, since: noon() }
}

/// Limits that no pool reaches.
fn unlimited() -> Limits {
    let tokens = Tokens { pool: u32::MAX, all: u32::MAX, ..Limits::default().tokens };
    Limits { call_size: u32::MAX, tokens, ..Limits::default() }
}

/// Machines by launch config.
fn launched(decision: &Decision) -> Vec<(&str, u32)> {
    decision.launches.iter().map(|launch| (launch.launch_config.as_str(), launch.instances)).collect()
}

fn launched_capacity(decision: &Decision) -> u64 {
    decision.launches.iter().map(|launch| u64::from(launch.capacity)).sum()
}

/// What the caller does with a decision: its launches are ledger rows in the same transaction.
fn commit(view: &mut PoolView, decision: &Decision, now: DateTime<Utc>) {
    view.ledger.extend(decision.launches.iter().map(|launch| LedgerEntry {
        launch_config: launch.launch_config.clone(),
        state: LedgerState::Planned,
        instances: launch.instances,
        capacity: launch.capacity,
        since: now,
    }));
}
