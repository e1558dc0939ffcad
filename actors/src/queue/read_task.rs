//! `task` and `status`: a lane that reads many tasks, each for a caller of its own, with one call.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use db::{BatchConnection, queue::TaskRow};
use protocol::id::TaskId;
use tokio::sync::oneshot;

use super::{
    QueueError,
    batching::{Tries, reply_unavailable, wait},
};
use crate::kit::{BatchOperation, Batcher};

/// The task, no older than this call. The definition is there if it was asked for, and perhaps if not.
pub(super) async fn run(
    batcher: &Batcher<ReadTask>,
    task_id: TaskId,
    with_definition: bool,
    timeout: Duration,
) -> Result<Option<TaskRow>, QueueError> {
    let (reply, answer) = oneshot::channel();
    batcher.submit(Request { task_id, with_definition, reply })?;
    wait(answer, timeout).await
}

/// The step.
pub(super) struct ReadTask {
    pub(super) batch: usize,
}

pub(super) struct Request {
    task_id: TaskId,
    with_definition: bool,
    reply: oneshot::Sender<Result<Option<TaskRow>, QueueError>>,
}

impl BatchOperation for ReadTask {
    type Request = Request;

    fn take(&self, waiting: &mut VecDeque<Request>) -> Vec<Request> {
        waiting.drain(..waiting.len().min(self.batch)).collect()
    }

    async fn run(&self, connection: &mut BatchConnection, batch: Vec<Request>) {
        let mut ids: Vec<TaskId> = batch.iter().map(|request| request.task_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let with_definitions = batch.iter().any(|request| request.with_definition);
        let mut tries = Tries::default();
        let rows = loop {
            let result = connection.tasks(&ids, with_definitions).await;
            if !tries.again(&result) {
                break result;
            }
        };
        match rows {
            Ok(rows) => {
                let found: HashMap<TaskId, TaskRow> = rows.into_iter().map(|row| (row.status.task_id, row)).collect();
                for request in batch {
                    let _ = request.reply.send(Ok(found.get(&request.task_id).cloned()));
                }
            }
            Err(error) => reply_unavailable(batch.into_iter().map(|request| request.reply).collect(), error),
        }
    }
}
