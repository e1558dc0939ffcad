//! Why an action is not carried out.

use protocol::{error::ErrorCode, scope::ScopeExpression};

use crate::{auth::AuthError, queue::QueueError};

#[derive(Debug, thiserror::Error)]
pub(super) enum ActionError {
    #[error("{0}")]
    Input(String),
    #[error("the scopes of this action's task do not allow `{endpoint}`; missing: {}", shown(.missing))]
    Scopes { endpoint: &'static str, missing: Box<ScopeExpression> },
    #[error("the scopes of this action's task cannot be expanded: {0}")]
    TooManyScopes(String),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("roles cannot be read just now: {0}")]
    Auth(#[from] AuthError),
}

impl ActionError {
    /// The same again may succeed.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Queue(error) => {
                matches!(error.code(), ErrorCode::ServiceUnavailable | ErrorCode::InternalServerError)
            }
            Self::Auth(_) => true,
            Self::Input(_) | Self::Scopes { .. } | Self::TooManyScopes(_) => false,
        }
    }

    /// As the API names such an error.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Input(_) | Self::TooManyScopes(_) => ErrorCode::InputError.as_str(),
            Self::Scopes { .. } => ErrorCode::InsufficientScopes.as_str(),
            Self::Queue(error) => error.code().as_str(),
            Self::Auth(_) => ErrorCode::ServiceUnavailable.as_str(),
        }
    }
}

fn shown(missing: &ScopeExpression) -> String {
    let short = if missing.is_short() { missing.clone() } else { missing.abridged() };
    serde_json::to_string(&short).unwrap_or_default()
}
