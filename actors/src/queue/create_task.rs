//! `createTask`.

use db::queue::Created;
use protocol::status::TaskStatus;
use tokio::sync::oneshot;

use super::{
    batch::{NewTaskRequest, wait},
    error::QueueError,
    local::LocalQueue,
    new_task::{creation_error, row, status_of_new},
    types::NewTask,
};

impl LocalQueue {
    pub(super) async fn create_task(&self, task: NewTask) -> Result<TaskStatus, QueueError> {
        let (row, (reply, answer)) = (row(&task)?, oneshot::channel());
        self.create_batcher.submit(NewTaskRequest { row, reply })?;
        let (outcome, now) = wait(answer, self.request_timeout).await?;
        if let Some(error) = creation_error(task.task_id, &task.definition, &outcome) {
            return Err(error);
        }
        match outcome {
            Created::New { ready } => Ok(status_of_new(task, ready, now)),
            _ => self.status(task.task_id).await,
        }
    }
}
