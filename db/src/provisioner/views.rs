//! What a decision is made from, as it is stored.

use protocol::{
    time::Timestamp,
    worker_pool::{LaunchState, WorkerState},
};
use serde::Deserialize;
use sqlx::{FromRow, Row, postgres::PgRow, types::Json};

/// One worker pool; numbers as they stand in the database.
#[derive(Debug, Clone)]
pub struct PoolViewRow {
    pub worker_pool_id: String,
    pub provider_id: String,
    pub owner: String,
    /// JSON, without launch configs.
    pub config: String,
    pub min_capacity: i32,
    pub max_capacity: i32,
    pub scaling_ratio: f64,
    pub is_paused: bool,
    pub pending: i64,
    pub oldest_pending: Option<Timestamp>,
    pub claimed: i64,
    /// Of the claimed ones those of workers that are no supply.
    pub claimed_elsewhere: i64,
    /// Median of the latest boots; `None`: there was none.
    pub boot_seconds: Option<f64>,
    pub workers: Vec<SupplyRow>,
    pub ledger: Vec<OpenLaunchRow>,
    pub launch_configs: Vec<LaunchConfigRow>,
}

/// Workers that are not stopped, of one launch config in one state.
#[derive(Debug, Clone, Deserialize)]
pub struct SupplyRow {
    pub launch_config_id: Option<String>,
    #[serde(deserialize_with = "worker_state")]
    pub state: WorkerState,
    pub is_quarantined: bool,
    pub workers: i64,
    pub capacity: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct OpenLaunchRow {
    pub launch_config_id: String,
    #[serde(deserialize_with = "launch_state")]
    pub state: LaunchState,
    pub instances: i32,
    pub capacity: i32,
    pub since: Timestamp,
}

/// Not archived.
#[derive(Debug, Clone, Deserialize)]
pub struct LaunchConfigRow {
    pub launch_config_id: String,
    /// JSON, without the part `workerManager`.
    pub configuration: String,
    pub capacity_per_instance: i32,
    pub initial_weight: f64,
    pub max_capacity: Option<i32>,
    pub is_paused: bool,
    /// Error reports of the last hour.
    pub errors: i64,
}

impl FromRow<'_, PgRow> for PoolViewRow {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let Json(workers) = row.try_get("workers")?;
        let Json(ledger) = row.try_get("ledger")?;
        let Json(launch_configs) = row.try_get("launch_configs")?;
        Ok(Self {
            worker_pool_id: row.try_get("worker_pool_id")?,
            provider_id: row.try_get("provider_id")?,
            owner: row.try_get("owner")?,
            config: row.try_get("config")?,
            min_capacity: row.try_get::<Option<i32>, _>("min_capacity")?.unwrap_or_default(),
            max_capacity: row.try_get::<Option<i32>, _>("max_capacity")?.unwrap_or_default(),
            scaling_ratio: row.try_get::<Option<f64>, _>("scaling_ratio")?.unwrap_or(1.0),
            is_paused: row.try_get("is_paused")?,
            pending: row.try_get("pending")?,
            oldest_pending: row.try_get("oldest_pending")?,
            claimed: row.try_get("claimed")?,
            claimed_elsewhere: row.try_get("claimed_elsewhere")?,
            boot_seconds: row.try_get("boot_seconds")?,
            workers,
            ledger,
            launch_configs,
        })
    }
}

fn worker_state<'de, D: serde::Deserializer<'de>>(from: D) -> Result<WorkerState, D::Error> {
    WorkerState::from_code(i16::deserialize(from)?).map_err(serde::de::Error::custom)
}

fn launch_state<'de, D: serde::Deserializer<'de>>(from: D) -> Result<LaunchState, D::Error> {
    LaunchState::from_code(i16::deserialize(from)?).map_err(serde::de::Error::custom)
}
