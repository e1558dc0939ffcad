//! `sealTaskGroup`, `cancelTaskGroup`.

use protocol::id::TaskGroupId;

use super::{
    Environment, QueueError,
    list::{group_of, task_group},
    types::{CanceledGroup, TaskGroup},
};

/// Cancels every unresolved task of a sealed group.
pub(super) async fn run(queue: &Environment, id: TaskGroupId) -> Result<CanceledGroup, QueueError> {
    task_group(queue, id).await?;
    let trace = base::telemetry::traceparent();
    let canceled = queue.db.cancel_task_group(id, trace.as_deref(), queue.now()).await?;
    let (size, canceled) = canceled.ok_or_else(|| {
        QueueError::Conflict(format!("task group {id} is not sealed; seal it first (sealTaskGroup), then cancel it"))
    })?;
    queue.notifications.tasks_resolved(&[]);
    Ok(CanceledGroup { size, canceled })
}

/// Seals a group. Sealing again tells the world again, with the first time.
pub(super) async fn seal(queue: &Environment, id: TaskGroupId) -> Result<TaskGroup, QueueError> {
    let trace = base::telemetry::traceparent();
    let group = queue.db.seal_task_group(id, trace.as_deref(), queue.now()).await?;
    let group = group.ok_or(QueueError::NoSuchGroup(id))?;
    queue.notifications.relay.notify();
    Ok(group_of(group))
}
