//! `reclaimTask`: a lane that extends many claims with one call.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use base::Clock;
use chrono::TimeDelta;
use db::{
    BatchConnection,
    queue::{Outcome, TaskResult},
};
use protocol::id::{RunId, TaskId, WorkerName};
use tokio::sync::oneshot;

use super::{
    QueueError,
    batching::{Tries, reply_unavailable, take_different, wait},
    report_run::stand_of,
    types::{Reclaim, scopes_of},
};
use crate::kit::{BatchOperation, Batcher};

/// Extends a claim by the claim timeout from now; it never gets shorter.
pub(super) async fn run(
    batcher: &Batcher<ReclaimTask>,
    task_id: TaskId,
    run_id: RunId,
    timeout: Duration,
) -> Result<Reclaim, QueueError> {
    let (reply, answer) = oneshot::channel();
    batcher.submit(Request { task_id, run_id, reply })?;
    let answer: TaskResult = wait(answer, timeout).await?;
    let task = match (answer.outcome, answer.task) {
        (Outcome::Done, Some(task)) => task,
        (Outcome::NoSuchRun, _) => return Err(QueueError::NoSuchRun(task_id, run_id)),
        (_, None) => return Err(QueueError::NoSuchTask(task_id)),
        (outcome, Some(task)) => return Err(refusal(outcome, task_id, run_id, &stand_of(&task.status, run_id))),
    };
    let run = task.status.run(run_id).ok_or(QueueError::NoSuchRun(task_id, run_id))?;
    let worker = WorkerName {
        worker_group: run.worker_group.clone().unwrap_or_default(),
        worker_id: run.worker_id.clone().unwrap_or_default(),
    };
    let taken_until = run.taken_until.unwrap_or_default();
    let scopes = scopes_of(&task.definition);
    Ok(Reclaim { run_id, worker, taken_until, status: task.status, scopes })
}

fn refusal(outcome: Outcome, task_id: TaskId, run_id: RunId, state: &str) -> QueueError {
    QueueError::Conflict(if outcome == Outcome::TooLate {
        format!("the deadline of task {task_id} has passed; stop working on run {run_id}")
    } else {
        format!("run {run_id} of task {task_id} is {state}, not running; stop working on it")
    })
}

/// The step.
pub(super) struct ReclaimTask {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) claim_timeout: TimeDelta,
    pub(super) batch: usize,
}

pub(super) struct Request {
    task_id: TaskId,
    run_id: RunId,
    reply: oneshot::Sender<Result<TaskResult, QueueError>>,
}

impl BatchOperation for ReclaimTask {
    type Request = Request;

    fn take(&self, waiting: &mut VecDeque<Request>) -> Vec<Request> {
        take_different(waiting, self.batch, |request| request.task_id)
    }

    async fn run(&self, connection: &mut BatchConnection, batch: Vec<Request>) {
        let rows = batch.iter().map(|request| (request.task_id, request.run_id)).collect();
        let now = self.clock.now();
        let taken_until = now + self.claim_timeout;
        let mut tries = Tries::default();
        let answers = loop {
            let result = connection.reclaim_runs(&rows, taken_until, now).await;
            if !tries.again(&result) {
                break result;
            }
        };
        match answers {
            Ok(answers) => {
                for (request, answer) in batch.into_iter().zip(answers) {
                    let _ = request.reply.send(Ok(answer));
                }
            }
            Err(error) => reply_unavailable(batch.into_iter().map(|request| request.reply).collect(), error),
        }
    }
}
