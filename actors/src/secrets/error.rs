//! Errors of secrets, in words for the client. They may name a secret, and never show its content.

use base::UnsealError;
use db::DbError;
use protocol::error::ErrorCode;

#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("there is no secret `{0}`, or it has expired")]
    NoSuchSecret(String),
    #[error("the secret `{0}` is no JSON that can be kept")]
    Unreadable(String),
    /// The keys of the settings are at fault.
    #[error("the secret `{name}` cannot be read")]
    Sealed {
        name: String,
        #[source]
        cause: UnsealError,
    },
    #[error("secrets cannot be read just now")]
    Db(#[from] DbError),
}

impl SecretError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoSuchSecret(_) => ErrorCode::ResourceNotFound,
            Self::Unreadable(_) => ErrorCode::InputError,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) | Self::Sealed { .. } => ErrorCode::InternalServerError,
        }
    }
}
