//! `reportCompleted`, `reportFailed`, `reportException`.

use db::queue::{Outcome, TaskResult};
use protocol::{
    id::{RunId, TaskId},
    status::TaskStatus,
};
use tokio::sync::oneshot;

use super::{
    batch::{RunReport, wait},
    error::QueueError,
    local::LocalQueue,
    run_state::{described, run_state},
    types::ReportRequest,
};

/// Most artifacts that an error names. A name may have 1,024 characters, and the text of an error 64 kB.
const NAMED: usize = 50;

impl LocalQueue {
    pub(super) async fn report(&self, request: ReportRequest) -> Result<TaskStatus, QueueError> {
        let ReportRequest { task_id, run_id, .. } = request;
        let (trace, (reply, answer)) = (base::telemetry::traceparent(), oneshot::channel());
        self.report_batcher.submit(RunReport { request, trace, reply })?;
        let answer: TaskResult = wait(answer, self.request_timeout).await?;
        match (answer.outcome, answer.task) {
            (Outcome::Done, Some(task)) => Ok(task.status),
            (Outcome::NoSuchRun, _) => Err(QueueError::NoSuchRun(task_id, run_id)),
            (Outcome::UploadUnfinished, _) => Err(self.unfinished_uploads(task_id, run_id).await?),
            (_, None) => Err(QueueError::NoSuchTask(task_id)),
            (_, Some(task)) => Err(conflict(&task.status, &request)),
        }
    }

    /// The error for a run whose uploads were unfinished at the time of the report; those that still are can be named.
    async fn unfinished_uploads(&self, task_id: TaskId, run_id: RunId) -> Result<QueueError, QueueError> {
        // One more than is named tells whether there are others.
        let limit = i32::try_from(NAMED + 1).unwrap_or(i32::MAX);
        let names = self.db.incomplete_uploads((task_id, run_id), limit, self.now()).await?;
        Ok(QueueError::Conflict(format!(
            "run {run_id} of task {task_id} cannot be reported as completed: the upload of these artifacts is unfinished: \
             {}; finish it, or report the run as failed or exception",
            listed(&names)
        )))
    }
}

fn listed(names: &[String]) -> String {
    let more = if names.len() > NAMED { " and others" } else { "" };
    match &names[..names.len().min(NAMED)] {
        [] => "finished just now".to_owned(),
        first => format!("`{}`{more}", first.join("`, `")),
    }
}

fn conflict(status: &TaskStatus, request: &ReportRequest) -> QueueError {
    let (state, reason) = request.report.resolution();
    let (reported, now) = (described(state, Some(reason)), run_state(status, request.run_id));
    QueueError::Conflict(format!(
        "run {} of task {} is {now}, so it cannot be reported as {reported}; only the worker's running run can",
        request.run_id, status.task_id
    ))
}
