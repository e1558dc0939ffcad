//! Claims one named run for one worker, which may ask again.

use db::{
    Db,
    queue::{Outcome, TaskResult},
};
use protocol::{
    id::{RunId, TaskId, WorkerName},
    time::Timestamp,
};

use super::{error::QueueError, stored::claim, types::Claim};

/// The claim, and whether the call changed anything.
pub(super) async fn claim_run(
    db: &Db,
    task_id: TaskId,
    run_id: RunId,
    worker: &WorkerName,
    taken_until: Timestamp,
    now: Timestamp,
) -> Result<(Claim, bool), QueueError> {
    let trace = base::telemetry::traceparent();
    let answer: TaskResult = db.claim_task(task_id, run_id, worker, trace.as_deref(), taken_until, now).await?;
    let why = match (answer.outcome, answer.task) {
        (Outcome::Done, Some(task)) => {
            let claim = claim(task, worker);
            let changed = claim.taken_until == taken_until;
            return Ok((claim, changed));
        }
        (Outcome::NoSuchRun, _) => return Err(QueueError::NoSuchRun(task_id, run_id)),
        (_, None) => return Err(QueueError::NoSuchTask(task_id)),
        (Outcome::TooLate, _) => "its deadline has passed",
        (Outcome::Refused, _) => "the worker is quarantined",
        _ => "it is not pending, and not held by this worker",
    };
    Err(QueueError::Conflict(format!("run {run_id} of task {task_id} cannot be claimed: {why}")))
}
