//! What is asked of a provider, and what it made.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::Machine;

/// The id of a row of the ledger. Drivers send it as the token that makes a launch idempotent, and tag machines with it.
pub type LaunchId = Uuid;

/// Machines of one launch config in one region.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    pub id: LaunchId,
    pub region: String,
    /// At least 1.
    pub instances: u32,
    /// The launch config as its owner wrote it, without the part `workerManager`.
    pub configuration: Value,
    pub user_data: UserData,
    /// For each machine, as Taskcluster sets them: `CreatedBy`, `ManagedBy`, `Owner`, `WorkerPoolId`, `Name`; and
    /// `drover-deployment` and `drover-launch`, by which machines are found again.
    pub tags: BTreeMap<String, String>,
    /// The caller does not wait for an answer longer than this.
    pub deadline: DateTime<Utc>,
}

/// What a machine reads about itself, as JSON in the words of Taskcluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserData {
    pub worker_pool_id: String,
    pub provider_id: String,
    pub worker_group: String,
    pub root_url: String,
    pub worker_config: Value,
    pub launch_config_id: String,
    /// `additionalUserData` of the launch config, where the provider has it.
    #[serde(flatten)]
    pub additional: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Launched {
    /// As many as were asked for.
    pub machines: Vec<Machine>,
}
