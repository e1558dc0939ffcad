//! `--dry-run` of `drover pool create` and `update`: what would change, and what the next decision would do.

use protocol::time::{self, Timestamp};
use provisioner::{
    ProvisionSettings,
    decision::{
        Breaker, Demand, FailureClass, LaunchConfig, LearnedDurations, LedgerEntry, LedgerState, PoolView, WorkerGroup,
        WorkerState, decide,
    },
};
use serde_json::{Value, json};

use super::{
    definition::Definition,
    difference::{change, show},
    server::PoolServer,
    why::describe,
};
use crate::{
    client::Server,
    exit::{CliError, Exit},
    global::Global,
    output::Output,
    simulated_pool::simulated_pool,
    system_context::SystemContext,
};

/// `operation`: `create` or `update`.
pub(super) async fn run(
    operation: &str,
    pools: &[Definition],
    server: &Server,
    global: &Global,
    system: &SystemContext,
    output: Output,
) -> Result<Exit, CliError> {
    let loaded = global.load(&[])?;
    let settings: &ProvisionSettings = loaded.section();
    for pool in pools {
        let server = PoolServer::new(server.clone(), &pool.worker_pool_id);
        let now = server.find().await?;
        let planned = server.plan(operation, &pool.body()).await?;
        let stats = if now.is_some() { server.stats().await? } else { Value::Null };
        show(&change(pool, now.as_ref()), output);
        let at = system.clock.now();
        let view = view(pool, &planned["provisioning"], &stats, settings.canary, at);
        let decision = decide(&view, &settings.unused_limits(), at, system.rng.number());
        let decided = json!({ "decided": time::format(at), "decision": decision });
        if view.launch_configs.is_empty() {
            continue;
        }
        let object = json!({ "workerPoolId": pool.worker_pool_id, "nextDecision": decided });
        output.either(&object, &describe("next for", &pool.worker_pool_id, &decided));
    }
    Ok(Exit::Ok)
}

/// As the provisioner sees it, but for what it learned about prices and boots, and for the errors of the last hour.
fn view(pool: &Definition, provisioning: &Value, stats: &Value, canary: u32, now: Timestamp) -> PoolView {
    let simulated = simulated_pool(&pool.provider_id, &pool.config);
    let mut config = simulated.config;
    config.is_paused = provisioning.get("pausedUntil").is_some();
    // Both are in the order of the pool's list; of two with the same id one is left.
    let rows = provisioning["launchConfigs"].as_array().into_iter().flatten();
    let prepare = |(row, config): (&Value, LaunchConfig)| {
        let id = row["launchConfigId"].as_str().unwrap_or_default().to_owned();
        let breakers = breakers(pool, provisioning, &id, &config, canary);
        LaunchConfig { is_paused: row.get("pausedUntil").is_some(), breakers, id, ..config }
    };
    let demand = &provisioning["demand"];
    PoolView {
        config,
        demand: Demand {
            pending: natural(&demand["pending"]),
            claimed: natural(&demand["claimed"]),
            claimed_elsewhere: 0,
            oldest_pending: demand["oldestPending"].as_str().and_then(time::parse),
        },
        workers: workers(&provisioning["supply"], stats),
        ledger: launching(&provisioning["supply"], now),
        launch_configs: rows.zip(simulated.launch_configs).map(prepare).collect(),
        learned: LearnedDurations {
            boot_p50: provisioning["bootSeconds"].as_f64().unwrap_or_default(),
            mean_task: 0.0,
        },
    }
}

/// The counts have quarantined workers among the running ones, where they are no supply.
fn workers(supply: &Value, stats: &Value) -> Vec<WorkerGroup> {
    let mut quarantined = natural(&supply["quarantined"]);
    let mut groups = Vec::new();
    for row in stats["launchConfigStats"].as_array().into_iter().flatten() {
        for (field, state) in [
            ("requestedCapacity", WorkerState::Requested),
            ("runningCapacity", WorkerState::Running),
            ("stoppingCapacity", WorkerState::Stopping),
        ] {
            let mut capacity = natural(&row[field]);
            if state == WorkerState::Running {
                let less = quarantined.min(capacity);
                (quarantined, capacity) = (quarantined - less, capacity - less);
            }
            let launch_config = row["launchConfigId"].as_str().map(str::to_owned);
            groups.push(WorkerGroup { launch_config, state, is_quarantined: false, workers: capacity, capacity });
        }
    }
    groups.retain(|group| group.capacity > 0);
    groups
}

/// Launches that are not workers yet. Of which launch configs they are is not known here.
fn launching(supply: &Value, now: Timestamp) -> Vec<LedgerEntry> {
    let capacity = natural(&supply["launching"]);
    let (launch_config, state) = (String::new(), LedgerState::Planned);
    let entry = LedgerEntry { launch_config, state, instances: capacity, capacity, since: now };
    if capacity > 0 { vec![entry] } else { Vec::new() }
}

/// Those of the launch config, of what it asks for, and of the provider.
fn breakers(pool: &Definition, provisioning: &Value, id: &str, config: &LaunchConfig, canary: u32) -> Vec<Breaker> {
    let (provider, offering) = (&pool.provider_id, &config.offering);
    let (region, market) = (&offering.region, offering.market.as_str());
    let find = |scope: &str, key: &str| {
        let mut rows = provisioning["breakers"].as_array().into_iter().flatten();
        rows.find(|row| row["scope"] == scope && row["key"] == key).and_then(breaker)
    };
    let own = find("launch-config", &format!("{} {id}", pool.worker_pool_id));
    let shared = [
        find("offering", &format!("{provider} {region} {} {market}", offering.instance_type)),
        find("quota", &format!("{provider} {region} {market}")),
        find("provider", provider),
    ];
    // A launch config that nothing happened to yet starts slowly.
    let own = own.unwrap_or_else(|| Breaker::unproven(canary));
    std::iter::once(own).chain(shared.into_iter().flatten()).collect()
}

fn breaker(row: &Value) -> Option<Breaker> {
    match row["state"].as_str()? {
        "open" => {
            let class: FailureClass = serde_json::from_value(row["failureClass"].clone()).ok()?;
            Some(Breaker::opened(row["until"].as_str().and_then(time::parse)?, class))
        }
        "slow-start" => Some(Breaker::unproven(natural(&row["allowance"]))),
        _ => Some(Breaker::CLOSED),
    }
}

fn natural(value: &Value) -> u32 {
    value.as_u64().map_or(0, |number| u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_says_becomes_what_the_decision_is_made_from() {
        let pool: Definition = serde_json::from_value(json!({
            "workerPoolId": "a/b", "providerId": "aws", "owner": "o",
            "config": {
                "minCapacity": 0, "maxCapacity": 50,
                "launchConfigs": [{ "region": "r" }, { "region": "r", "workerManager": { "launchConfigId": "two" } }],
            },
        }))
        .unwrap();
        let now = time::parse("2026-11-27T12:00:00.000Z").unwrap();
        let provisioning = json!({
            "demand": { "pending": 20, "claimed": 3 },
            "supply": { "launching": 2, "requested": 0, "running": 3, "stopping": 0, "quarantined": 1 },
            "launchConfigs": [{ "launchConfigId": "lc-1" }, { "launchConfigId": "two" }],
            "breakers": [
                { "scope": "launch-config", "key": "a/b two", "state": "open", "until": "2026-11-27T13:00:00Z", "failureClass": "config" },
            ],
        });
        let stats = json!({ "launchConfigStats": [{ "launchConfigId": "lc-1", "runningCapacity": 4 }] });
        let view = view(&pool, &provisioning, &stats, 5, now);
        let decision = decide(&view, &ProvisionSettings::default().unused_limits(), now, 1);
        assert_eq!((decision.supply.running, decision.supply.open_launches), (3, 2));
        let launches: Vec<_> = decision.launches.iter().map(|it| (it.launch_config.as_str(), it.instances)).collect();
        assert_eq!(launches, [("lc-1", 5)], "it is not proven, and the other one's breaker is open");
    }
}
