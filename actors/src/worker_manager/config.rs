//! The configuration of a worker pool: checked by the schema of its provider's type, and taken apart for storage.

use db::worker_manager::NewLaunchConfig;
use serde_json::{Map, Number, Value};

use super::{ProviderType, Result, WorkerManagerError};
use crate::FieldError;

/// A configuration as it is stored.
pub(super) struct SplitConfig {
    /// Canonical JSON without the launch configs.
    pub(super) config: String,
    pub(super) min_capacity: Option<i32>,
    pub(super) max_capacity: Option<i32>,
    pub(super) scaling_ratio: Option<f64>,
    pub(super) launch_configs: Vec<NewLaunchConfig>,
}

/// Each has rows and events of its own, in one transaction.
const MAX_LAUNCH_CONFIGS: usize = 2000;

/// Checks a configuration and takes it apart.
pub(super) fn split(provider_type: ProviderType, config: Map<String, Value>) -> Result<SplitConfig> {
    let mut config = Value::Object(config);
    normalize(&mut config);
    let length = config["launchConfigs"].as_array().map_or(0, Vec::len);
    if length > MAX_LAUNCH_CONFIGS {
        let expected = format!("have at most {MAX_LAUNCH_CONFIGS} entries");
        return Err(WorkerManagerError::field("config/launchConfigs", &expected, length.to_string()));
    }
    check(provider_type, &config)?;
    let Value::Object(mut fields) = config else { unreachable!("it was made of an object") };
    if !provider_type.is_dynamic() {
        let config = Value::Object(fields).to_string();
        return Ok(SplitConfig {
            config,
            min_capacity: None,
            max_capacity: None,
            scaling_ratio: None,
            launch_configs: Vec::new(),
        });
    }
    let launch_configs = match fields.remove("launchConfigs") {
        Some(Value::Array(list)) => {
            list.into_iter().enumerate().map(|(at, config)| launch_config(at, config)).collect()
        }
        _ => Ok(Vec::new()),
    };
    Ok(SplitConfig {
        min_capacity: capacity("config/minCapacity", fields.get("minCapacity"))?,
        max_capacity: capacity("config/maxCapacity", fields.get("maxCapacity"))?,
        scaling_ratio: Some(fields.get("scalingRatio").and_then(Value::as_f64).unwrap_or(1.0)),
        launch_configs: launch_configs?,
        config: Value::Object(fields).to_string(),
    })
}

/// The configuration as it was given. `launch_configs`: configuration and `workerManager` of each.
pub(super) fn join(config: &str, launch_configs: &[(String, String)]) -> Result<Value> {
    let read = |text: &str| serde_json::from_str(text).map_err(WorkerManagerError::Unreadable);
    let mut config: Value = read(config)?;
    let is_dynamic = config.get("minCapacity").is_some() && config.get("launchConfigs").is_none();
    if is_dynamic || !launch_configs.is_empty() {
        let list = launch_configs.iter().map(|(configuration, manager)| join_launch_config(configuration, manager));
        config["launchConfigs"] = Value::Array(list.collect::<Result<_>>()?);
    }
    Ok(config)
}

/// A launch config as it was given.
pub(super) fn join_launch_config(configuration: &str, worker_manager: &str) -> Result<Value> {
    let read = |text: &str| serde_json::from_str::<Value>(text).map_err(WorkerManagerError::Unreadable);
    let (mut whole, manager) = (read(configuration)?, read(worker_manager)?);
    if !manager.is_null() {
        whole["workerManager"] = manager;
    }
    Ok(whole)
}

fn check(provider_type: ProviderType, config: &Value) -> Result<()> {
    protocol::schema::check("worker-manager", provider_type.schema(), config).map_err(|errors| {
        let inside =
            |FieldError { pointer, expected, got }| FieldError::new(format!("/payload/config{pointer}"), expected, got);
        let errors = errors.into_iter().map(inside).collect();
        WorkerManagerError::Config { provider_type: provider_type.as_str(), errors }
    })
}

fn launch_config(at: usize, mut config: Value) -> Result<NewLaunchConfig> {
    let manager = config.as_object_mut().and_then(|fields| fields.remove("workerManager")).unwrap_or(Value::Null);
    let path = |name: &str| format!("config/launchConfigs/{at}/{name}");
    // The one outside of `workerManager` is older, and counts where there is no other.
    let of_instance = match capacity(&path("workerManager/capacityPerInstance"), manager.get("capacityPerInstance"))? {
        Some(capacity) => Some(capacity),
        None => capacity(&path("capacityPerInstance"), config.get("capacityPerInstance"))?,
    };
    Ok(NewLaunchConfig {
        capacity_per_instance: of_instance.unwrap_or(1),
        initial_weight: manager.get("initialWeight").and_then(Value::as_f64).unwrap_or(1.0),
        max_capacity: capacity(&path("workerManager/maxCapacity"), manager.get("maxCapacity"))?,
        configuration: config.to_string(),
        worker_manager: manager.to_string(),
    })
}

/// The schema has no upper limit, a column has.
fn capacity(pointer: &str, value: Option<&Value>) -> Result<Option<i32>> {
    let Some(value) = value else { return Ok(None) };
    let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
    number.map(Some).ok_or_else(|| WorkerManagerError::field(pointer, "be at most 2147483647", value.to_string()))
}

/// Numbers as JavaScript writes them, `1` for `1.0`: so the ids of launch configs are those that Taskcluster makes.
fn normalize(value: &mut Value) {
    /// Beyond it JavaScript and PostgreSQL write digits of their own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => {
            let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT);
            if let Some(float) = float {
                #[expect(clippy::cast_possible_truncation, reason = "it is a whole number of less than 54 bits")]
                let whole = float as i64;
                *number = Number::from(whole);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(normalize),
        Value::Object(fields) => fields.values_mut().for_each(normalize),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
