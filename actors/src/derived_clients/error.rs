//! Why a derived client is not made, in words for the client.

use db::DbError;
use protocol::error::ErrorCode;

use crate::auth::AuthError;

#[derive(Debug, thiserror::Error)]
pub enum DerivedClientError {
    #[error("`{0}` lacks scopes for this client: {list}", list = .1.join(", "))]
    Lacking(String, Vec<String>),
    #[error("the id of a client that you make for yourself begins with `{0}`")]
    Prefix(String),
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error("clients cannot be made just now; try again in a moment")]
    Db(#[from] DbError),
}

impl DerivedClientError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Lacking(..) => ErrorCode::InsufficientScopes,
            Self::Prefix(_) => ErrorCode::InputError,
            Self::Auth(error) => error.code(),
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) => ErrorCode::InternalServerError,
        }
    }
}
