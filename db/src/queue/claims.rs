//! `claim_work`, `claim_task`, `reclaim_runs`.

use chrono::{DateTime, Utc};
use protocol::id::{RunId, TaskId, TaskQueueId, WorkerName};
use sqlx::Row;
use uuid::Uuid;

use super::result::{TaskResult, decode, read_all};
use crate::{BatchConnection, Db, DbError};

/// A worker that waits for tasks.
#[derive(Debug, Clone)]
pub struct Claimer {
    pub task_queue_id: TaskQueueId,
    pub worker: WorkerName,
    pub count: u16,
    /// Note the worker as seen even if it gets nothing.
    pub touch: bool,
    pub trace: Option<String>,
}

/// The arrays of one call. Places in the results are those of the claimers given, from 0.
#[derive(Debug, Default)]
pub struct ClaimBatch {
    queues: Vec<String>,
    claimer_queues: Vec<i32>,
    worker_groups: Vec<String>,
    worker_ids: Vec<String>,
    touch: Vec<bool>,
    slots: Vec<i32>,
    traces: Option<Vec<Option<String>>>,
}

impl ClaimBatch {
    /// Deals slots out in rounds, so that few tasks are spread over many workers.
    pub fn new<'a>(claimers: impl IntoIterator<Item = &'a Claimer>) -> Self {
        let mut batch = Self::default();
        let (mut wanted, mut traces) = (Vec::new(), Vec::new());
        for claimer in claimers {
            batch.push(claimer);
            wanted.push(claimer.count);
            traces.push(claimer.trace.clone());
        }
        let most = wanted.iter().copied().max().unwrap_or(0);
        for round in 0..most {
            let still = (1..).zip(&wanted).filter(|(_, wanted)| **wanted > round);
            batch.slots.extend(still.map(|(claimer, _)| claimer));
        }
        batch.traces = traces.iter().any(Option::is_some).then_some(traces);
        batch
    }

    fn push(&mut self, claimer: &Claimer) {
        let name = &claimer.task_queue_id.0;
        let known = self.queues.iter().position(|queue| queue == name);
        let queue = known.unwrap_or_else(|| {
            self.queues.push(name.clone());
            self.queues.len() - 1
        });
        self.claimer_queues.push(i32::try_from(queue + 1).unwrap_or(i32::MAX));
        self.worker_groups.push(claimer.worker.worker_group.clone());
        self.worker_ids.push(claimer.worker.worker_id.clone());
        self.touch.push(claimer.touch);
    }
}

impl BatchConnection {
    /// `claim_work`: serves many claimers. A claimer gets one result per task, or one that says that it is quarantined
    /// (`TooLate`), or none.
    pub async fn claim_work(
        &mut self,
        batch: &ClaimBatch,
        taken_until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<TaskResult>, DbError> {
        let call = sqlx::query("select * from claim_work($1,$2,$3,$4,$5,$6,$7,$8,$9)")
            .bind(&batch.queues)
            .bind(&batch.claimer_queues)
            .bind(&batch.worker_groups)
            .bind(&batch.worker_ids)
            .bind(&batch.touch)
            .bind(&batch.slots)
            .bind(&batch.traces)
            .bind(taken_until)
            .bind(now);
        let result = call.fetch_all(self.ensure().await?).await.and_then(|rows| read_all(&rows));
        self.settle(result).map(|(answers, _)| from_zero(answers))
    }

    /// `claims_made_at`: what a `claim_work` made at that time gave to the same claimers, though its response was lost.
    pub async fn claims_made_at(
        &mut self,
        batch: &ClaimBatch,
        claimed: DateTime<Utc>,
    ) -> Result<Vec<TaskResult>, DbError> {
        let call = sqlx::query("select * from claims_made_at($1,$2,$3,$4,$5)")
            .bind(&batch.queues)
            .bind(&batch.claimer_queues)
            .bind(&batch.worker_groups)
            .bind(&batch.worker_ids)
            .bind(claimed);
        let result = call.fetch_all(self.ensure().await?).await.and_then(|rows| read_all(&rows));
        self.settle(result).map(|(answers, _)| from_zero(answers))
    }

    /// `reclaim_runs`: extends many claims, one result each, in order.
    pub async fn reclaim_runs(
        &mut self,
        batch: &ReclaimBatch,
        taken_until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<TaskResult>, DbError> {
        let call = sqlx::query("select * from reclaim_runs($1,$2,$3,$4) order by place")
            .bind(&batch.task_ids)
            .bind(&batch.run_ids)
            .bind(taken_until)
            .bind(now);
        let result = call.fetch_all(self.ensure().await?).await.and_then(|rows| read_all(&rows));
        self.settle(result).map(|(answers, _)| answers)
    }
}

/// SQL counts from 1.
fn from_zero(mut answers: Vec<TaskResult>) -> Vec<TaskResult> {
    for answer in &mut answers {
        answer.place = answer.place.saturating_sub(1);
    }
    answers
}

/// The arrays of one call of `reclaim_runs`. No task may come twice in it.
#[derive(Debug, Default)]
pub struct ReclaimBatch {
    task_ids: Vec<Uuid>,
    run_ids: Vec<RunId>,
}

impl FromIterator<(TaskId, RunId)> for ReclaimBatch {
    fn from_iter<I: IntoIterator<Item = (TaskId, RunId)>>(runs: I) -> Self {
        let (task_ids, run_ids) = runs.into_iter().map(|(task, run)| (task.0, run)).unzip();
        Self { task_ids, run_ids }
    }
}

impl Db {
    /// `claim_task`: one named run for one worker.
    pub async fn claim_task(
        &self,
        task_id: TaskId,
        run_id: RunId,
        worker: &WorkerName,
        trace: Option<&str>,
        taken_until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<TaskResult, DbError> {
        let call = sqlx::query("select * from claim_task($1,$2,$3,$4,$5,$6,$7)")
            .bind(task_id.0)
            .bind(run_id)
            .bind(&worker.worker_group)
            .bind(&worker.worker_id)
            .bind(trace)
            .bind(taken_until)
            .bind(now);
        let row = call.fetch_one(self.pool()).await?;
        let (mut answers, _) = read_all(std::slice::from_ref(&row))?;
        answers.pop().ok_or_else(|| decode(format!("no answer in {} columns", row.len())).into())
    }
}
