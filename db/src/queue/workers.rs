//! Workers and task queues as the queue has seen them: `workers_get`, `quarantine_worker`, `declare_worker`, `note_workers`,
//! `task_queues_get`.

use chrono::{DateTime, Utc};
use protocol::id::{RunId, TaskId, TaskQueueId, WorkerName};
use serde_json::Value;
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use crate::{Db, DbError, Rows};

/// A worker's record.
#[derive(Debug, Clone)]
pub struct WorkerRow {
    pub task_queue_id: TaskQueueId,
    pub worker: WorkerName,
    pub first_claim: DateTime<Utc>,
    pub last_date_active: DateTime<Utc>,
    pub expires: DateTime<Utc>,
    pub quarantine_until: Option<DateTime<Utc>>,
    /// Oldest first, at most 20.
    pub recent_tasks: Vec<(TaskId, RunId)>,
}

/// What a worker was given since its record was written.
#[derive(Debug, Clone)]
pub struct WorkerNote {
    pub task_queue_id: TaskQueueId,
    pub worker: WorkerName,
    pub active: DateTime<Utc>,
    /// Oldest first.
    pub runs: Vec<(TaskId, RunId)>,
}

/// A task queue's record.
#[derive(Debug, Clone)]
pub struct TaskQueueRow {
    pub task_queue_id: TaskQueueId,
    pub last_date_active: DateTime<Utc>,
    pub expires: DateTime<Utc>,
}

impl Db {
    /// `workers_get` for one worker.
    pub async fn worker(
        &self,
        queue: &TaskQueueId,
        worker: &WorkerName,
        now: DateTime<Utc>,
    ) -> Result<Option<WorkerRow>, DbError> {
        let call = sqlx::query("select * from workers_get($1,$2,$3,null,null,1,$4)")
            .bind(&queue.0)
            .bind(&worker.worker_group)
            .bind(&worker.worker_id)
            .bind(now);
        Ok(call.fetch_optional(self.pool()).await?.as_ref().map(read_worker).transpose()?)
    }

    /// `workers_get` for all of a queue: at most `limit` after the given one.
    pub async fn workers(
        &self,
        queue: &TaskQueueId,
        after: Option<&WorkerName>,
        limit: i32,
        now: DateTime<Utc>,
    ) -> Result<Rows<WorkerRow>, DbError> {
        let call = sqlx::query("select * from workers_get($1,null,null,$2,$3,$4,$5)")
            .bind(&queue.0)
            .bind(after.map(|worker| &worker.worker_group))
            .bind(after.map(|worker| &worker.worker_id))
            .bind(limit)
            .bind(now);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("worker", &rows, read_worker))
    }

    /// `quarantine_worker`. None: it was never seen.
    pub async fn quarantine_worker(
        &self,
        queue: &TaskQueueId,
        worker: &WorkerName,
        until: DateTime<Utc>,
        details: Value,
        now: DateTime<Utc>,
    ) -> Result<Option<WorkerRow>, DbError> {
        let call = sqlx::query("select * from quarantine_worker($1,$2,$3,$4,$5,$6)")
            .bind(&queue.0)
            .bind(&worker.worker_group)
            .bind(&worker.worker_id)
            .bind(until)
            .bind(details)
            .bind(now);
        Ok(call.fetch_optional(self.pool()).await?.as_ref().map(read_worker).transpose()?)
    }

    /// `declare_worker`.
    pub async fn declare_worker(
        &self,
        queue: &TaskQueueId,
        worker: &WorkerName,
        expires: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<WorkerRow, DbError> {
        let call = sqlx::query("select * from declare_worker($1,$2,$3,$4,$5)")
            .bind(&queue.0)
            .bind(&worker.worker_group)
            .bind(&worker.worker_id)
            .bind(expires)
            .bind(now);
        Ok(read_worker(&call.fetch_one(self.pool()).await?)?)
    }

    /// `note_workers`. No worker may come twice.
    pub async fn note_workers(&self, notes: &[WorkerNote]) -> Result<(), DbError> {
        let column = |of: fn(&WorkerNote) -> &str| notes.iter().map(of).collect::<Vec<_>>();
        let runs = || (1_i32..).zip(notes).flat_map(|(worker, note)| note.runs.iter().map(move |run| (worker, run)));
        sqlx::query("select note_workers($1,$2,$3,$4,$5,$6,$7)")
            .bind(column(|note| &note.task_queue_id.0))
            .bind(column(|note| &note.worker.worker_group))
            .bind(column(|note| &note.worker.worker_id))
            .bind(notes.iter().map(|note| note.active).collect::<Vec<_>>())
            .bind(runs().map(|(worker, _)| worker).collect::<Vec<_>>())
            .bind(runs().map(|(_, run)| run.0.0).collect::<Vec<_>>())
            .bind(runs().map(|(_, run)| run.1).collect::<Vec<_>>())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// `task_queues_get`: one queue, those of a provisioner, or all; at most `limit` after the given one.
    pub async fn task_queues(
        &self,
        only: Option<&TaskQueueId>,
        provisioner_id: Option<&str>,
        after: Option<&TaskQueueId>,
        limit: i32,
        now: DateTime<Utc>,
    ) -> Result<Rows<TaskQueueRow>, DbError> {
        let call = sqlx::query("select * from task_queues_get($1,$2,$3,$4,$5)")
            .bind(only.map(|queue| &queue.0))
            .bind(provisioner_id)
            .bind(after.map(|queue| &queue.0))
            .bind(limit)
            .bind(now);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("task_queue", &rows, read_queue))
    }
}

pub(crate) fn read_worker(row: &PgRow) -> Result<WorkerRow, sqlx::Error> {
    let tasks: Vec<Uuid> = row.try_get("recent_task_ids")?;
    let runs: Vec<RunId> = row.try_get("recent_run_ids")?;
    Ok(WorkerRow {
        task_queue_id: TaskQueueId(row.try_get("task_queue_id")?),
        worker: WorkerName { worker_group: row.try_get("worker_group")?, worker_id: row.try_get("worker_id")? },
        first_claim: row.try_get("first_claim")?,
        last_date_active: row.try_get("last_date_active")?,
        expires: row.try_get("expires")?,
        quarantine_until: row.try_get("quarantine_until")?,
        recent_tasks: tasks.into_iter().map(TaskId).zip(runs).collect(),
    })
}

fn read_queue(row: &PgRow) -> Result<TaskQueueRow, sqlx::Error> {
    Ok(TaskQueueRow {
        task_queue_id: TaskQueueId(row.try_get("task_queue_id")?),
        last_date_active: row.try_get("last_date_active")?,
        expires: row.try_get("expires")?,
    })
}
