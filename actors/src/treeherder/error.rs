//! Errors of requests about pushes, in words for the client.

use bus::BusError;
use db::DbError;
use protocol::error::ErrorCode;

#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error("no task of the push {revision} of {project} is known")]
    NoSuchPush { project: String, revision: String },
    #[error("the tasks of the push cannot be read just now")]
    Db(#[from] DbError),
    #[error("the replay cannot be requested just now")]
    Bus(#[from] BusError),
}

impl PushError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoSuchPush { .. } => ErrorCode::ResourceNotFound,
            Self::Db(error) if !error.is_retryable() => ErrorCode::InternalServerError,
            Self::Db(_) | Self::Bus(_) => ErrorCode::ServiceUnavailable,
        }
    }
}
