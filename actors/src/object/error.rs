//! Errors of the object service, in words for the client.

use db::DbError;
use protocol::error::ErrorCode;

use super::BackendError;
use crate::FieldError;

#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    #[error("there is no object `{0}`")]
    NoSuchObject(String),
    /// Behind a URL that we signed.
    #[error("there is no content behind this URL: it was not uploaded, or has expired")]
    NoContent,
    /// The request does not say, or send, what it should.
    #[error(transparent)]
    FieldError(#[from] FieldError),
    /// It would change what is final.
    #[error("{0}")]
    Conflict(String),
    #[error("none of `acceptDownloadMethods` can be served; known are getUrl and simple")]
    NoMatchingMethod,
    /// The URL was not made by us, or its time is over.
    #[error("{0}")]
    BadLink(&'static str),
    #[error("the object service cannot answer just now")]
    Db(#[from] DbError),
    #[error("the store of the object service failed")]
    Store(#[from] BackendError),
    #[error("the stored content of this object is damaged")]
    Damaged,
}

impl ObjectError {
    /// Which value of the request is at fault, where it is one.
    pub fn field_error(&self) -> Option<&FieldError> {
        if let Self::FieldError(field_error) = self { Some(field_error) } else { None }
    }

    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoSuchObject(_) | Self::NoContent => ErrorCode::ResourceNotFound,
            Self::FieldError(_) => ErrorCode::InputError,
            Self::Conflict(_) => ErrorCode::RequestConflict,
            Self::NoMatchingMethod => ErrorCode::NoMatchingMethod,
            Self::BadLink(_) => ErrorCode::AuthenticationFailed,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) | Self::Store(_) | Self::Damaged => ErrorCode::InternalServerError,
        }
    }
}
