//! Why a third party gets nothing, in words for the person or the third party.

use db::DbError;
use protocol::error::ErrorCode;

use crate::{derived_clients::DerivedClientError, kit::CallError};

#[derive(Debug, thiserror::Error)]
pub enum ThirdPartyError {
    #[error("there is no third party `{0}` here (`client_id`); its name is in the setting `sign_in.third_parties`")]
    Unknown(String),
    #[error(
        "`{third_party}` is not to be sent back to `{uri}` (`redirect_uri`): the settings name other places for it"
    )]
    RedirectUri { third_party: String, uri: String },
    #[error("`{third_party}` is registered for `response_type={expected}`")]
    ResponseType { third_party: String, expected: &'static str },
    #[error("`{third_party}` asks for other scopes (`scope`) than it is registered for: {registered}")]
    Scope { third_party: String, registered: String },
    #[error("`expires` must be a time from now like `1 day` or `2 hours 30 minutes`; got `{0}`")]
    Expires(String),
    /// Says no more to whoever guesses.
    #[error("the code was used before, has expired, or was given to another `client_id` or `redirect_uri`")]
    Code,
    #[error("the access token has expired, or there is none like it; codes and access tokens are good for ten minutes")]
    AccessToken,
    #[error(transparent)]
    Client(#[from] DerivedClientError),
    #[error("third parties cannot be answered just now; try again")]
    Busy(#[from] CallError),
    #[error("third parties cannot be answered just now; try again")]
    Db(#[from] DbError),
}

impl ThirdPartyError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown(_)
            | Self::RedirectUri { .. }
            | Self::ResponseType { .. }
            | Self::Scope { .. }
            | Self::Expires(_)
            | Self::Code => ErrorCode::InputError,
            Self::AccessToken => ErrorCode::AuthenticationFailed,
            Self::Client(error) => error.code(),
            Self::Busy(_) => ErrorCode::ServiceUnavailable,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) => ErrorCode::InternalServerError,
        }
    }

    /// The word of OAuth 2 (RFC 6749, 4.1.2.1) with which the browser is sent back. `None`: it is not sent to a place nobody vouches
    /// for.
    pub fn oauth_code(&self) -> Option<&'static str> {
        match self {
            Self::Unknown(_) | Self::RedirectUri { .. } => None,
            Self::ResponseType { .. } => Some("unsupported_response_type"),
            Self::Scope { .. } => Some("invalid_scope"),
            Self::Client(DerivedClientError::Lacking(..)) => Some("access_denied"),
            Self::Expires(_) | Self::Code | Self::AccessToken => Some("invalid_request"),
            Self::Client(_) | Self::Busy(_) | Self::Db(_) => Some("server_error"),
        }
    }
}
