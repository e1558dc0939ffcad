//! `reportCompleted`, `reportFailed`, `reportException`: a lane that ends many runs with one call.

use std::{collections::VecDeque, sync::Arc};

use base::Clock;
use db::{
    DbError, LaneConnection,
    queue::{Outcome, ReportBatch, TaskAnswer},
};
use protocol::{
    id::{RunId, TaskId},
    state::{ReasonResolved, TaskState},
    status::TaskStatus,
};
use tokio::sync::oneshot;

use super::{
    QueueError, Report,
    lanes::{Tries, reply_unavailable, take_different, wait},
    near::Near,
    wakes::Wakes,
};
use crate::kit::Step;

/// Most artifacts that a refusal names.
const NAMED: i32 = 5;

/// Ends a run. A repeat of the same report is answered like the first; another one is a conflict. `whole`: the run may
/// not be completed while one of its uploads is unfinished.
pub(super) async fn run(
    queue: &Near,
    task_id: TaskId,
    run_id: RunId,
    report: Report,
    whole: bool,
) -> Result<TaskStatus, QueueError> {
    let (reply, answer) = oneshot::channel();
    let trace = base::telemetry::traceparent();
    queue.report.submit(Request { task_id, run_id, report, whole, trace, reply })?;
    let answer: TaskAnswer = wait(answer, queue.patience).await?;
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
    let names = queue.environment.db.unfinished_uploads((task_id, run_id), NAMED).await?;
    let names = if names.is_empty() { "finished just now".to_owned() } else { format!("`{}`", names.join("`, `")) };
    Ok(QueueError::Conflict(format!(
        "run {run_id} of task {task_id} cannot be reported as completed: the upload of these artifacts is unfinished: \
         {names}; finish it, or report the run as failed or exception"
    )))
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
    pub(super) wakes: Wakes,
    pub(super) batch: usize,
}

pub(super) struct Request {
    task_id: TaskId,
    run_id: RunId,
    report: Report,
    whole: bool,
    trace: Option<String>,
    reply: oneshot::Sender<Result<TaskAnswer, QueueError>>,
}

impl Step for ReportRun {
    type Request = Request;

    fn take(&self, waiting: &mut VecDeque<Request>) -> Vec<Request> {
        take_different(waiting, self.batch, |request| request.task_id)
    }

    async fn run(&self, connection: &mut LaneConnection, batch: Vec<Request>) {
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
    async fn call(&self, connection: &mut LaneConnection, batch: &[Request]) -> Result<Vec<TaskAnswer>, DbError> {
        let mut rows = ReportBatch::default();
        for request in batch {
            let (state, reason) = words(request.report);
            rows.push(request.task_id, request.run_id, state, reason, request.whole, request.trace.clone());
        }
        let now = self.clock.now();
        let mut tries = Tries::default();
        let (answers, woken) = loop {
            let result = connection.report_runs(&rows, now).await;
            if !tries.again(&result) {
                break result?;
            }
        };
        self.wakes.resolved(&woken);
        Ok(answers)
    }
}
