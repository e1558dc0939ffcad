//! Errors of the index, in words for the client.

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
    /// The values are at fault, so another try fails as well.
    pub(super) fn is_lasting(&self) -> bool {
        match self {
            Self::Db(error) => error.is_permanent(),
            Self::NoSuchEntry(_) | Self::NoPath(_) => true,
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
