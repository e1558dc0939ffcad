//! Errors of GitHub's service, in words for the client.

use db::DbError;
use protocol::{
    error::{ErrorCode, FieldError},
    exchanges::RoutingKeyError,
    github::{Repository, SignatureError, UnreadableBody},
};

use super::JobError;

#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    #[error("the header `{name}` must {expected}")]
    Header { name: &'static str, expected: &'static str },
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error("the body is no JSON: {0}. Set the content type of the web hook to `application/json`")]
    Body(String),
    #[error(transparent)]
    Unreadable(#[from] UnreadableBody),
    #[error(transparent)]
    Field(FieldError),
    #[error("`{owner}/{name}` is not the name of a repository")]
    NoName { owner: String, name: String },
    #[error("the app is not installed for `{0}`")]
    NotInstalled(Repository),
    #[error("there is no such build of `{0}`")]
    NoBuild(Repository),
    #[error(transparent)]
    RoutingKey(RoutingKeyError),
    /// What a client wants to see rendered.
    #[error(transparent)]
    Job(JobError),
    #[error("GitHub's service cannot answer just now")]
    Db(#[from] DbError),
}

impl GithubError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Header { .. } | Self::Unreadable(_) | Self::Field(_) | Self::RoutingKey(_) | Self::Job(_) => {
                ErrorCode::InputError
            }
            Self::Body(_) => ErrorCode::MalformedPayload,
            Self::Signature(_) => ErrorCode::InsufficientScopes,
            Self::NoName { .. } | Self::NotInstalled(_) | Self::NoBuild(_) => ErrorCode::ResourceNotFound,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) => ErrorCode::InternalServerError,
        }
    }

    /// The same again would be refused again.
    pub(super) fn is_permanent(&self) -> bool {
        match self {
            Self::Db(error) => error.is_permanent(),
            _ => true,
        }
    }
}
