//! What an identity provider does.

use async_trait::async_trait;
use protocol::error::ErrorCode;

use super::Attempt;
use crate::{
    kit::CallError,
    sessions::{Identity, SessionError},
};

/// A provider. One that is asked over the network has a deadline of its own.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// What its paths have after `/login/`.
    fn path(&self) -> String;

    /// What a button says.
    fn title(&self) -> String;

    /// Where the browser goes.
    async fn authorization_url(&self, attempt: &Attempt) -> Result<String, ProviderError>;

    /// Who came back with this code.
    async fn identify(&self, code: &str, attempt: &Attempt) -> Result<Identity, ProviderError>;
}

/// Why a provider vouches for nobody.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be asked.
    #[error("{provider} cannot be asked: {reason}")]
    Unavailable { provider: String, reason: String },
    /// It says something that does not hold.
    #[error("{provider}: {reason}")]
    Refused { provider: String, reason: String },
}

/// Why nobody is signed in, in words for the person.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("there is no way to sign in at `/login/{0}`")]
    NoProvider(String),
    #[error("this is not the end of an attempt that this browser began in the last ten minutes; sign in again")]
    NoAttempt,
    #[error("the provider refused: {0}")]
    Denied(String),
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error("nobody can sign in just now; try again")]
    Busy(#[from] CallError),
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl SignInError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoProvider(_) => ErrorCode::ResourceNotFound,
            Self::NoAttempt | Self::Denied(_) | Self::Provider(ProviderError::Refused { .. }) => {
                ErrorCode::AuthenticationFailed
            }
            Self::Provider(ProviderError::Unavailable { .. }) | Self::Busy(_) => ErrorCode::ServiceUnavailable,
            Self::Session(error) => error.code(),
        }
    }
}
