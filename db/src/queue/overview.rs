//! What the page shows first: `groups_recent`, `queues_stats`.

use chrono::{DateTime, Utc};
use protocol::id::TaskGroupId;
use sqlx::{FromRow, Row, postgres::PgRow};

use crate::{Db, DbError, Rows};

/// A group, and how its tasks stand. Codes are those of `protocol::state`.
#[derive(Debug, Clone)]
pub struct RecentGroupRow {
    pub task_group_id: TaskGroupId,
    pub scheduler_id: String,
    pub expires: DateTime<Utc>,
    pub sealed: Option<DateTime<Utc>>,
    /// State and number of tasks.
    pub counts: Vec<(i16, i64)>,
    /// Of the group's own task, or else of its first one. `None`: it has no tasks.
    pub body: Option<String>,
}

/// A task queue, with what waits there and who works for it.
#[derive(Debug, Clone, FromRow)]
pub struct QueueStatsRow {
    pub task_queue_id: String,
    pub pending: i64,
    pub oldest_pending: Option<DateTime<Utc>>,
    pub claimed: i64,
    pub workers: i64,
    pub alive: i64,
    pub quarantined: i64,
}

impl Db {
    /// `groups_recent`: at most `limit`, those that expire last first.
    pub async fn recent_groups(&self, limit: i32) -> Result<Rows<RecentGroupRow>, DbError> {
        let rows = sqlx::query("select * from groups_recent($1)").bind(limit).fetch_all(self.pool()).await?;
        Ok(Rows::read("task group", &rows, read))
    }

    /// `queues_stats`: at most `limit`, where most waits first.
    pub async fn queues_stats(
        &self,
        limit: i32,
        alive_since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<QueueStatsRow>, DbError> {
        let call = sqlx::query_as("select * from queues_stats($1,$2,$3)").bind(limit).bind(alive_since).bind(now);
        Ok(call.fetch_all(self.pool()).await?)
    }
}

fn read(row: &PgRow) -> Result<RecentGroupRow, sqlx::Error> {
    let states: Option<Vec<i16>> = row.try_get("states")?;
    let counts: Option<Vec<i64>> = row.try_get("counts")?;
    Ok(RecentGroupRow {
        task_group_id: TaskGroupId(row.try_get("task_group_id")?),
        scheduler_id: row.try_get("scheduler_id")?,
        expires: row.try_get("expires")?,
        sealed: row.try_get("sealed")?,
        counts: states.unwrap_or_default().into_iter().zip(counts.unwrap_or_default()).collect(),
        body: row.try_get("body")?,
    })
}
