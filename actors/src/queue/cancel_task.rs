//! `cancelTask`.

use std::sync::Arc;

use db::queue::Outcome;
use protocol::{id::TaskId, status::TaskStatus};

use super::{
    error::{QueueError, past_deadline},
    local::LocalQueue,
};

impl LocalQueue {
    pub(super) async fn cancel_task(self: &Arc<Self>, id: TaskId) -> Result<TaskStatus, QueueError> {
        let trace = base::telemetry::traceparent();
        self.command(async move |queue| {
            let (answer, woken) = queue.db.cancel_task(id, trace.as_deref(), queue.now()).await?;
            let task = answer.task.ok_or(QueueError::NoSuchTask(id))?;
            if answer.outcome == Outcome::TooLate {
                return Err(past_deadline(id, "canceled"));
            }
            queue.notifications.tasks_resolved(&woken);
            Ok(task.status)
        })
        .await
    }
}
