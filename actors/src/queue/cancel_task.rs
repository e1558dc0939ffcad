//! `cancelTask`.

use db::queue::Outcome;
use protocol::{id::TaskId, status::TaskStatus};

use super::{Environment, QueueError};

/// Answers the status the task now has. A task that had already ended keeps the end it had, and nobody is told twice.
pub(super) async fn run(queue: &Environment, id: TaskId) -> Result<TaskStatus, QueueError> {
    let trace = base::telemetry::traceparent();
    let (answer, woken) = queue.db.cancel_task(id, trace.as_deref(), queue.now()).await?;
    let task = answer.task.ok_or(QueueError::NoSuchTask(id))?;
    if answer.outcome == Outcome::TooLate {
        return Err(past_deadline(id, "canceled"));
    }
    queue.notifications.tasks_resolved(&woken);
    Ok(task.status)
}

/// The conflict of every command that comes after the deadline.
pub(super) fn past_deadline(id: TaskId, done: &str) -> QueueError {
    QueueError::Conflict(format!("the deadline of task {id} has passed, so it cannot be {done} any more"))
}
