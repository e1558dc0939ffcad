//! `rerunTask`: one more run for a task that has ended, with its retries given back.

use db::queue::Outcome;
use protocol::{id::TaskId, status::TaskStatus};

use super::{Environment, QueueError, cancel_task::past_deadline, schedule_task::one};

/// Answers the status the task now has. A pending or running task is left alone.
pub(super) async fn run(queue: &Environment, id: TaskId) -> Result<TaskStatus, QueueError> {
    let trace = base::telemetry::traceparent();
    let answer = queue.db.rerun_task(id, trace.as_deref(), queue.now()).await?;
    let task = answer.task.ok_or(QueueError::NoSuchTask(id))?;
    match answer.outcome {
        Outcome::TooLate => return Err(past_deadline(id, "run again")),
        Outcome::Refused => {
            return Err(QueueError::Conflict(format!("task {id} has had 50 runs, which is the most a task can have")));
        }
        Outcome::DoneNow => queue.notifications.tasks_pending(&[one(&task.status)]),
        _ => {}
    }
    Ok(task.status)
}
