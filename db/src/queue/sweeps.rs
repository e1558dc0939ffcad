//! Expirations and repairs: `expire_claims`, `expire_deadlines`, `check_groups`, `expire_rows`, `repair_tasks`.

use chrono::{DateTime, Utc};
use protocol::id::{TaskId, TaskQueueId};
use sqlx::{Row, postgres::PgRow};

use super::result::NewlyPending;
use crate::{Db, DbError};

/// What one call did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Runs ended.
    pub ended: usize,
    pub newly_pending: Vec<NewlyPending>,
}

impl Db {
    /// `expire_claims`: at most `limit` runs whose claim has run out.
    pub async fn expire_claims(&self, limit: i32, now: DateTime<Utc>) -> Result<Swept, DbError> {
        let call = sqlx::query("select * from expire_claims($1,$2)").bind(limit).bind(now);
        Ok(read(&call.fetch_all(self.pool()).await?)?)
    }

    /// `expire_deadlines`: at most `limit` tasks whose deadline lies at or before `until`.
    pub async fn expire_deadlines(
        &self,
        until: DateTime<Utc>,
        limit: i32,
        now: DateTime<Utc>,
    ) -> Result<Swept, DbError> {
        let call = sqlx::query("select * from expire_deadlines($1,$2,$3)").bind(until).bind(limit).bind(now);
        Ok(read(&call.fetch_all(self.pool()).await?)?)
    }

    /// `check_groups`: emits the events of groups all of whose tasks are resolved; how many groups were checked.
    pub async fn check_groups(&self, limit: i32, now: DateTime<Utc>) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select check_groups($1,$2)").bind(limit).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `expire_rows`: deletes tasks that expired before a time, and what else has; how many tasks.
    pub async fn expire_rows(&self, before: DateTime<Utc>, limit: i32, now: DateTime<Utc>) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select expire_rows($1,$2,$3)").bind(before).bind(limit).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `repair_tasks`: repairs tasks that lack other rows; which, and what was wrong.
    pub async fn repair_tasks(&self, limit: i32, now: DateTime<Utc>) -> Result<Vec<Repair>, DbError> {
        let call = sqlx::query("select * from repair_tasks($1,$2)").bind(limit).bind(now);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(rows.iter().map(repair).collect::<Result<_, sqlx::Error>>()?)
    }
}

/// A task that was repaired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    pub task_id: TaskId,
    pub problem: String,
    pub task_queue_id: TaskQueueId,
}

pub(super) fn repair(row: &PgRow) -> Result<Repair, sqlx::Error> {
    Ok(Repair {
        task_id: TaskId(row.try_get("task_id")?),
        problem: row.try_get("problem")?,
        task_queue_id: TaskQueueId(row.try_get("task_queue_id")?),
    })
}

pub(super) fn read(rows: &[PgRow]) -> Result<Swept, sqlx::Error> {
    let mut swept = Swept::default();
    for row in rows {
        let count = usize::try_from(row.try_get::<i64, _>("count")?).unwrap_or(0);
        match row.try_get::<Option<String>, _>("task_queue_id")? {
            None => swept.ended += count,
            Some(queue) => swept.newly_pending.push(NewlyPending { task_queue_id: TaskQueueId(queue), count }),
        }
    }
    Ok(swept)
}
