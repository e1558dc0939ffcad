//! Resolves many runs with one call.

use std::{collections::VecDeque, sync::Arc};

use base::Clock;
use db::{
    BatchConnection, DbError,
    queue::{ReportBatch, TaskResult, UploadExemptions},
};
use tokio::sync::oneshot;

use super::shared::{Attempts, reply_unavailable, take_distinct};
use crate::{
    kit::{BatchOperation, Notifications},
    queue::{error::QueueError, types::ReportRequest},
};

pub(in crate::queue) struct ReportRuns {
    pub(in crate::queue) clock: Arc<dyn Clock>,
    pub(in crate::queue) notifications: Notifications,
    pub(in crate::queue) max_batch: usize,
    /// Where workers may leave uploads unfinished.
    pub(in crate::queue) exemptions: UploadExemptions,
}

pub(in crate::queue) struct RunReport {
    pub(in crate::queue) request: ReportRequest,
    pub(in crate::queue) trace: Option<String>,
    pub(in crate::queue) reply: oneshot::Sender<Result<TaskResult, QueueError>>,
}

impl BatchOperation for ReportRuns {
    type Request = RunReport;

    fn take(&self, queue: &mut VecDeque<RunReport>) -> Vec<RunReport> {
        take_distinct(queue, self.max_batch, |report| report.request.task_id)
    }

    async fn run(&self, connection: &mut BatchConnection, batch: Vec<RunReport>) {
        match self.call(connection, &batch).await {
            Ok(answers) => {
                for (report, answer) in batch.into_iter().zip(answers) {
                    let _ = report.reply.send(Ok(answer));
                }
            }
            Err(error) => reply_unavailable(batch.into_iter().map(|report| report.reply), error),
        }
    }
}

impl ReportRuns {
    async fn call(&self, connection: &mut BatchConnection, batch: &[RunReport]) -> Result<Vec<TaskResult>, DbError> {
        let mut rows = ReportBatch::default();
        for RunReport { request, trace, .. } in batch {
            let (state, reason) = request.report.resolution();
            rows.push(request.task_id, request.run_id, state, reason, request.require_complete_uploads, trace.clone());
        }
        let now = self.clock.now();
        let mut attempts = Attempts::default();
        let (answers, woken) = loop {
            let result = connection.report_runs(&rows, &self.exemptions, now).await;
            if !attempts.retry(&result) {
                break result?;
            }
        };
        // After the commit: whoever is notified must find what was written.
        self.notifications.tasks_resolved(&woken);
        Ok(answers)
    }
}
