//! From the worker pools of a file to what a simulation, or a plan, needs of them.

use provisioner::{
    decision::{LaunchConfig, Offering, PoolConfig, Ratio},
    provider::OfferingKey,
    simulate::SimulatedPool,
};
use serde_json::{Map, Value};

/// `provider`: of the pool. What its machines cost is not known, so launch configs are drawn by weight. Machines of a launch config without a capacity have one task at a time, as in the API.
pub(crate) fn simulated_pool(provider: &str, config: &Map<String, Value>) -> SimulatedPool {
    let number = |name: &str| natural(config.get(name));
    let launch_configs = config.get("launchConfigs").and_then(Value::as_array).into_iter().flatten();
    SimulatedPool {
        config: PoolConfig {
            min_capacity: number("minCapacity").unwrap_or_default(),
            max_capacity: number("maxCapacity").unwrap_or_default(),
            scaling_ratio: Ratio::new(config.get("scalingRatio").and_then(Value::as_f64).unwrap_or(1.0)),
            is_paused: false,
        },
        launch_configs: launch_configs.enumerate().map(|(at, config)| launch_config(provider, at, config)).collect(),
    }
}

fn launch_config(provider: &str, at: usize, config: &Value) -> LaunchConfig {
    let manager = &config["workerManager"];
    let offering = Offering::unlearned(provider, OfferingKey::of_launch_config(config));
    let capacity = natural(manager.get("capacityPerInstance")).or_else(|| natural(config.get("capacityPerInstance")));
    let id = manager["launchConfigId"].as_str().map_or_else(|| format!("number-{}", at + 1), str::to_owned);
    LaunchConfig {
        capacity_per_instance: capacity.unwrap_or(1),
        weight: manager["initialWeight"].as_f64().unwrap_or(1.0),
        max_capacity: natural(manager.get("maxCapacity")),
        ..LaunchConfig::new(id, offering)
    }
}

fn natural(value: Option<&Value>) -> Option<u32> {
    value.and_then(Value::as_u64).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pool_is_read_as_worker_manager_reads_it() {
        let config = json!({
            "minCapacity": 1, "maxCapacity": 9, "scalingRatio": 0.5,
            "launchConfigs": [
                { "region": "r", "capacityPerInstance": 2 },
                { "workerManager": { "launchConfigId": "lc", "capacityPerInstance": 3, "initialWeight": 0.5, "maxCapacity": 4 } },
            ],
        });
        let pool = simulated_pool("p", config.as_object().unwrap());
        assert_eq!((pool.config.min_capacity, pool.config.max_capacity, pool.config.scaling_ratio.get()), (1, 9, 0.5));
        let [first, second] = &pool.launch_configs[..] else { panic!("{pool:?}") };
        assert_eq!(
            (first.id.as_str(), first.capacity_per_instance, first.offering.region.as_str()),
            ("number-1", 2, "r")
        );
        assert_eq!((second.id.as_str(), second.capacity_per_instance, second.max_capacity), ("lc", 3, Some(4)));
    }
}
