//! `changeTaskPriority`, `changeTaskGroupPriority`.

use std::sync::Arc;

use db::queue::Outcome;
use protocol::status::TaskStatus;

use super::{
    error::{QueueError, past_deadline},
    local::LocalQueue,
    types::{ChangeTaskGroupPriorityRequest, ChangeTaskPriorityRequest, ChangedGroup},
};

impl LocalQueue {
    pub(super) async fn change_task_priority(
        self: &Arc<Self>,
        request: ChangeTaskPriorityRequest,
    ) -> Result<TaskStatus, QueueError> {
        let ChangeTaskPriorityRequest { task_id: id, priority } = request;
        let trace = base::telemetry::traceparent();
        self.command(async move |queue| {
            let answer = queue.db.change_task_priority(id, priority, trace.as_deref(), queue.now()).await?;
            let task = answer.task.ok_or(QueueError::NoSuchTask(id))?;
            match answer.outcome {
                Outcome::TooLate => Err(past_deadline(id, "given another priority")),
                Outcome::Refused => Err(QueueError::Conflict(format!(
                    "task {id} is already resolved; the priority of a task can only be changed before its first resolution"
                ))),
                Outcome::Unchanged => {
                    Err(QueueError::Conflict(format!("task {id} already has priority `{priority}`")))
                }
                _ => {
                    queue.notifications.relay.notify();
                    Ok(task.status)
                }
            }
        })
        .await
    }

    pub(super) async fn change_task_group_priority(
        self: &Arc<Self>,
        request: ChangeTaskGroupPriorityRequest,
    ) -> Result<ChangedGroup, QueueError> {
        let ChangeTaskGroupPriorityRequest { task_group_id: id, priority } = request;
        let trace = base::telemetry::traceparent();
        self.command(async move |queue| {
            let group = queue.find_task_group(id).await?;
            let changed = queue.db.change_task_group_priority(id, priority, trace.as_deref(), queue.now()).await?;
            queue.notifications.relay.notify();
            Ok(ChangedGroup { group, changed })
        })
        .await
    }
}
