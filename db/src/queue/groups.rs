//! Task groups: `task_group_get`, `task_group_tasks`, `seal_task_group`, `cancel_task_group`, `change_task_group_priority`.

use chrono::{DateTime, Utc};
use protocol::{
    id::{TaskGroupId, TaskId},
    state::Priority,
};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::result::{TaskRow, read_all};
use crate::{Db, DbError, Rows};

/// A group as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    pub task_group_id: TaskGroupId,
    pub scheduler_id: String,
    pub expires: DateTime<Utc>,
    pub sealed: Option<DateTime<Utc>>,
}

impl Db {
    /// `task_group_get`.
    pub async fn task_group(&self, id: TaskGroupId) -> Result<Option<GroupRow>, DbError> {
        let row = sqlx::query("select * from task_group_get($1)").bind(id.0).fetch_optional(self.pool()).await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// `task_group_tasks`: at most `limit` tasks after the given one.
    pub async fn task_group_tasks(
        &self,
        id: TaskGroupId,
        after: Option<TaskId>,
        limit: i32,
    ) -> Result<Rows<TaskRow>, DbError> {
        let call = sqlx::query("select * from task_group_tasks($1,$2,$3)");
        let rows = call.bind(id.0).bind(after.map(|task| task.0)).bind(limit).fetch_all(self.pool()).await?;
        let readable = read_all(&rows)?.0.into_iter().filter_map(|answer| answer.task).collect();
        Ok(Rows { readable, given: rows.len() })
    }

    /// `seal_task_group`. None: there is no such group.
    pub async fn seal_task_group(
        &self,
        id: TaskGroupId,
        trace: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<GroupRow>, DbError> {
        let call = sqlx::query("select * from seal_task_group($1,$2,$3)").bind(id.0).bind(trace).bind(now);
        Ok(call.fetch_optional(self.pool()).await?.as_ref().map(read).transpose()?)
    }

    /// `cancel_task_group`: the size of the group and the tasks canceled. None: the group is not sealed.
    pub async fn cancel_task_group(
        &self,
        id: TaskGroupId,
        trace: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<(i64, Vec<TaskId>)>, DbError> {
        let call = sqlx::query("select * from cancel_task_group($1,$2,$3)").bind(id.0).bind(trace).bind(now);
        let Some(row) = call.fetch_optional(self.pool()).await? else { return Ok(None) };
        let canceled: Vec<Uuid> = row.try_get("canceled")?;
        Ok(Some((row.try_get("size")?, canceled.into_iter().map(TaskId).collect())))
    }

    /// `change_task_group_priority`: the tasks that had another priority.
    pub async fn change_task_group_priority(
        &self,
        id: TaskGroupId,
        to: Priority,
        trace: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Vec<TaskId>, DbError> {
        let call = sqlx::query_scalar("select change_task_group_priority($1,$2,$3,$4)");
        let changed = call.bind(id.0).bind(to.code()).bind(trace).bind(now).fetch_all(self.pool()).await?;
        Ok(changed.into_iter().map(TaskId).collect())
    }
}

fn read(row: &PgRow) -> Result<GroupRow, sqlx::Error> {
    Ok(GroupRow {
        task_group_id: TaskGroupId(row.try_get("task_group_id")?),
        scheduler_id: row.try_get("scheduler_id")?,
        expires: row.try_get("expires")?,
        sealed: row.try_get("sealed")?,
    })
}
