//! Why somebody is not signed in, in words for the client.

use db::DbError;
use protocol::error::ErrorCode;

use crate::kit::CallError;

#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Which of these it is says nothing to who does not know the token.
    #[error("there is no client `{0}` with this access token, or it is disabled or has expired")]
    WrongCredentials(String),
    #[error("the link was used before, or is older than {0} minutes; `drover ui` prints a new one")]
    LinkUsed(i64),
    #[error(
        "links that sign in exist only for a server on this machine, and this one is {0}; use a client id and its access token"
    )]
    NotHere(String),
    #[error("only a stored client can sign in: `{0}` is the name of temporary credentials")]
    NoStoredClient(String),
    #[error(
        "`{0}` has no role here: a role like `login-identity:{0}` or `login-identity:*`, or one of the roles of its groups, \
         is created by who runs this deployment"
    )]
    NoRoles(String),
    #[error("the session has ended; sign in again")]
    Ended,
    #[error("sessions cannot be read just now; try again")]
    Busy(#[from] CallError),
    #[error("sessions cannot be read just now")]
    Db(#[from] DbError),
}

impl SessionError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::WrongCredentials(_) | Self::LinkUsed(_) | Self::Ended => ErrorCode::AuthenticationFailed,
            Self::NoRoles(_) => ErrorCode::InsufficientScopes,
            Self::NoStoredClient(_) | Self::NotHere(_) => ErrorCode::InputError,
            Self::Busy(_) => ErrorCode::ServiceUnavailable,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) => ErrorCode::InternalServerError,
        }
    }
}
