//! What auth refuses, in words for the client.

use db::DbError;
use protocol::{
    error::ErrorCode,
    scope::roles::{RoleCycle, RoleFault},
};

#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("there is no client `{0}`")]
    NoSuchClient(String),
    #[error("there is no role `{0}`")]
    NoSuchRole(String),
    #[error(
        "the client `{0}` belongs to the settings of this deployment, as all below `static/`, and is changed there"
    )]
    Static(String),
    #[error("scopes must not end with `**`, as `{0}` does")]
    DoubleStar(String),
    #[error(transparent)]
    Role(#[from] RoleFault),
    #[error(transparent)]
    Cycle(#[from] RoleCycle),
    #[error("Client already exists: there is a client `{0}` which is not the one asked for")]
    ClientExists(String),
    #[error("Role already exists: there is a role `{0}` with other scopes or another description")]
    RoleExists(String),
    #[error("the roles are changed by many at once; try again in a moment")]
    Contended,
    /// The access token cannot be opened: a fault of the settings.
    #[error("the access token of `{client_id}` cannot be read")]
    Sealed {
        client_id: String,
        #[source]
        cause: base::UnsealError,
    },
    #[error("auth cannot answer just now; try again in a moment")]
    Db(#[from] DbError),
}

impl AuthError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoSuchClient(_) | Self::NoSuchRole(_) => ErrorCode::ResourceNotFound,
            Self::Static(_) | Self::DoubleStar(_) | Self::Role(_) | Self::Cycle(_) => ErrorCode::InputError,
            Self::ClientExists(_) | Self::RoleExists(_) => ErrorCode::RequestConflict,
            Self::Contended => ErrorCode::ServiceUnavailable,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) | Self::Sealed { .. } => ErrorCode::InternalServerError,
        }
    }
}
