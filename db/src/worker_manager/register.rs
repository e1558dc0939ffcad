//! Registration of workers: `pool_worker_register`, `pool_worker_reregister`, `pool_worker_advice`.

use base::SealedText;
use protocol::{
    id::{TaskQueueId, WorkerName},
    time::Timestamp,
};
use sqlx::{FromRow, types::Json};

use super::{PoolWorkerRow, workers::read};
use crate::{Db, DbError};

/// What a registration writes.
#[derive(Debug, Clone)]
pub struct Registration {
    pub secret: SealedText,
    /// When its credentials end.
    pub terminate_after: Timestamp,
    /// When its provider checks it next; `None`: as before.
    pub check_at: Option<Timestamp>,
}

/// What is known of how much a worker is needed.
#[derive(Debug, Clone, Copy, PartialEq, FromRow)]
pub struct Advice {
    pub launch_config_archived: bool,
    /// The capacity to keep; `None`: the worker is not one of those that are counted.
    pub target: Option<f64>,
    /// The capacity of the pool's workers that are kept before this one.
    pub newer: i64,
}

impl Db {
    /// `pool_worker_register` of a worker whose row was read before: it must still be in that state and have that provider
    /// data. `None`: it is not so any more.
    pub async fn register_pool_worker(
        &self,
        worker: &PoolWorkerRow,
        registration: &Registration,
        now: Timestamp,
    ) -> Result<Option<PoolWorkerRow>, DbError> {
        let call = sqlx::query("select * from pool_worker_register($1,$2,$3,$4,$5,$6,$7,$8,$9)")
            .bind(&worker.worker_pool_id.0)
            .bind(&worker.worker.worker_group)
            .bind(&worker.worker.worker_id)
            .bind(&worker.provider_data)
            .bind(worker.state.code())
            .bind(Json(&registration.secret))
            .bind(registration.terminate_after)
            .bind(registration.check_at)
            .bind(now);
        Ok(call.fetch_optional(self.pool()).await?.as_ref().map(read).transpose()?)
    }

    /// `pool_worker_reregister`: the secret `old` is exchanged once only. `None`: it was before, or the worker does not run.
    pub async fn reregister_pool_worker(
        &self,
        pool: &TaskQueueId,
        worker: &WorkerName,
        old: &SealedText,
        new: &Registration,
        now: Timestamp,
    ) -> Result<Option<PoolWorkerRow>, DbError> {
        let call = sqlx::query("select * from pool_worker_reregister($1,$2,$3,$4,$5,$6,$7)")
            .bind(&pool.0)
            .bind(&worker.worker_group)
            .bind(&worker.worker_id)
            .bind(Json(old))
            .bind(Json(&new.secret))
            .bind(new.terminate_after)
            .bind(now);
        Ok(call.fetch_optional(self.pool()).await?.as_ref().map(read).transpose()?)
    }

    /// `pool_worker_advice`. `None`: there is no such worker.
    pub async fn pool_worker_advice(
        &self,
        pool: &TaskQueueId,
        worker: &WorkerName,
        now: Timestamp,
    ) -> Result<Option<Advice>, DbError> {
        let call = sqlx::query_as("select * from pool_worker_advice($1,$2,$3,$4)").bind(&pool.0);
        let call = call.bind(&worker.worker_group).bind(&worker.worker_id).bind(now);
        Ok(call.fetch_optional(self.pool()).await?)
    }
}
