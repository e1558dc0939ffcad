//! `scheduleTask`, `rerunTask`: what makes a task pending whatever its dependencies.

use std::sync::Arc;

use db::queue::Outcome;
use protocol::{id::TaskId, status::TaskStatus};

use super::{
    error::{QueueError, past_deadline},
    local::LocalQueue,
    new_task::became_pending,
};

impl LocalQueue {
    pub(super) async fn schedule_task(self: &Arc<Self>, id: TaskId) -> Result<TaskStatus, QueueError> {
        let trace = base::telemetry::traceparent();
        self.command(async move |queue| {
            let answer = queue.db.schedule_task(id, trace.as_deref(), queue.now()).await?;
            let task = answer.task.ok_or(QueueError::NoSuchTask(id))?;
            match answer.outcome {
                Outcome::TooLate => return Err(past_deadline(id, "scheduled")),
                Outcome::DoneNow => queue.notifications.tasks_pending(&[became_pending(&task.status)]),
                _ => {}
            }
            Ok(task.status)
        })
        .await
    }

    pub(super) async fn rerun_task(self: &Arc<Self>, id: TaskId) -> Result<TaskStatus, QueueError> {
        let trace = base::telemetry::traceparent();
        self.command(async move |queue| {
            let answer = queue.db.rerun_task(id, trace.as_deref(), queue.now()).await?;
            let task = answer.task.ok_or(QueueError::NoSuchTask(id))?;
            match answer.outcome {
                Outcome::TooLate => return Err(past_deadline(id, "run again")),
                Outcome::Refused => {
                    let why = format!("task {id} has had 50 runs, which is the most a task can have");
                    return Err(QueueError::Conflict(why));
                }
                Outcome::DoneNow => queue.notifications.tasks_pending(&[became_pending(&task.status)]),
                _ => {}
            }
            Ok(task.status)
        })
        .await
    }
}
