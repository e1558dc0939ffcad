//! `task` and `status`: definitions and statuses, of one task or of many.

use db::queue::TaskRow;
use protocol::{id::TaskId, status::TaskStatus};
use tokio::sync::oneshot;

use super::{
    batch::{ReadRequest, wait},
    error::QueueError,
    local::LocalQueue,
    types::{Definition, Definitions},
};

impl LocalQueue {
    pub(super) async fn tasks(&self, ids: Vec<TaskId>) -> Result<Definitions, QueueError> {
        if let [id] = ids[..] {
            let task = self.read_task(id, true).await?;
            return Ok(task.into_iter().map(|task| (id, Definition(task.definition))).collect());
        }
        let rows = self.read(async { Ok(self.db.tasks(&ids, true).await?) }).await?;
        Ok(rows.into_iter().map(|row| (row.status.task_id, Definition(row.definition))).collect())
    }

    pub(super) async fn statuses(&self, ids: Vec<TaskId>) -> Result<Vec<TaskStatus>, QueueError> {
        if let [id] = ids[..] {
            return Ok(self.read_task(id, false).await?.into_iter().map(|task| task.status).collect());
        }
        let rows = self.read(async { Ok(self.db.tasks(&ids, false).await?) }).await?;
        Ok(rows.into_iter().map(|row| row.status).collect())
    }

    pub(super) async fn status(&self, id: TaskId) -> Result<TaskStatus, QueueError> {
        let task = self.read_task(id, false).await?.ok_or(QueueError::NoSuchTask(id))?;
        Ok(task.status)
    }

    /// The task, no older than this call. The definition is there if it was asked for, and perhaps if not.
    async fn read_task(&self, task_id: TaskId, with_definition: bool) -> Result<Option<TaskRow>, QueueError> {
        let (reply, answer) = oneshot::channel();
        self.read_batcher.submit(ReadRequest { task_id, with_definition, reply })?;
        wait(answer, self.request_timeout).await
    }
}
