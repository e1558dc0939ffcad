//! `group_snapshot`: all tasks of a group.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use protocol::id::{TaskGroupId, TaskId};
use sqlx::{Row, postgres::PgRow};

use crate::{Db, DbError, rows::unreadable};

/// A task of a group with its definition. Codes are those of `protocol::state`.
#[derive(Debug, Clone)]
pub struct SnapshotRow {
    pub task_id: TaskId,
    pub state: i16,
    pub reason_resolved: Option<i16>,
    pub priority: i16,
    /// Below 0: no run yet.
    pub run_id: i16,
    pub task_queue_id: String,
    pub scheduled: Option<DateTime<Utc>>,
    pub started: Option<DateTime<Utc>>,
    pub resolved: Option<DateTime<Utc>>,
    pub body: String,
}

impl Db {
    /// `group_snapshot`: calls `each` with every task, in order of the ids. Rows are read while they arrive, as definitions
    /// of a large group are many megabytes. One that cannot be read is left out.
    pub async fn group_snapshot(&self, id: TaskGroupId, mut each: impl FnMut(SnapshotRow)) -> Result<(), DbError> {
        let mut rows = sqlx::query("select * from group_snapshot($1)").bind(id.0).fetch(self.pool());
        while let Some(row) = rows.try_next().await? {
            match read(&row) {
                Ok(row) => each(row),
                Err(error) => unreadable("task", &error),
            }
        }
        Ok(())
    }
}

fn read(row: &PgRow) -> Result<SnapshotRow, sqlx::Error> {
    Ok(SnapshotRow {
        task_id: TaskId(row.try_get("task_id")?),
        state: row.try_get("state")?,
        reason_resolved: row.try_get("reason_resolved")?,
        priority: row.try_get("priority")?,
        run_id: row.try_get("run_id")?,
        task_queue_id: row.try_get("task_queue_id")?,
        scheduled: row.try_get("scheduled")?,
        started: row.try_get("started")?,
        resolved: row.try_get("resolved")?,
        body: row.try_get("body")?,
    })
}
