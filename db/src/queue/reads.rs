//! Reads: `tasks_get`, `task_dependents`, `find_ids`, `queue_counts`, `pending_tasks`, `claimed_tasks`.

use chrono::{DateTime, Utc};
use protocol::id::{IdPrefix, RunId, TaskGroupId, TaskId, TaskQueueId, WorkerName};
use sqlx::{
    Postgres, Row,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use uuid::Uuid;

use super::result::{TaskRow, read_all, with_priority};
use crate::{BatchConnection, Db, DbError, Rows};

/// A claimable run.
#[derive(Debug, Clone)]
pub struct PendingRow {
    pub seq: i64,
    pub task_id: TaskId,
    pub run_id: RunId,
    pub inserted: DateTime<Utc>,
    pub definition: String,
}

/// A run that a worker holds.
#[derive(Debug, Clone)]
pub struct ClaimedRow {
    pub task_id: TaskId,
    pub run_id: RunId,
    pub worker: WorkerName,
    pub claimed: DateTime<Utc>,
    pub definition: String,
}

impl Db {
    /// `tasks_get`: in the order asked for; those that do not exist are left out.
    pub async fn tasks(&self, ids: &[TaskId], with_definition: bool) -> Result<Vec<TaskRow>, DbError> {
        let rows = tasks_get(ids, with_definition).fetch_all(self.pool()).await?;
        Ok(read_tasks(&rows)?)
    }

    /// `task_dependents`: at most `limit` after the given one.
    pub async fn task_dependents(
        &self,
        id: TaskId,
        after: Option<TaskId>,
        limit: i32,
    ) -> Result<Rows<TaskRow>, DbError> {
        let call = sqlx::query("select * from task_dependents($1,$2,$3)");
        let rows = call.bind(id.0).bind(after.map(|task| task.0)).bind(limit).fetch_all(self.pool()).await?;
        Ok(Rows { readable: read_tasks(&rows)?, given: rows.len() })
    }

    /// `find_ids`: tasks and task groups whose ids begin so, in order, at most `limit` of each.
    pub async fn find_ids(&self, prefix: &IdPrefix, limit: i32) -> Result<(Vec<TaskId>, Vec<TaskGroupId>), DbError> {
        let (low, high) = prefix.range();
        let call = sqlx::query_as("select task_ids, task_group_ids from find_ids($1,$2,$3)");
        let found: (Vec<Uuid>, Vec<Uuid>) = call.bind(low).bind(high).bind(limit).fetch_one(self.pool()).await?;
        Ok((found.0.into_iter().map(TaskId).collect(), found.1.into_iter().map(TaskGroupId).collect()))
    }

    /// `queue_counts`: pending and claimed tasks.
    pub async fn queue_counts(&self, queue: &TaskQueueId, now: DateTime<Utc>) -> Result<(i64, i64), DbError> {
        let call = sqlx::query_as("select pending, claimed from queue_counts($1,$2)").bind(&queue.0).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `pending_tasks`: oldest first, at most `limit` after the given sequence number.
    pub async fn pending_tasks(
        &self,
        queue: &TaskQueueId,
        after: Option<i64>,
        limit: i32,
        now: DateTime<Utc>,
    ) -> Result<Rows<PendingRow>, DbError> {
        let call = sqlx::query("select * from pending_tasks($1,$2,$3,$4)");
        let rows = call.bind(&queue.0).bind(after).bind(limit).bind(now).fetch_all(self.pool()).await?;
        Ok(Rows::read("pending", &rows, read_pending))
    }

    /// `claimed_tasks`: in order of ids, at most `limit` after the given one.
    pub async fn claimed_tasks(
        &self,
        queue: &TaskQueueId,
        after: Option<TaskId>,
        limit: i32,
        now: DateTime<Utc>,
    ) -> Result<Rows<ClaimedRow>, DbError> {
        let call = sqlx::query("select * from claimed_tasks($1,$2,$3,$4)");
        let rows =
            call.bind(&queue.0).bind(after.map(|task| task.0)).bind(limit).bind(now).fetch_all(self.pool()).await?;
        Ok(Rows::read("claim", &rows, read_claimed))
    }
}

impl BatchConnection {
    /// As the read of the same name on the pool.
    pub async fn tasks(&mut self, ids: &[TaskId], with_definition: bool) -> Result<Vec<TaskRow>, DbError> {
        let call = tasks_get(ids, with_definition);
        let result = call.fetch_all(self.ensure().await?).await.and_then(|rows| read_tasks(&rows));
        self.settle(result)
    }
}

fn tasks_get(ids: &[TaskId], with_definition: bool) -> Query<'static, Postgres, PgArguments> {
    let uuids: Vec<_> = ids.iter().map(|id| id.0).collect();
    sqlx::query("select * from tasks_get($1,$2)").bind(uuids).bind(with_definition)
}

fn read_tasks(rows: &[PgRow]) -> Result<Vec<TaskRow>, sqlx::Error> {
    Ok(read_all(rows)?.0.into_iter().filter_map(|answer| answer.task).collect())
}

fn read_pending(row: &PgRow) -> Result<PendingRow, sqlx::Error> {
    Ok(PendingRow {
        seq: row.try_get("seq")?,
        task_id: TaskId(row.try_get("task_id")?),
        run_id: row.try_get("run_id")?,
        inserted: row.try_get("inserted")?,
        definition: definition(row)?,
    })
}

fn read_claimed(row: &PgRow) -> Result<ClaimedRow, sqlx::Error> {
    let worker = WorkerName { worker_group: row.try_get("worker_group")?, worker_id: row.try_get("worker_id")? };
    Ok(ClaimedRow {
        task_id: TaskId(row.try_get("task_id")?),
        run_id: row.try_get("run_id")?,
        worker,
        claimed: row.try_get("claimed")?,
        definition: definition(row)?,
    })
}

fn definition(row: &PgRow) -> Result<String, sqlx::Error> {
    with_priority(row.try_get("body")?, row.try_get("stored_priority")?, row.try_get("priority")?)
}
