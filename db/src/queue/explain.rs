//! Reads of the explain endpoint: `explain_dependencies`, `explain_position`, `explain_workers`, `explain_events`.
//!
//! Each reads a bounded number of rows, so that explaining one task costs the same on a queue of a million.

use chrono::{DateTime, Utc};
use protocol::{
    event::EventKind,
    id::{TaskId, TaskQueueId, WorkerName},
    state::TaskState,
};
use sqlx::{FromRow, Row, postgres::PgRow};

use super::result::decode;
use crate::{Db, DbError};

/// One dependency of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DependencyRow {
    /// `None`: the required task is not there.
    pub state: Option<TaskState>,
    pub satisfied: bool,
}

/// The place of a pending run. A count that reaches the limit given means "or more".
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct PositionRow {
    pub inserted: DateTime<Utc>,
    pub higher: i64,
    pub older: i64,
    pub pending: i64,
}

/// Workers of a queue: how many, and those seen last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkersSeen {
    pub known: i64,
    pub alive: i64,
    pub quarantined: i64,
    /// Alive, and not in quarantine.
    pub ready: i64,
    pub last_seen: Option<DateTime<Utc>>,
    pub listed: Vec<WorkerSeen>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSeen {
    pub worker: WorkerName,
    pub last_date_active: DateTime<Utc>,
    /// Only while it lasts.
    pub quarantine_until: Option<DateTime<Utc>>,
    pub quarantine_info: Option<String>,
    /// Its last task still runs there.
    pub busy: bool,
}

/// Events that are not sent yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// Of the task.
    pub events: Vec<(EventKind, DateTime<Utc>)>,
    /// Of all tasks, as far as was read.
    pub backlog: i64,
    pub oldest: Option<DateTime<Utc>>,
}

impl Db {
    /// `explain_dependencies`: of pairs (dependent, required), in order.
    pub async fn explain_dependencies(&self, pairs: &[(TaskId, TaskId)]) -> Result<Vec<DependencyRow>, DbError> {
        let (dependents, required): (Vec<_>, Vec<_>) = pairs.iter().map(|(one, other)| (one.0, other.0)).unzip();
        let call = sqlx::query("select * from explain_dependencies($1,$2)").bind(dependents).bind(required);
        Ok(call.fetch_all(self.pool()).await?.iter().map(dependency).collect::<Result<_, _>>()?)
    }

    /// `explain_position`. None: the task has no claimable run.
    pub async fn explain_position(
        &self,
        id: TaskId,
        limit: i32,
        now: DateTime<Utc>,
    ) -> Result<Option<PositionRow>, DbError> {
        let call = sqlx::query_as("select * from explain_position($1,$2,$3)").bind(id.0).bind(limit).bind(now);
        Ok(call.fetch_optional(self.pool()).await?)
    }

    /// `explain_workers`.
    pub async fn explain_workers(
        &self,
        queue: &TaskQueueId,
        alive_since: DateTime<Utc>,
        limit: i32,
        listed: i32,
        now: DateTime<Utc>,
    ) -> Result<WorkersSeen, DbError> {
        let call = sqlx::query("select * from explain_workers($1,$2,$3,$4,$5)");
        let call = call.bind(&queue.0).bind(alive_since).bind(limit).bind(listed).bind(now);
        Ok(workers(&call.fetch_all(self.pool()).await?)?)
    }

    /// `explain_events`.
    pub async fn explain_events(&self, id: TaskId, limit: i32) -> Result<Undelivered, DbError> {
        let call = sqlx::query("select * from explain_events($1,$2)").bind(id.0).bind(limit);
        Ok(undelivered(&call.fetch_one(self.pool()).await?)?)
    }
}

fn dependency(row: &PgRow) -> Result<DependencyRow, sqlx::Error> {
    let state: Option<i16> = row.try_get("state")?;
    let state = state.map(TaskState::from_code).transpose().map_err(decode)?;
    Ok(DependencyRow { state, satisfied: row.try_get("satisfied")? })
}

fn workers(rows: &[PgRow]) -> Result<WorkersSeen, sqlx::Error> {
    let Some(first) = rows.first() else { return Ok(WorkersSeen::default()) };
    Ok(WorkersSeen {
        known: first.try_get("known")?,
        alive: first.try_get("alive")?,
        quarantined: first.try_get("quarantined")?,
        ready: first.try_get("ready")?,
        last_seen: first.try_get("last_seen")?,
        listed: rows.iter().map(worker).collect::<Result<_, _>>()?,
    })
}

fn worker(row: &PgRow) -> Result<WorkerSeen, sqlx::Error> {
    Ok(WorkerSeen {
        worker: WorkerName { worker_group: row.try_get("worker_group")?, worker_id: row.try_get("worker_id")? },
        last_date_active: row.try_get("last_date_active")?,
        quarantine_until: row.try_get("quarantine_until")?,
        quarantine_info: row.try_get("quarantine_info")?,
        busy: row.try_get("busy")?,
    })
}

fn undelivered(row: &PgRow) -> Result<Undelivered, sqlx::Error> {
    let (kinds, ats): (Vec<i16>, Vec<DateTime<Utc>>) = (row.try_get("kinds")?, row.try_get("ats")?);
    let kinds = kinds.into_iter().map(|kind| EventKind::from_code(kind).map_err(decode));
    let events = kinds.zip(ats).map(|(kind, at)| Ok((kind?, at))).collect::<Result<_, sqlx::Error>>()?;
    Ok(Undelivered { events, backlog: row.try_get("backlog")?, oldest: row.try_get("oldest")? })
}
