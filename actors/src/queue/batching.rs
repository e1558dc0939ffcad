//! What the batched operations have in common: trying again, and answering.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use db::DbError;
use protocol::id::TaskId;
use tokio::sync::oneshot;

use super::QueueError;
use crate::kit::QueueFull;

/// Lets a call be made up to three times: a deadlock between two calls, or a connection that a restarted server had closed,
/// is over by then. Every call is safe to repeat.
#[derive(Default)]
pub(super) struct Tries(u8);

impl Tries {
    /// Whether the call should be made once more.
    pub(super) fn again<T>(&mut self, result: &Result<T, DbError>) -> bool {
        self.0 += 1;
        self.0 < 3 && result.as_ref().is_err_and(DbError::is_retryable)
    }
}

/// Takes up to `limit` requests from the front, and stops before one about a task that is among them already: a call
/// must not name a task twice.
pub(super) fn take_different<R>(waiting: &mut VecDeque<R>, limit: usize, task: impl Fn(&R) -> TaskId) -> Vec<R> {
    let (mut taken, mut batch) = (HashSet::new(), Vec::new());
    while batch.len() < limit
        && let Some(next) = waiting.front()
        && taken.insert(task(next))
    {
        batch.extend(waiting.pop_front());
    }
    batch
}

/// Waits for the answer of a batch.
pub(super) async fn wait<T>(
    answer: oneshot::Receiver<Result<T, QueueError>>,
    timeout: Duration,
) -> Result<T, QueueError> {
    match tokio::time::timeout(timeout, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(QueueError::Unavailable("it was restarted")),
        Err(_) => Err(QueueError::Unavailable("it did not answer in time")),
    }
}

/// Tells everyone in a batch that the call failed; the log hears it once.
pub(super) fn reply_unavailable<T>(replies: Vec<oneshot::Sender<Result<T, QueueError>>>, error: DbError) {
    let retryable = error.is_retryable();
    let mut first = Some(QueueError::from(error));
    for reply in replies {
        let refusal = first.take().unwrap_or_else(|| {
            QueueError::Unavailable(if retryable { "the database is away or late" } else { "the call failed" })
        });
        let _ = reply.send(Err(refusal));
    }
}

impl From<QueueFull> for QueueError {
    fn from(_: QueueFull) -> Self {
        Self::Unavailable("too many requests wait")
    }
}
