//! Workers of pools: `pool_workers_get`, `pool_worker_create`, `pool_worker_update`, `pool_worker_stop`, `pool_worker_remove`.

use base::SealedText;
use protocol::{
    id::{TaskQueueId, WorkerName},
    time::Timestamp,
    worker_pool::WorkerState,
};
use serde_json::Value;
use sqlx::{Row, postgres::PgRow, types::Json};

use crate::{Db, DbError, Rows, queue::NewlyPending};

/// A stored worker.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolWorkerRow {
    pub worker_pool_id: TaskQueueId,
    pub worker: WorkerName,
    pub provider_id: String,
    pub launch_config_id: Option<String>,
    pub state: WorkerState,
    pub capacity: i32,
    pub created: Timestamp,
    pub expires: Timestamp,
    pub last_modified: Timestamp,
    pub last_checked: Timestamp,
    /// What it reregisters with; `None`: it has not registered.
    pub sealed_secret: Option<SealedText>,
    pub provider_data: Value,
    pub lifecycle: Value,
}

/// A worker that somebody makes by hand.
#[derive(Debug, Clone)]
pub struct NewStaticWorker {
    pub worker_pool_id: TaskQueueId,
    pub worker: WorkerName,
    pub provider_id: String,
    pub capacity: i32,
    pub expires: Timestamp,
    pub provider_data: Value,
    pub lifecycle: Value,
}

/// Which workers of a pool.
#[derive(Debug, Clone, Default)]
pub struct PoolWorkerFilter {
    pub worker_group: Option<String>,
    pub launch_config_id: Option<String>,
    pub state: Option<WorkerState>,
}

/// A worker was removed: how many of its runs were ended, and where tasks became pending by that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    pub runs: i64,
    pub newly_pending: Vec<NewlyPending>,
}

impl Db {
    /// `pool_workers_get` for one worker.
    pub async fn pool_worker(&self, pool: &TaskQueueId, worker: &WorkerName) -> Result<Option<PoolWorkerRow>, DbError> {
        let call = sqlx::query("select * from pool_workers_get($1,$2,$3,null,null,null,null,1)").bind(&pool.0);
        let call = call.bind(&worker.worker_group).bind(&worker.worker_id);
        Ok(call.fetch_optional(self.pool()).await?.as_ref().map(read).transpose()?)
    }

    /// `pool_workers_get`: at most `limit` after the given one.
    pub async fn pool_workers(
        &self,
        pool: &TaskQueueId,
        filter: &PoolWorkerFilter,
        after: Option<&WorkerName>,
        limit: i32,
    ) -> Result<Rows<PoolWorkerRow>, DbError> {
        let call = sqlx::query("select * from pool_workers_get($1,$2,null,$3,$4,$5,$6,$7)")
            .bind(&pool.0)
            .bind(&filter.worker_group)
            .bind(&filter.launch_config_id)
            .bind(filter.state.map(WorkerState::code))
            .bind(after.map(|worker| &worker.worker_group))
            .bind(after.map(|worker| &worker.worker_id))
            .bind(limit);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("pool_worker", &rows, read))
    }

    /// `pool_worker_create`. False: it was there before. `None`: the pool is not with this provider.
    pub async fn create_pool_worker(&self, new: &NewStaticWorker, now: Timestamp) -> Result<Option<bool>, DbError> {
        let call = sqlx::query_scalar("select made from pool_worker_create($1,$2,$3,$4,$5,$6,$7,$8,$9)")
            .bind(&new.worker_pool_id.0)
            .bind(&new.worker.worker_group)
            .bind(&new.worker.worker_id)
            .bind(&new.provider_id)
            .bind(new.capacity)
            .bind(new.expires)
            .bind(&new.provider_data)
            .bind(&new.lifecycle)
            .bind(now);
        Ok(call.fetch_optional(self.pool()).await?)
    }

    /// `pool_worker_update`. `None`: the provider has no such worker.
    pub async fn update_pool_worker(
        &self,
        new: &NewStaticWorker,
        now: Timestamp,
    ) -> Result<Option<PoolWorkerRow>, DbError> {
        let call = sqlx::query("select * from pool_worker_update($1,$2,$3,$4,$5,$6,$7,$8)")
            .bind(&new.worker_pool_id.0)
            .bind(&new.worker.worker_group)
            .bind(&new.worker.worker_id)
            .bind(&new.provider_id)
            .bind(new.capacity)
            .bind(new.expires)
            .bind(&new.provider_data)
            .bind(now);
        Ok(call.fetch_optional(self.pool()).await?.as_ref().map(read).transpose()?)
    }

    /// `pool_worker_stop`, safe to repeat. False: there is no such worker.
    pub async fn stop_pool_worker(
        &self,
        pool: &TaskQueueId,
        worker: &WorkerName,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select pool_worker_stop($1,$2,$3,$4,$5)").bind(&pool.0);
        let call = call.bind(&worker.worker_group).bind(&worker.worker_id).bind(reason).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `pool_worker_remove`, safe to repeat. `None`: there is no such worker.
    pub async fn remove_pool_worker(
        &self,
        pool: &TaskQueueId,
        worker: &WorkerName,
        reason: &str,
        now: Timestamp,
    ) -> Result<Option<Removed>, DbError> {
        let call = sqlx::query("select * from pool_worker_remove($1,$2,$3,$4,$5)").bind(&pool.0);
        let call = call.bind(&worker.worker_group).bind(&worker.worker_id).bind(reason).bind(now);
        Ok(read_removed(&call.fetch_all(self.pool()).await?)?)
    }
}

fn read_removed(rows: &[PgRow]) -> Result<Option<Removed>, sqlx::Error> {
    let mut removed = None;
    for row in rows {
        let count: i64 = row.try_get("count")?;
        let queue: Option<String> = row.try_get("task_queue_id")?;
        let all = removed.get_or_insert_with(|| Removed { runs: 0, newly_pending: Vec::new() });
        match queue {
            None => all.runs = count,
            Some(queue) => all
                .newly_pending
                .push(NewlyPending { task_queue_id: TaskQueueId(queue), count: usize::try_from(count).unwrap_or(0) }),
        }
    }
    Ok(removed)
}

pub(super) fn read(row: &PgRow) -> Result<PoolWorkerRow, sqlx::Error> {
    let sealed: Option<Json<SealedText>> = row.try_get("sealed_secret")?;
    Ok(PoolWorkerRow {
        worker_pool_id: TaskQueueId(row.try_get("worker_pool_id")?),
        worker: WorkerName { worker_group: row.try_get("worker_group")?, worker_id: row.try_get("worker_id")? },
        provider_id: row.try_get("provider_id")?,
        launch_config_id: row.try_get("launch_config_id")?,
        state: state(row.try_get("state")?)?,
        capacity: row.try_get("capacity")?,
        created: row.try_get("created")?,
        expires: row.try_get("expires")?,
        last_modified: row.try_get("last_modified")?,
        last_checked: row.try_get("last_checked")?,
        sealed_secret: sealed.map(|sealed| sealed.0),
        provider_data: row.try_get("provider_data")?,
        lifecycle: row.try_get("lifecycle")?,
    })
}

pub(super) fn state(code: i16) -> Result<WorkerState, sqlx::Error> {
    WorkerState::from_code(code).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
