//! `scheduleTask`: makes an unscheduled task pending whatever its dependencies.

use db::queue::{NewlyPending, Outcome};
use protocol::{id::TaskId, status::TaskStatus};

use super::{Environment, QueueError, cancel_task::past_deadline};

/// Answers the status the task now has. A task that has a run keeps it.
pub(super) async fn run(queue: &Environment, id: TaskId) -> Result<TaskStatus, QueueError> {
    let trace = base::telemetry::traceparent();
    let answer = queue.db.schedule_task(id, trace.as_deref(), queue.now()).await?;
    let task = answer.task.ok_or(QueueError::NoSuchTask(id))?;
    match answer.outcome {
        Outcome::TooLate => return Err(past_deadline(id, "scheduled")),
        Outcome::DoneNow => queue.notifications.tasks_pending(&[one(&task.status)]),
        _ => {}
    }
    Ok(task.status)
}

/// The wake-up for a single task that became pending.
pub(super) fn one(status: &TaskStatus) -> NewlyPending {
    NewlyPending { task_queue_id: status.task_queue_id.clone(), count: 1 }
}
