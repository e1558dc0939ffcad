//! Lists: dependents, and what waits in a task queue or is worked on.

use protocol::id::TaskQueueId;

use super::{
    error::QueueError,
    local::LocalQueue,
    stored,
    types::{
        ClaimedTask, ClaimedTaskList, Definition, ListClaimedTasksRequest, ListDependentsRequest,
        ListPendingTasksRequest, PendingTask, PendingTaskList, QueueCounts, TaskList,
    },
};
use crate::kit::Page;

impl LocalQueue {
    pub(super) async fn dependents(&self, request: ListDependentsRequest) -> Result<TaskList, QueueError> {
        let ListDependentsRequest { task_id: id, page } = request;
        self.read(async {
            if self.db.tasks(&[id], false).await?.is_empty() {
                return Err(QueueError::NoSuchTask(id));
            }
            let rows = self.db.task_dependents(id, page.after, page.rows()).await?;
            Ok(Page::cut(rows, page.limit, |row| row.status.task_id).map(stored::task_and_status))
        })
        .await
    }

    pub(super) async fn counts(&self, id: TaskQueueId) -> Result<QueueCounts, QueueError> {
        let (pending, claimed) = self.read(async { Ok(self.db.queue_counts(&id, self.now()).await?) }).await?;
        Ok(QueueCounts { pending, claimed })
    }

    pub(super) async fn pending_tasks(&self, request: ListPendingTasksRequest) -> Result<PendingTaskList, QueueError> {
        let ListPendingTasksRequest { task_queue_id: id, page } = request;
        self.read(async {
            let rows = self.db.pending_tasks(&id, page.after, page.rows(), self.now()).await?;
            Ok(Page::cut(rows, page.limit, |row| row.seq).map(|row| PendingTask {
                task_id: row.task_id,
                run_id: row.run_id,
                inserted: row.inserted,
                task: Definition(row.definition),
            }))
        })
        .await
    }

    pub(super) async fn claimed_tasks(&self, request: ListClaimedTasksRequest) -> Result<ClaimedTaskList, QueueError> {
        let ListClaimedTasksRequest { task_queue_id: id, page } = request;
        self.read(async {
            let rows = self.db.claimed_tasks(&id, page.after, page.rows(), self.now()).await?;
            Ok(Page::cut(rows, page.limit, |row| row.task_id).map(|row| ClaimedTask {
                task_id: row.task_id,
                run_id: row.run_id,
                worker: row.worker,
                claimed: row.claimed,
                task: Definition(row.definition),
            }))
        })
        .await
    }
}
