//! Task queues as they were seen recently.

use db::queue::TaskQueueRow;
use protocol::id::TaskQueueId;

use super::{
    error::QueueError,
    local::LocalQueue,
    types::{ListTaskQueuesRequest, TaskQueue, TaskQueueList},
};
use crate::kit::Page;

impl LocalQueue {
    pub(super) async fn task_queue(&self, id: TaskQueueId) -> Result<TaskQueue, QueueError> {
        self.read(async {
            let rows = self.db.task_queues(Some(&id), None, None, 1, self.now()).await?;
            let row = rows.into_iter().next();
            row.map(task_queue_of).ok_or_else(|| QueueError::NoSuchQueue(format!("task queue {id}")))
        })
        .await
    }

    pub(super) async fn task_queues(&self, request: ListTaskQueuesRequest) -> Result<TaskQueueList, QueueError> {
        let ListTaskQueuesRequest { provisioner_id, page } = request;
        self.read(async {
            let (after, limit) = (page.after.as_ref(), page.rows());
            let rows = self.db.task_queues(None, provisioner_id.as_deref(), after, limit, self.now()).await?;
            Ok(Page::cut(rows, page.limit, |row| row.task_queue_id.clone()).map(task_queue_of))
        })
        .await
    }
}

fn task_queue_of(row: TaskQueueRow) -> TaskQueue {
    TaskQueue { task_queue_id: row.task_queue_id, last_date_active: row.last_date_active, expires: row.expires }
}
