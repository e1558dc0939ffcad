//! `getTaskGroup`, `listTaskGroup`, `sealTaskGroup`, `cancelTaskGroup`.

use std::sync::Arc;

use protocol::id::TaskGroupId;

use super::{
    error::QueueError,
    local::LocalQueue,
    stored,
    types::{CanceledGroup, ListTaskGroupRequest, TaskGroup, TaskGroupPage},
};
use crate::kit::Page;

impl LocalQueue {
    pub(super) async fn task_group(&self, id: TaskGroupId) -> Result<TaskGroup, QueueError> {
        self.read(self.find_task_group(id)).await
    }

    /// Without a permit: for methods that hold one.
    pub(super) async fn find_task_group(&self, id: TaskGroupId) -> Result<TaskGroup, QueueError> {
        self.db.task_group(id).await?.map(stored::task_group).ok_or(QueueError::NoSuchGroup(id))
    }

    pub(super) async fn list_task_group(&self, request: ListTaskGroupRequest) -> Result<TaskGroupPage, QueueError> {
        let ListTaskGroupRequest { task_group_id: id, page } = request;
        self.read(async {
            let group = self.find_task_group(id).await?;
            let rows = self.db.task_group_tasks(id, page.after, page.rows()).await?;
            let tasks = Page::cut(rows, page.limit, |row| row.status.task_id).map(stored::task_and_status);
            Ok(TaskGroupPage { group, tasks })
        })
        .await
    }

    pub(super) async fn seal_task_group(self: &Arc<Self>, id: TaskGroupId) -> Result<TaskGroup, QueueError> {
        let trace = base::telemetry::traceparent();
        self.command(async move |queue| {
            let group = queue.db.seal_task_group(id, trace.as_deref(), queue.now()).await?;
            let group = group.ok_or(QueueError::NoSuchGroup(id))?;
            queue.notifications.relay.notify();
            Ok(stored::task_group(group))
        })
        .await
    }

    pub(super) async fn cancel_task_group(self: &Arc<Self>, id: TaskGroupId) -> Result<CanceledGroup, QueueError> {
        let trace = base::telemetry::traceparent();
        self.command(async move |queue| {
            queue.find_task_group(id).await?;
            let canceled = queue.db.cancel_task_group(id, trace.as_deref(), queue.now()).await?;
            let (size, canceled) = canceled.ok_or_else(|| {
                QueueError::Conflict(format!(
                    "task group {id} is not sealed; seal it first (sealTaskGroup), then cancel it"
                ))
            })?;
            queue.notifications.tasks_resolved(&[]);
            Ok(CanceledGroup { size, canceled })
        })
        .await
    }
}
