//! Workers and their machines: what the provider's list says, and what follows.

use protocol::time::Timestamp;
use serde::Serialize;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{Db, DbError, Rows};

/// A worker that is due for a look at its machine.
#[derive(Debug, Clone, FromRow)]
pub struct WorkerToCheck {
    pub worker_pool_id: String,
    pub worker_group: String,
    pub worker_id: String,
    pub region: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SeenState {
    Running,
    Stopping,
    Ended,
    /// Not in the list.
    Missing,
}

/// What the list says about a worker.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedWorker {
    pub worker_pool_id: String,
    pub worker_group: String,
    pub worker_id: String,
    pub seen: SeenState,
}

/// After how many seconds a worker is looked at again, by state.
#[derive(Debug, Clone, Copy)]
pub struct CheckIntervals {
    pub requested: i32,
    pub running: i32,
    pub stopping: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum OutcomeKind {
    Stopped,
    /// Its machine is to be ended.
    Terminate,
    /// It has registered since the last look.
    Booted,
    /// It ended without having registered.
    BootFailed,
    /// Tasks of it are pending again.
    Pending,
}

#[derive(Debug, Clone, FromRow)]
pub struct CheckOutcome {
    pub outcome: OutcomeKind,
    pub worker_pool_id: String,
    pub worker_group: String,
    pub worker_id: String,
    pub launch_config_id: Option<String>,
    pub launch_id: Option<Uuid>,
    /// Of its launch, where it booted or did not.
    pub request: Option<String>,
    /// Until it registered, where it booted.
    pub boot_seconds: Option<f64>,
}

/// A machine that a launch made.
#[derive(Debug, Clone, Serialize)]
pub struct MachineRow {
    pub id: String,
    pub launch: Uuid,
}

impl Db {
    /// `provision_check_claim`: nobody else gets these before `until`.
    pub async fn provision_check_claim(
        &self,
        provider_id: &str,
        busy_regions: &[String],
        limit: i32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<WorkerToCheck>, DbError> {
        let call = sqlx::query("select * from provision_check_claim($1,$2,$3,$4,$5)").bind(provider_id);
        let call = call.bind(busy_regions).bind(limit).bind(until).bind(now);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("pool_worker", &rows, WorkerToCheck::from_row).readable)
    }

    /// `provision_check_apply`: `listed_at` is when the list was asked for. Safe to repeat.
    pub async fn provision_check_apply(
        &self,
        workers: &[CheckedWorker],
        listed_at: Timestamp,
        intervals: CheckIntervals,
        now: Timestamp,
    ) -> Result<Vec<CheckOutcome>, DbError> {
        let call = sqlx::query("select * from provision_check_apply($1,$2,$3,$4,$5,$6)")
            .bind(Json(workers))
            .bind(listed_at)
            .bind(intervals.requested)
            .bind(intervals.running)
            .bind(intervals.stopping)
            .bind(now);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("pool_worker", &rows, CheckOutcome::from_row).readable)
    }

    /// `provision_regions`: where a provider was asked for machines.
    pub async fn provision_regions(&self, provider_id: &str) -> Result<Vec<String>, DbError> {
        let call = sqlx::query_scalar("select provision_regions($1)").bind(provider_id);
        Ok(call.fetch_all(self.pool()).await?)
    }

    /// `provision_orphans`: the ids of those machines that nobody counts on.
    pub async fn provision_orphans(&self, machines: &[MachineRow]) -> Result<Vec<String>, DbError> {
        let call = sqlx::query_scalar("select provision_orphans($1)").bind(Json(machines));
        Ok(call.fetch_all(self.pool()).await?)
    }
}
