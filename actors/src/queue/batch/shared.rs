//! What the batched operations have in common: trying again, and answering.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use db::DbError;
use protocol::id::TaskId;
use tokio::sync::oneshot;

use crate::queue::error::QueueError;

/// Lets a call be made up to three times: a deadlock between two operations, or a connection that a restarted server had
/// closed, is over by then. Every call is safe to repeat.
#[derive(Default)]
pub(super) struct Attempts(u8);

impl Attempts {
    /// Whether the call should be made once more.
    pub(super) fn retry<T>(&mut self, result: &Result<T, DbError>) -> bool {
        self.0 += 1;
        self.0 < 3 && result.as_ref().is_err_and(DbError::is_retryable)
    }
}

/// Takes up to `limit` requests from the front, and stops before one about a task that is among them already: a call
/// must not name a task twice.
pub(super) fn take_distinct<R>(queue: &mut VecDeque<R>, limit: usize, task: impl Fn(&R) -> TaskId) -> Vec<R> {
    let (mut taken, mut batch) = (HashSet::new(), Vec::new());
    while batch.len() < limit
        && let Some(next) = queue.front()
        && taken.insert(task(next))
    {
        batch.extend(queue.pop_front());
    }
    batch
}

/// Waits for the answer of a batch.
pub(in crate::queue) async fn wait<T>(
    answer: oneshot::Receiver<Result<T, QueueError>>,
    timeout: Duration,
) -> Result<T, QueueError> {
    match tokio::time::timeout(timeout, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(QueueError::Unavailable("it was restarted")),
        Err(_) => Err(QueueError::Unavailable("it did not answer in time")),
    }
}

/// Answers everyone in a batch whose call failed. The first answer carries the cause, which is logged once.
pub(in crate::queue) fn reply_unavailable<T>(
    replies: impl Iterator<Item = oneshot::Sender<Result<T, QueueError>>>,
    error: DbError,
) {
    let retryable = error.is_retryable();
    let mut first = Some(QueueError::from(error));
    for reply in replies {
        let error = first.take().unwrap_or_else(|| {
            QueueError::Unavailable(if retryable { "the database is away or late" } else { "the call failed" })
        });
        let _ = reply.send(Err(error));
    }
}
