//! What people see of the provisioning of a worker pool: `provision_status`.

use protocol::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use sqlx::FromRow;

use super::{OpenLaunchRow, SupplyRow};
use crate::{Db, DbError};

/// One worker pool, as the provisioner sees it.
#[derive(Debug, Clone, FromRow)]
pub struct ProvisionStatus {
    pub worker_pool_id: String,
    pub provider_id: String,
    /// `None`: nothing is launched for this pool.
    pub min_capacity: Option<i32>,
    pub max_capacity: Option<i32>,
    pub pending: i64,
    pub oldest_pending: Option<Timestamp>,
    pub claimed: i64,
    /// Median of the latest boots; `None`: there was none.
    pub boot_seconds: Option<f64>,
    #[sqlx(json)]
    pub workers: Vec<SupplyRow>,
    #[sqlx(json)]
    pub ledger: Vec<OpenLaunchRow>,
    #[sqlx(json)]
    pub launch_configs: Vec<LaunchConfigStatus>,
    pub paused_until: Option<Timestamp>,
    pub pause_reason: Option<String>,
    /// When it is decided about next.
    pub provision_at: Option<Timestamp>,
    /// The earliest of the launches and machines that have not registered.
    pub booting_since: Option<Timestamp>,
    #[sqlx(json)]
    pub breakers: Vec<BreakerStatus>,
    /// The latest decision that was kept, JSON.
    pub decided_at: Option<Timestamp>,
    pub decision: Option<String>,
}

/// Not archived.
#[derive(Debug, Clone, Deserialize)]
pub struct LaunchConfigStatus {
    pub launch_config_id: String,
    pub capacity_per_instance: i32,
    pub initial_weight: f64,
    pub max_capacity: Option<i32>,
    pub paused_until: Option<Timestamp>,
    pub pause_reason: Option<String>,
}

/// A circuit breaker that something happened to.
#[derive(Debug, Clone, Deserialize)]
pub struct BreakerStatus {
    pub scope: String,
    pub key: String,
    /// The provisioner's JSON.
    pub state: Value,
    pub reason: Option<String>,
    pub last_modified: Timestamp,
}

impl Db {
    /// `provision_status`. `None`: there is no such pool.
    pub async fn provision_status(&self, pool: &str, now: Timestamp) -> Result<Option<ProvisionStatus>, DbError> {
        let call = sqlx::query_as("select * from provision_status($1,$2)").bind(pool).bind(now);
        Ok(call.fetch_optional(self.pool()).await?)
    }

    /// `provision_check_now`: all workers of a provider are due for a look at their machines.
    pub async fn provision_check_now(&self, provider: &str, now: Timestamp) -> Result<(), DbError> {
        sqlx::query("select provision_check_now($1,$2)").bind(provider).bind(now).execute(self.pool()).await?;
        Ok(())
    }
}
