//! Errors of artifacts, in words for the client.

use db::DbError;
use protocol::{
    error::ErrorCode,
    id::{RunId, TaskId},
};

use crate::{FieldError, object::ObjectError};

#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    #[error("there is no task {0}, or it has no runs yet")]
    NoSuchTask(TaskId),
    #[error("there is no task {0} with a run {1}")]
    NoSuchRun(TaskId, RunId),
    #[error("there is no artifact `{0}` in this run")]
    NoSuchArtifact(String),
    #[error("artifact `{0}` has expired")]
    Expired(String),
    /// The caller may not read the last of these names; the others lead to it.
    #[error("the artifact `{}` may not be read with these scopes", .0.last().map_or("", String::as_str))]
    Refused(Vec<String>),
    #[error(transparent)]
    FieldError(#[from] FieldError),
    #[error("{0}")]
    Conflict(String),
    #[error("what is stored of artifact `{name}` cannot be read")]
    Damaged {
        name: String,
        #[source]
        cause: serde_json::Error,
    },
    #[error("the queue cannot answer just now")]
    Db(#[from] DbError),
    #[error(transparent)]
    Object(#[from] ObjectError),
}

impl ArtifactError {
    /// Which value of the request is at fault, where it is one.
    pub fn field_error(&self) -> Option<&FieldError> {
        match self {
            Self::FieldError(field_error) => Some(field_error),
            Self::Object(error) => error.field_error(),
            _ => None,
        }
    }

    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoSuchTask(_) | Self::NoSuchRun(..) | Self::NoSuchArtifact(_) => ErrorCode::ResourceNotFound,
            Self::Expired(_) => ErrorCode::ResourceExpired,
            Self::Refused(_) => ErrorCode::InsufficientScopes,
            Self::FieldError(_) => ErrorCode::InputError,
            Self::Conflict(_) => ErrorCode::RequestConflict,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) | Self::Damaged { .. } => ErrorCode::InternalServerError,
            Self::Object(error) => error.code(),
        }
    }
}
