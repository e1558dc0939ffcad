//! Why an action is not carried out.

use protocol::{error::ErrorCode, id::TaskId, scope::ScopeExpression};

use crate::{artifacts::ArtifactError, auth::AuthError, index::IndexError, queue::QueueError};

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
    #[error("the index cannot be read: {0}")]
    Index(#[from] IndexError),
    #[error("the artifact {name} of the task {task_id} cannot be read: {error}")]
    Artifact { task_id: TaskId, name: String, error: ArtifactError },
}

impl ActionError {
    /// The same again may succeed.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Queue(error) => is_of_server(error.code()),
            Self::Index(error) => is_of_server(error.code()),
            Self::Artifact { error, .. } => is_of_server(error.code()),
            Self::Auth(_) => true,
            Self::Input(_) | Self::Scopes { .. } | Self::TooManyScopes(_) => false,
        }
    }

    /// What the action was to be done to does not allow it; neither the same again nor more scopes would help.
    pub(super) fn is_of_target(&self) -> bool {
        matches!(self, Self::Input(_) | Self::Queue(_) | Self::Index(_) | Self::Artifact { .. }) && !self.is_passing()
    }

    /// As the API names such an error.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Input(_) | Self::TooManyScopes(_) => ErrorCode::InputError.as_str(),
            Self::Scopes { .. } => ErrorCode::InsufficientScopes.as_str(),
            Self::Queue(error) => error.code().as_str(),
            Self::Index(error) => error.code().as_str(),
            Self::Artifact { error, .. } => error.code().as_str(),
            Self::Auth(_) => ErrorCode::ServiceUnavailable.as_str(),
        }
    }
}

fn is_of_server(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::ServiceUnavailable | ErrorCode::InternalServerError)
}

fn shown(missing: &ScopeExpression) -> String {
    let short = if missing.is_short() { missing.clone() } else { missing.abridged() };
    serde_json::to_string(&short).unwrap_or_default()
}
