//! Errors of pools: `worker_pool_error_add`, `worker_pool_errors_get`, `worker_pool_error_counts`.

use protocol::{
    id::{TaskQueueId, WorkerName},
    time::Timestamp,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Db, DbError, Rows};

/// An error to store.
#[derive(Debug, Clone)]
pub struct NewPoolError {
    pub error_id: Uuid,
    pub worker_pool_id: TaskQueueId,
    /// `None`: it is of no worker.
    pub worker: Option<WorkerName>,
    /// `None`: that of the worker, if it has one.
    pub launch_config_id: Option<String>,
    pub kind: String,
    pub title: String,
    pub description: String,
    /// JSON.
    pub extra: String,
}

/// An error was stored: what is to be known besides.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ErrorAdded {
    pub launch_config_id: Option<String>,
    /// Who is responsible for the pool, and whether it is to have an e-mail.
    pub owner: String,
    pub email: bool,
}

/// A stored error.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct PoolErrorRow {
    pub error_id: Uuid,
    pub worker_pool_id: String,
    pub reported: Timestamp,
    pub kind: String,
    pub title: String,
    pub description: String,
    pub extra: String,
    pub launch_config_id: Option<String>,
}

/// The place of an error in the list.
pub type ErrorKey = (Timestamp, Uuid);

/// Which errors of a pool.
#[derive(Debug, Clone, Default)]
pub struct PoolErrorFilter {
    pub error_id: Option<Uuid>,
    pub launch_config_id: Option<String>,
}

/// How many errors: `what` is `total`, `day`, `hour`, `title`, `code`, `pool` or `launch config`.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ErrorCount {
    pub what: String,
    pub key: String,
    pub count: i64,
}

impl Db {
    /// `worker_pool_error_add`. `None`: there is no such pool. A repeat is another error, unless it has the same id.
    pub async fn add_pool_error(&self, error: &NewPoolError, now: Timestamp) -> Result<Option<ErrorAdded>, DbError> {
        let worker = error.worker.as_ref();
        let call = sqlx::query_as("select * from worker_pool_error_add($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)")
            .bind(error.error_id)
            .bind(&error.worker_pool_id.0)
            .bind(worker.map(|worker| &worker.worker_group))
            .bind(worker.map(|worker| &worker.worker_id))
            .bind(&error.launch_config_id)
            .bind(&error.kind)
            .bind(&error.title)
            .bind(&error.description)
            .bind(&error.extra)
            .bind(now);
        Ok(call.fetch_optional(self.pool()).await?)
    }

    /// `worker_pool_errors_get`: newest first, at most `limit` after the given one.
    pub async fn pool_errors(
        &self,
        pool: &TaskQueueId,
        filter: &PoolErrorFilter,
        after: Option<&ErrorKey>,
        limit: i32,
    ) -> Result<Rows<PoolErrorRow>, DbError> {
        let call = sqlx::query("select * from worker_pool_errors_get($1,$2,$3,$4,$5,$6)")
            .bind(&pool.0)
            .bind(filter.error_id)
            .bind(&filter.launch_config_id)
            .bind(after.map(|(reported, _)| *reported))
            .bind(after.map(|(_, id)| *id))
            .bind(limit);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("worker_pool_error", &rows, PoolErrorRow::from_row))
    }

    /// `worker_pool_error_counts` of one pool or of all, at most `limit` of each kind.
    pub async fn pool_error_counts(
        &self,
        pool: Option<&TaskQueueId>,
        limit: i32,
        now: Timestamp,
    ) -> Result<Vec<ErrorCount>, DbError> {
        let call = sqlx::query_as("select * from worker_pool_error_counts($1,$2,$3)").bind(pool.map(|pool| &pool.0));
        Ok(call.bind(limit).bind(now).fetch_all(self.pool()).await?)
    }
}
