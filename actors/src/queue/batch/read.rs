//! Reads many tasks, each for a caller of its own, with one call.

use std::collections::{HashMap, VecDeque};

use db::{BatchConnection, queue::TaskRow};
use protocol::id::TaskId;
use tokio::sync::oneshot;

use super::shared::{Attempts, reply_unavailable};
use crate::{kit::BatchOperation, queue::error::QueueError};

pub(in crate::queue) struct ReadTasks {
    pub(in crate::queue) max_batch: usize,
}

pub(in crate::queue) struct ReadRequest {
    pub(in crate::queue) task_id: TaskId,
    /// The definition is read if one of a batch asks for it.
    pub(in crate::queue) with_definition: bool,
    pub(in crate::queue) reply: oneshot::Sender<Result<Option<TaskRow>, QueueError>>,
}

impl BatchOperation for ReadTasks {
    type Request = ReadRequest;

    fn take(&self, queue: &mut VecDeque<ReadRequest>) -> Vec<ReadRequest> {
        queue.drain(..queue.len().min(self.max_batch)).collect()
    }

    async fn run(&self, connection: &mut BatchConnection, batch: Vec<ReadRequest>) {
        let mut ids: Vec<TaskId> = batch.iter().map(|request| request.task_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let with_definitions = batch.iter().any(|request| request.with_definition);
        let mut attempts = Attempts::default();
        let result = loop {
            let result = connection.tasks(&ids, with_definitions).await;
            if !attempts.retry(&result) {
                break result;
            }
        };
        match result {
            Ok(rows) => {
                let found: HashMap<TaskId, TaskRow> = rows.into_iter().map(|row| (row.status.task_id, row)).collect();
                for request in batch {
                    let _ = request.reply.send(Ok(found.get(&request.task_id).cloned()));
                }
            }
            Err(error) => reply_unavailable(batch.into_iter().map(|request| request.reply), error),
        }
    }
}
