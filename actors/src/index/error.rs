//! What is refused about the index, in words for the client.

use db::DbError;
use protocol::error::ErrorCode;

use super::{IndexPath, NoPath};

#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("there is no task at `{0}` of the index")]
    NoSuchEntry(IndexPath),
    #[error(transparent)]
    NoPath(#[from] NoPath),
    #[error("the index cannot answer just now")]
    Db(#[from] DbError),
}

impl IndexError {
    /// It is about what was to be written, and the same again would be refused again. A full disk is not of that kind.
    pub(super) fn is_lasting(&self) -> bool {
        match self {
            Self::Db(DbError::Statement { code: Some(code), .. }) => {
                ["22", "23", "54"].iter().any(|class| code.starts_with(class))
            }
            Self::Db(DbError::Answer(_)) | Self::NoSuchEntry(_) | Self::NoPath(_) => true,
            Self::Db(_) => false,
        }
    }

    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoSuchEntry(_) => ErrorCode::ResourceNotFound,
            Self::NoPath(_) => ErrorCode::InputError,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) => ErrorCode::InternalServerError,
        }
    }
}
