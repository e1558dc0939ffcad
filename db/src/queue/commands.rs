//! Commands for one task: `schedule_task`, `rerun_task`, `cancel_task`, `change_task_priority`.

use chrono::{DateTime, Utc};
use protocol::{id::TaskId, state::Priority};
use sqlx::postgres::PgRow;

use super::result::{NewlyPending, TaskResult, decode, read_all};
use crate::{Db, DbError};

impl Db {
    /// `schedule_task`. `DoneNow`: the run was made by this call.
    pub async fn schedule_task(
        &self,
        id: TaskId,
        trace: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<TaskResult, DbError> {
        let call = sqlx::query("select * from schedule_task($1,$2,$3)").bind(id.0).bind(trace).bind(now);
        one(&call.fetch_all(self.pool()).await?).map(|(answer, _)| answer)
    }

    /// `rerun_task`. `DoneNow`: the run was made by this call.
    pub async fn rerun_task(&self, id: TaskId, trace: Option<&str>, now: DateTime<Utc>) -> Result<TaskResult, DbError> {
        let call = sqlx::query("select * from rerun_task($1,$2,$3)").bind(id.0).bind(trace).bind(now);
        one(&call.fetch_all(self.pool()).await?).map(|(answer, _)| answer)
    }

    /// `cancel_task`, and the queues in which dependents became pending.
    pub async fn cancel_task(
        &self,
        id: TaskId,
        trace: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(TaskResult, Vec<NewlyPending>), DbError> {
        let call = sqlx::query("select * from cancel_task($1,$2,$3)").bind(id.0).bind(trace).bind(now);
        one(&call.fetch_all(self.pool()).await?)
    }

    /// `change_task_priority`.
    pub async fn change_task_priority(
        &self,
        id: TaskId,
        to: Priority,
        trace: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<TaskResult, DbError> {
        let call = sqlx::query("select * from change_task_priority($1,$2,$3,$4)");
        let call = call.bind(id.0).bind(to.code()).bind(trace).bind(now);
        one(&call.fetch_all(self.pool()).await?).map(|(answer, _)| answer)
    }
}

fn one(rows: &[PgRow]) -> Result<(TaskResult, Vec<NewlyPending>), DbError> {
    let (mut answers, newly_pending) = read_all(rows)?;
    let answer = answers.pop().ok_or_else(|| decode("an answer without a task"))?;
    Ok((answer, newly_pending))
}
