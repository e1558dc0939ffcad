//! `changeTaskPriority`, `changeTaskGroupPriority`.

use db::queue::Outcome;
use protocol::{
    id::{TaskGroupId, TaskId},
    state::Priority,
    status::TaskStatus,
};

use super::{Environment, QueueError, cancel_task::past_deadline, list::task_group, types::TaskGroup};

pub(super) async fn of_task(queue: &Environment, id: TaskId, to: Priority) -> Result<TaskStatus, QueueError> {
    let trace = base::telemetry::traceparent();
    let answer = queue.db.change_task_priority(id, to, trace.as_deref(), queue.now()).await?;
    let task = answer.task.ok_or(QueueError::NoSuchTask(id))?;
    match answer.outcome {
        Outcome::TooLate => Err(past_deadline(id, "given another priority")),
        Outcome::Refused => Err(QueueError::Conflict(format!(
            "task {id} is already resolved; the priority of a task can only be changed before its first resolution"
        ))),
        Outcome::Unchanged => Err(QueueError::Conflict(format!("task {id} already has priority `{to}`"))),
        _ => {
            queue.notifications.relay.notify();
            Ok(task.status)
        }
    }
}

/// The group, and the tasks that had another priority.
pub(super) async fn of_group(
    queue: &Environment,
    id: TaskGroupId,
    to: Priority,
) -> Result<(TaskGroup, Vec<TaskId>), QueueError> {
    let group = task_group(queue, id).await?;
    let trace = base::telemetry::traceparent();
    let changed = queue.db.change_task_group_priority(id, to, trace.as_deref(), queue.now()).await?;
    queue.notifications.relay.notify();
    Ok((group, changed))
}
