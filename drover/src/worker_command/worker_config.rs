//! What the configuration of a worker pool says to its workers.

use std::time::Duration;

use clap::ValueEnum;
use serde_json::Value;

use super::{args::WorkerArgs, isolation::Network};
use crate::exit::{CliError, Exit};

/// The fields that are used here.
pub(super) const FIELDS: [&str; 3] = ["capacity", "idleTimeoutSecs", "network"];

/// How many tasks run at a time, and what they reach of the network.
pub(super) fn apply(args: &mut WorkerArgs, config: &Value) -> Result<(), CliError> {
    if let Some(capacity) = config.get("capacity").and_then(Value::as_u64) {
        args.capacity = u8::try_from(capacity.clamp(1, 32)).unwrap_or(1);
    }
    if let Some(name) = config.get("network").and_then(Value::as_str) {
        args.isolation.network = Network::from_str(name, false)
            .map_err(|error| CliError::new(Exit::Usage, format!("workerConfig.network of the worker pool: {error}")))?;
    }
    Ok(())
}

pub(super) fn idle_timeout(config: &Value) -> Option<Duration> {
    config.get("idleTimeoutSecs").and_then(Value::as_u64).map(Duration::from_secs)
}
