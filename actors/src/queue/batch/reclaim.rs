//! Extends many claims with one call.

use std::{collections::VecDeque, sync::Arc};

use base::Clock;
use chrono::TimeDelta;
use db::{BatchConnection, queue::TaskResult};
use protocol::id::{RunId, TaskId};
use tokio::sync::oneshot;

use super::shared::{Attempts, reply_unavailable, take_distinct};
use crate::{kit::BatchOperation, queue::error::QueueError};

pub(in crate::queue) struct ReclaimRuns {
    pub(in crate::queue) clock: Arc<dyn Clock>,
    pub(in crate::queue) claim_timeout: TimeDelta,
    pub(in crate::queue) max_batch: usize,
}

pub(in crate::queue) struct ReclaimRequest {
    pub(in crate::queue) task_id: TaskId,
    pub(in crate::queue) run_id: RunId,
    pub(in crate::queue) reply: oneshot::Sender<Result<TaskResult, QueueError>>,
}

impl BatchOperation for ReclaimRuns {
    type Request = ReclaimRequest;

    fn take(&self, queue: &mut VecDeque<ReclaimRequest>) -> Vec<ReclaimRequest> {
        take_distinct(queue, self.max_batch, |request| request.task_id)
    }

    async fn run(&self, connection: &mut BatchConnection, batch: Vec<ReclaimRequest>) {
        let rows = batch.iter().map(|request| (request.task_id, request.run_id)).collect();
        let now = self.clock.now();
        let taken_until = now + self.claim_timeout;
        let mut attempts = Attempts::default();
        let result = loop {
            let result = connection.reclaim_runs(&rows, taken_until, now).await;
            if !attempts.retry(&result) {
                break result;
            }
        };
        match result {
            Ok(answers) => {
                for (request, answer) in batch.into_iter().zip(answers) {
                    let _ = request.reply.send(Ok(answer));
                }
            }
            Err(error) => reply_unavailable(batch.into_iter().map(|request| request.reply), error),
        }
    }
}
