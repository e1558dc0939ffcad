//! What the queue refuses, in words for the client.

use protocol::{
    error::ErrorCode,
    id::{RunId, TaskGroupId, TaskId},
};

#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error("there is no task {0}")]
    NoSuchTask(TaskId),
    #[error("task {0} has no run {1}")]
    NoSuchRun(TaskId, RunId),
    #[error("there is no task group {0}")]
    NoSuchGroup(TaskGroupId),
    /// The request is well-formed but asks for what cannot be.
    #[error("{0}")]
    Input(String),
    /// The state of things forbids it.
    #[error("{0}")]
    Conflict(String),
    /// The database or another part is away, or late. Late does not mean undone.
    #[error("the queue cannot answer just now: {0}")]
    Unavailable(String),
}

impl QueueError {
    /// The error code of the API.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NoSuchTask(_) | Self::NoSuchRun(..) | Self::NoSuchGroup(_) => ErrorCode::ResourceNotFound,
            Self::Input(_) => ErrorCode::InputError,
            Self::Conflict(_) => ErrorCode::RequestConflict,
            Self::Unavailable(_) => ErrorCode::ServiceUnavailable,
        }
    }
}
