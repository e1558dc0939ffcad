//! Errors of the queue, in words for the client.

use std::fmt::Write;

use db::DbError;
use protocol::{
    error::ErrorCode,
    id::{RunId, TaskGroupId, TaskId, WorkerName},
};

use crate::kit::{CallError, QueueFull};

#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error("there is no task {0}")]
    NoSuchTask(TaskId),
    #[error("task {0} has no run {1}")]
    NoSuchRun(TaskId, RunId),
    #[error("there is no task group {0}")]
    NoSuchGroup(TaskGroupId),
    #[error("the queue has not seen a worker {}/{} there", .0.worker_group, .0.worker_id)]
    NoSuchWorker(WorkerName),
    #[error("the queue knows no {0}")]
    NoSuchQueue(String),
    /// The request is well-formed but asks for what cannot be.
    #[error("{0}")]
    Input(String),
    /// One field of the request does not fit what there is.
    #[error("`{field}` must {expected}; got {got}")]
    Field { field: String, expected: String, got: String },
    /// The state of things forbids it.
    #[error("{0}")]
    Conflict(String),
    /// The database or another part is away, or late. Late does not mean undone; a repeat is safe.
    #[error("the queue cannot answer just now ({0}); try again in a moment")]
    Unavailable(&'static str),
    /// The database refused what it should have accepted: a defect of ours.
    #[error("the queue could not carry this out")]
    Database(#[source] DbError),
    /// The same in another process, whose log says what it was.
    #[error("the queue could not carry this out")]
    Remote,
}

impl QueueError {
    /// The error code of the API.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NoSuchTask(_)
            | Self::NoSuchRun(..)
            | Self::NoSuchGroup(_)
            | Self::NoSuchWorker(_)
            | Self::NoSuchQueue(_) => ErrorCode::ResourceNotFound,
            Self::Input(_) | Self::Field { .. } => ErrorCode::InputError,
            Self::Conflict(_) => ErrorCode::RequestConflict,
            Self::Unavailable(_) => ErrorCode::ServiceUnavailable,
            Self::Database(_) | Self::Remote => ErrorCode::InternalServerError,
        }
    }
}

impl From<DbError> for QueueError {
    fn from(error: DbError) -> Self {
        if error.is_retryable() {
            tracing::warn!(error = &error as &dyn std::error::Error, "database unavailable");
            Self::Unavailable("the database is away or late")
        } else {
            tracing::error!(error = &error as &dyn std::error::Error, "database call failed");
            Self::Database(error)
        }
    }
}

impl From<QueueFull> for QueueError {
    fn from(_: QueueFull) -> Self {
        Self::Unavailable("too many requests wait")
    }
}

impl From<CallError> for QueueError {
    fn from(error: CallError) -> Self {
        Self::Unavailable(match error {
            CallError::Down => "too many requests wait, or it is being restarted",
            CallError::Late => "it did not answer in time",
        })
    }
}

/// Ids as a list for an error message: one per line, at most ten.
pub(super) fn list(ids: &[TaskId]) -> String {
    let mut text = String::new();
    for id in ids.iter().take(10) {
        let _ = write!(text, "\n * {id}");
    }
    if ids.len() > 10 {
        let _ = write!(text, "\n and {} more", ids.len() - 10);
    }
    text
}

/// The conflict of every command that comes after the deadline.
pub(super) fn past_deadline(id: TaskId, done: &str) -> QueueError {
    QueueError::Conflict(format!("the deadline of task {id} has passed, so it cannot be {done} any more"))
}
