//! `reportCompleted`, `reportFailed`, `reportException`: a lane that ends many runs with one call.

use std::{collections::VecDeque, sync::Arc, time::Duration};

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
    wakes::Wakes,
};
use crate::kit::{Lanes, Step};

/// Ends a run. A repeat of the same report is answered like the first; another one is a conflict.
pub(super) async fn run(
    lanes: &Lanes<ReportRun>,
    task_id: TaskId,
    run_id: RunId,
    report: Report,
    patience: Duration,
) -> Result<TaskStatus, QueueError> {
    let (reply, answer) = oneshot::channel();
    let trace = base::telemetry::traceparent();
    lanes.submit(Request { task_id, run_id, report, trace, reply })?;
    let answer: TaskAnswer = wait(answer, patience).await?;
    match (answer.outcome, answer.task) {
        (Outcome::Done, Some(task)) => Ok(task.status),
        (Outcome::NoSuchRun, _) => Err(QueueError::NoSuchRun(task_id, run_id)),
        (_, None) => Err(QueueError::NoSuchTask(task_id)),
        (_, Some(task)) => Err(conflict(&task.status, run_id, report)),
    }
}

fn conflict(status: &TaskStatus, run_id: RunId, report: Report) -> QueueError {
    let (state, reason) = words(report);
    let now = status.run(run_id).map_or_else(
        || "missing".to_owned(),
        |run| match run.reason_resolved {
            Some(reason) => format!("{} ({reason})", run.state),
            None => run.state.to_string(),
        },
    );
    QueueError::Conflict(format!(
        "run {run_id} of task {} is {now}, so it cannot be reported as {state} ({reason}); only the worker's running run can",
        status.task_id
    ))
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
            rows.push(request.task_id, request.run_id, state, reason, request.trace.clone());
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
