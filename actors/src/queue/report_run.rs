//! `reportCompleted`, `reportFailed`, `reportException`: a lane that ends many runs with one call.

use std::{collections::VecDeque, sync::Arc};

use base::Clock;
use db::{
    BatchConnection, DbError,
    queue::{Outcome, ReportBatch, TaskResult, UploadExemptions},
};
use protocol::{
    id::{RunId, TaskId},
    state::{ReasonResolved, TaskState},
    status::TaskStatus,
};
use tokio::sync::oneshot;

use super::{
    QueueError, Report,
    batching::{Tries, reply_unavailable, take_different, wait},
    near::Near,
};
use crate::kit::{BatchOperation, Notifications};

/// Most artifacts that a refusal names. A name may have 1,024 characters, and the words of an error 64 kB.
const NAMED: usize = 50;

/// Ends a run. A repeat of the same report is answered like the first; another one is a conflict. `complete`: the run may
/// not be completed while one of its uploads is unfinished, whatever the settings exempt.
pub(super) async fn run(
    queue: &Near,
    task_id: TaskId,
    run_id: RunId,
    report: Report,
    complete: bool,
) -> Result<TaskStatus, QueueError> {
    let (reply, answer) = oneshot::channel();
    let trace = base::telemetry::traceparent();
    queue.report.submit(Request { task_id, run_id, report, complete, trace, reply })?;
    let answer: TaskResult = wait(answer, queue.request_timeout).await?;
    match (answer.outcome, answer.task) {
        (Outcome::Done, Some(task)) => Ok(task.status),
        (Outcome::NoSuchRun, _) => Err(QueueError::NoSuchRun(task_id, run_id)),
        (Outcome::UploadUnfinished, _) => Err(unfinished(queue, task_id, run_id).await?),
        (_, None) => Err(QueueError::NoSuchTask(task_id)),
        (_, Some(task)) => Err(conflict(&task.status, run_id, report)),
    }
}

/// It was refused for uploads that were unfinished at that moment; those that still are can be named.
async fn unfinished(queue: &Near, task_id: TaskId, run_id: RunId) -> Result<QueueError, QueueError> {
    let (run, now) = ((task_id, run_id), queue.environment.clock.now());
    // One more than is named tells whether there are others.
    let names = queue.environment.db.incomplete_uploads(run, i32::try_from(NAMED + 1).unwrap_or(i32::MAX), now).await?;
    Ok(QueueError::Conflict(format!(
        "run {run_id} of task {task_id} cannot be reported as completed: the upload of these artifacts is unfinished: \
         {}; finish it, or report the run as failed or exception",
        listed(&names)
    )))
}

fn listed(names: &[String]) -> String {
    let more = if names.len() > NAMED { " and others" } else { "" };
    match &names[..names.len().min(NAMED)] {
        [] => "finished just now".to_owned(),
        first => format!("`{}`{more}", first.join("`, `")),
    }
}

fn conflict(status: &TaskStatus, run_id: RunId, report: Report) -> QueueError {
    let (state, reason) = words(report);
    let (told, now) = (stand(state, Some(reason)), stand_of(status, run_id));
    QueueError::Conflict(format!(
        "run {run_id} of task {} is {now}, so it cannot be reported as {told}; only the worker's running run can",
        status.task_id
    ))
}

/// How a run stands, as sentences of refusals say it.
pub(super) fn stand_of(status: &TaskStatus, run_id: RunId) -> String {
    status.run(run_id).map_or_else(|| "missing".to_owned(), |run| stand(run.state, run.reason_resolved))
}

/// A reason that is the state said once more is left out.
fn stand(state: TaskState, reason: Option<ReasonResolved>) -> String {
    match reason {
        Some(reason) if reason.as_str() != state.as_str() => format!("{state} ({reason})"),
        _ => state.to_string(),
    }
}

const fn words(report: Report) -> (TaskState, ReasonResolved) {
    match report {
        Report::Completed => (TaskState::Completed, ReasonResolved::Completed),
        Report::Failed => (TaskState::Failed, ReasonResolved::Failed),
        Report::Exception(reason) => (TaskState::Exception, reason),
    }
}

/// The step.
pub(super) struct ReportRun {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) notifications: Notifications,
    pub(super) batch: usize,
    /// Where workers may leave uploads unfinished.
    pub(super) exempt: UploadExemptions,
}

pub(super) struct Request {
    task_id: TaskId,
    run_id: RunId,
    report: Report,
    complete: bool,
    trace: Option<String>,
    reply: oneshot::Sender<Result<TaskResult, QueueError>>,
}

impl BatchOperation for ReportRun {
    type Request = Request;

    fn take(&self, waiting: &mut VecDeque<Request>) -> Vec<Request> {
        take_different(waiting, self.batch, |request| request.task_id)
    }

    async fn run(&self, connection: &mut BatchConnection, batch: Vec<Request>) {
        match self.call(connection, &batch).await {
            Ok(answers) => {
                for (request, answer) in batch.into_iter().zip(answers) {
                    let _ = request.reply.send(Ok(answer));
                }
            }
            Err(error) => reply_unavailable(batch.into_iter().map(|request| request.reply).collect(), error),
        }
    }
}

impl ReportRun {
    async fn call(&self, connection: &mut BatchConnection, batch: &[Request]) -> Result<Vec<TaskResult>, DbError> {
        let mut rows = ReportBatch::default();
        for request in batch {
            let (state, reason) = words(request.report);
            rows.push(request.task_id, request.run_id, state, reason, request.complete, request.trace.clone());
        }
        let now = self.clock.now();
        let mut tries = Tries::default();
        let (answers, woken) = loop {
            let result = connection.report_runs(&rows, &self.exempt, now).await;
            if !tries.again(&result) {
                break result?;
            }
        };
        self.notifications.tasks_resolved(&woken);
        Ok(answers)
    }
}
