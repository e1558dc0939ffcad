//! Workers that the queue has seen, with what worker-manager knows of them: `known_workers_get`.

use protocol::{
    id::{TaskQueueId, WorkerName},
    time::Timestamp,
    worker_pool::WorkerState,
};
use serde_json::Value;
use sqlx::{Row, postgres::PgRow};

use super::workers::state;
use crate::{
    Db, DbError, Rows,
    queue::{WorkerRow, read_worker},
};

/// A worker of the queue; what worker-manager knows is missing where it has no row.
#[derive(Debug, Clone)]
pub struct KnownWorker {
    pub seen: WorkerRow,
    pub quarantine_details: Value,
    pub provider_id: Option<String>,
    pub launch_config_id: Option<String>,
    pub state: Option<WorkerState>,
    pub capacity: Option<i32>,
}

/// Which workers of a queue.
#[derive(Debug, Clone, Default)]
pub struct KnownWorkerFilter {
    pub quarantined: bool,
    pub launch_config_id: Option<String>,
    pub state: Option<WorkerState>,
    /// Those without a row of worker-manager.
    pub standalone: bool,
}

impl Db {
    /// `known_workers_get` for one worker.
    pub async fn known_worker(
        &self,
        queue: &TaskQueueId,
        worker: &WorkerName,
        now: Timestamp,
    ) -> Result<Option<KnownWorker>, DbError> {
        let call = sqlx::query("select * from known_workers_get($1,$2,$3,false,null,null,false,null,null,1,$4)")
            .bind(&queue.0)
            .bind(&worker.worker_group)
            .bind(&worker.worker_id)
            .bind(now);
        Ok(call.fetch_optional(self.pool()).await?.as_ref().map(read).transpose()?)
    }

    /// `known_workers_get`: at most `limit` after the given one.
    pub async fn known_workers(
        &self,
        queue: &TaskQueueId,
        filter: &KnownWorkerFilter,
        after: Option<&WorkerName>,
        limit: i32,
        now: Timestamp,
    ) -> Result<Rows<KnownWorker>, DbError> {
        let call = sqlx::query("select * from known_workers_get($1,null,null,$2,$3,$4,$5,$6,$7,$8,$9)")
            .bind(&queue.0)
            .bind(filter.quarantined)
            .bind(&filter.launch_config_id)
            .bind(filter.state.map(WorkerState::code))
            .bind(filter.standalone)
            .bind(after.map(|worker| &worker.worker_group))
            .bind(after.map(|worker| &worker.worker_id))
            .bind(limit)
            .bind(now);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("worker", &rows, read))
    }
}

fn read(row: &PgRow) -> Result<KnownWorker, sqlx::Error> {
    let code: Option<i16> = row.try_get("state")?;
    Ok(KnownWorker {
        seen: read_worker(row)?,
        quarantine_details: row.try_get("quarantine_details")?,
        provider_id: row.try_get("provider_id")?,
        launch_config_id: row.try_get("launch_config_id")?,
        state: code.map(state).transpose()?,
        capacity: row.try_get("capacity")?,
    })
}
