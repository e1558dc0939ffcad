//! Repairs, and claims that never reached their workers: `undelivered_claims`, `redeliver_claim`, `retire_worker`, `repair_claims`,
//! `repair_blocked`, `repair_groups`, `completed_with_routes`, `advance_sweep_mark`.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::id::{RunId, TaskGroupId, TaskId, TaskQueueId, WorkerName};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::sweeps::{self, Repair, Swept};
use crate::{Db, DbError};

/// A claim that may never have reached its worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndeliveredClaim {
    pub task_id: TaskId,
    pub run_id: RunId,
    pub task_queue_id: TaskQueueId,
    pub worker: WorkerName,
    /// Claims its worker holds, this one included.
    pub held: usize,
    /// The most tasks its worker ever requested at once; 0 where that is not known.
    pub capacity: usize,
}

/// Whether a claim may be sent to its worker once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redelivery {
    /// The caller sends it now.
    Now,
    /// Another process sent it a moment ago; should that be lost too, it can be sent again in a few seconds.
    JustBefore,
    /// Its delivery is recorded, or the claim is gone.
    Over,
}

impl Db {
    /// `undelivered_claims`: made between two times, with a lease of this length that was never extended.
    pub async fn undelivered_claims(
        &self,
        lease: TimeDelta,
        after: DateTime<Utc>,
        before: DateTime<Utc>,
        limit: i32,
    ) -> Result<Vec<UndeliveredClaim>, DbError> {
        let call = sqlx::query("select * from undelivered_claims($1 * interval '1 ms',$2,$3,$4)")
            .bind(lease.num_milliseconds())
            .bind(after)
            .bind(before)
            .bind(limit);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(rows.iter().map(read_undelivered).collect::<Result<_, _>>()?)
    }

    /// `redeliver_claim`: reserves a claim whose response was lost.
    pub async fn redeliver_claim(
        &self,
        (task_queue_id, worker): &(TaskQueueId, WorkerName),
        (task_id, run_id): (TaskId, RunId),
        now: DateTime<Utc>,
    ) -> Result<Redelivery, DbError> {
        let call = sqlx::query_scalar("select redeliver_claim($1,$2,$3,$4,$5,$6)")
            .bind(task_id.0)
            .bind(run_id)
            .bind(&task_queue_id.0)
            .bind(&worker.worker_group)
            .bind(&worker.worker_id)
            .bind(now);
        let answer: Option<bool> = call.fetch_one(self.pool()).await?;
        Ok(match answer {
            Some(true) => Redelivery::Now,
            Some(false) => Redelivery::JustBefore,
            None => Redelivery::Over,
        })
    }

    /// `retire_worker`: ends all runs of a worker that is gone.
    pub async fn retire_worker(
        &self,
        queue: &TaskQueueId,
        worker: &WorkerName,
        now: DateTime<Utc>,
    ) -> Result<Swept, DbError> {
        let call = sqlx::query("select * from retire_worker($1,$2,$3,$4)")
            .bind(&queue.0)
            .bind(&worker.worker_group)
            .bind(&worker.worker_id)
            .bind(now);
        Ok(sweeps::read(&call.fetch_all(self.pool()).await?)?)
    }

    /// `repair_claims`: deletes at most `limit` claims of runs that are not running.
    pub async fn repair_claims(&self, limit: i32) -> Result<Vec<Repair>, DbError> {
        let rows = sqlx::query("select * from repair_claims($1)").bind(limit).fetch_all(self.pool()).await?;
        Ok(rows.iter().map(sweeps::repair).collect::<Result<_, _>>()?)
    }

    /// `repair_blocked`: examines `limit` waiting tasks after one; the repairs, and the task to go on after.
    pub async fn repair_blocked(
        &self,
        after: Option<TaskId>,
        limit: i32,
        now: DateTime<Utc>,
    ) -> Result<(Vec<Repair>, Option<TaskId>), DbError> {
        let after = after.map_or(Uuid::nil(), |id| id.0);
        let call = sqlx::query("select * from repair_blocked($1,$2,$3)").bind(after).bind(limit).bind(now);
        let (mut repairs, mut next) = (Vec::new(), None);
        for row in &call.fetch_all(self.pool()).await? {
            match row.try_get::<Option<&str>, _>("problem")? {
                Some(_) => repairs.push(sweeps::repair(row)?),
                None => next = Some(TaskId(row.try_get("task_id")?)),
            }
        }
        Ok((repairs, next))
    }

    /// `repair_groups`: groups last resolved between two times without an event; they are checked again.
    pub async fn repair_groups(
        &self,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<TaskGroupId>, DbError> {
        let call = sqlx::query_scalar("select * from repair_groups($1,$2,$3)").bind(after).bind(until).bind(now);
        Ok(call.fetch_all(self.pool()).await?.into_iter().map(TaskGroupId).collect())
    }

    /// `completed_with_routes`: tasks that completed between two times and belong into the index, the oldest first.
    pub async fn completed_with_routes(
        &self,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: i32,
    ) -> Result<Vec<(TaskId, DateTime<Utc>)>, DbError> {
        let call = sqlx::query_as("select * from completed_with_routes($1,$2,$3)").bind(after).bind(until).bind(limit);
        let rows: Vec<(Uuid, DateTime<Utc>)> = call.fetch_all(self.pool()).await?;
        Ok(rows.into_iter().map(|(id, resolved)| (TaskId(id), resolved)).collect())
    }

    /// `advance_sweep_mark`: how far this sweep had come, `first` at least; where `to` is given, it has come there now.
    pub async fn sweep_mark(
        &self,
        name: &str,
        first: DateTime<Utc>,
        to: Option<DateTime<Utc>>,
    ) -> Result<DateTime<Utc>, DbError> {
        let call = sqlx::query_scalar("select advance_sweep_mark($1,$2,$3)").bind(name).bind(first).bind(to);
        Ok(call.fetch_one(self.pool()).await?)
    }
}

fn read_undelivered(row: &PgRow) -> Result<UndeliveredClaim, sqlx::Error> {
    Ok(UndeliveredClaim {
        task_id: TaskId(row.try_get("task_id")?),
        run_id: row.try_get("run_id")?,
        task_queue_id: TaskQueueId(row.try_get("task_queue_id")?),
        worker: WorkerName { worker_group: row.try_get("worker_group")?, worker_id: row.try_get("worker_id")? },
        held: usize::try_from(row.try_get::<i32, _>("held")?).unwrap_or(0),
        capacity: usize::try_from(row.try_get::<i16, _>("capacity")?).unwrap_or(0),
    })
}
