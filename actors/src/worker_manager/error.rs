//! Errors of worker-manager, in words for the client.

use base::UnsealError;
use db::DbError;
use protocol::error::ErrorCode;

use crate::FieldError;

#[derive(Debug, thiserror::Error)]
pub enum WorkerManagerError {
    #[error("there is no worker pool `{0}`")]
    NoSuchPool(String),
    #[error("there is no launch config `{0}`")]
    NoSuchLaunchConfig(String),
    #[error("there is no provider `{0}`")]
    NoSuchProvider(String),
    #[error("there is no worker `{0}`")]
    NoSuchWorker(String),
    /// Of a pool that is written.
    #[error("there is no provider `{0}`; `listProviders` lists them")]
    UnknownProvider(String),
    #[error("the configuration is not one of a provider of type {provider_type}:\n{}", list(errors))]
    Config { provider_type: &'static str, errors: Vec<FieldError> },
    #[error(transparent)]
    Field(FieldError),
    #[error("there is a worker pool `{0}` with other values; `updateWorkerPool` changes it")]
    PoolExists(String),
    #[error("the launch config `{0}` has another content: an id stands for one content for ever, choose another one")]
    LaunchConfigDiffers(String),
    #[error("there is a worker `{0}` already")]
    WorkerExists(String),
    #[error("the workers of provider `{0}` are not made by hand: it is not of type static")]
    NotStatic(String),
    #[error("the provider `{0}` cannot stop workers")]
    NotRemovable(String),
    #[error("the worker pool is not with the provider `{0}`")]
    NotOfPool(String),
    #[error("the worker is not of the provider `{0}`")]
    NotOfProvider(String),
    #[error("the worker has expired")]
    Expired,
    #[error("the worker is {0}: it cannot register any more")]
    NotRegistrable(&'static str),
    #[error("the worker is not running: it cannot reregister")]
    NotRunning,
    /// The same for every reason, so that nobody learns what was right.
    #[error("the identity of the worker is not proved")]
    Identity,
    /// The same for unknown workers, so that nobody learns which exist.
    #[error("the worker is unknown, has not registered, or had another secret")]
    Secret,
    #[error("the provider `{0}` is not ready: no public key of it is known yet; try again in a minute")]
    ProviderNotReady(String),
    /// The keys of the settings are at fault.
    #[error("the secret of the worker cannot be read")]
    Sealed(#[source] UnsealError),
    #[error("a stored configuration cannot be read")]
    Unreadable(#[source] serde_json::Error),
    #[error("worker-manager cannot answer just now; try again in a moment")]
    Db(#[from] DbError),
}

impl WorkerManagerError {
    /// Of a field of the request's body.
    pub(super) fn field(pointer: &str, expected: &str, got: impl Into<String>) -> Self {
        Self::Field(FieldError::new(format!("/payload/{pointer}"), expected, got))
    }

    /// Which values of the request are at fault, where some are.
    pub fn field_errors(&self) -> Vec<FieldError> {
        let quoted = |text: &String| format!("`{text}`");
        match self {
            Self::UnknownProvider(id) => {
                vec![FieldError::new("/payload/providerId", "be one that `listProviders` lists", quoted(id))]
            }
            Self::Config { errors, .. } => errors.clone(),
            Self::Field(error) => vec![error.clone()],
            _ => Vec::new(),
        }
    }

    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoSuchPool(_) | Self::NoSuchLaunchConfig(_) | Self::NoSuchProvider(_) | Self::NoSuchWorker(_) => {
                ErrorCode::ResourceNotFound
            }
            Self::Config { .. } => ErrorCode::InputValidationError,
            Self::PoolExists(_) | Self::LaunchConfigDiffers(_) | Self::WorkerExists(_) => ErrorCode::RequestConflict,
            Self::ProviderNotReady(_) => ErrorCode::ProviderSetupFailed,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(error) if error.is_permanent() => ErrorCode::InputError,
            Self::Db(_) | Self::Sealed(_) | Self::Unreadable(_) => ErrorCode::InternalServerError,
            Self::UnknownProvider(_)
            | Self::Field(_)
            | Self::NotStatic(_)
            | Self::NotRemovable(_)
            | Self::NotOfPool(_)
            | Self::NotOfProvider(_)
            | Self::Expired
            | Self::NotRegistrable(_)
            | Self::NotRunning
            | Self::Identity
            | Self::Secret => ErrorCode::InputError,
        }
    }
}

/// At most as many as a reader wants to see.
fn list(errors: &[FieldError]) -> String {
    errors.iter().take(10).map(|error| format!("* {error}")).collect::<Vec<_>>().join("\n")
}
