//! `reclaimTask`.

use db::queue::{Outcome, TaskResult};
use protocol::id::{RunId, TaskId, WorkerName};
use tokio::sync::oneshot;

use super::{
    batch::{ReclaimRequest, wait},
    error::QueueError,
    local::LocalQueue,
    run_state::run_state,
    stored::scopes_of,
    types::{Reclaim, ReclaimTaskRequest},
};

impl LocalQueue {
    pub(super) async fn reclaim_task(&self, request: ReclaimTaskRequest) -> Result<Reclaim, QueueError> {
        let ReclaimTaskRequest { task_id, run_id } = request;
        let (reply, answer) = oneshot::channel();
        self.reclaim_batcher.submit(ReclaimRequest { task_id, run_id, reply })?;
        let answer: TaskResult = wait(answer, self.request_timeout).await?;
        let task = match (answer.outcome, answer.task) {
            (Outcome::Done, Some(task)) => task,
            (Outcome::NoSuchRun, _) => return Err(QueueError::NoSuchRun(task_id, run_id)),
            (_, None) => return Err(QueueError::NoSuchTask(task_id)),
            (outcome, Some(task)) => return Err(conflict(outcome, task_id, run_id, &run_state(&task.status, run_id))),
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
}

fn conflict(outcome: Outcome, task_id: TaskId, run_id: RunId, state: &str) -> QueueError {
    QueueError::Conflict(if outcome == Outcome::TooLate {
        format!("the deadline of task {task_id} has passed; stop working on run {run_id}")
    } else {
        format!("run {run_id} of task {task_id} is {state}, not running; stop working on it")
    })
}
