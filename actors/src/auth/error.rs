//! Errors of auth, in words for the client.

use db::DbError;
use protocol::{
    error::ErrorCode,
    scope::roles::{BranchingRole, RoleCycle, RoleFault, TooManyScopes},
};

use crate::FieldError;

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
    #[error(transparent)]
    Branching(#[from] BranchingRole),
    #[error(transparent)]
    TooMany(#[from] TooManyScopes),
    #[error("Client already exists: there is a client `{0}` which is not the one asked for")]
    ClientExists(String),
    #[error("Role already exists: there is a role `{0}` with other scopes or another description")]
    RoleExists(String),
    /// What it is, as one word.
    #[error("the {0} is changed by many at once; try again in a moment")]
    Contended(&'static str),
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
    /// Which value of the request is at fault, where it is one.
    pub fn field_error(&self) -> Option<FieldError> {
        let quoted = |text: &String| format!("`{text}`");
        let scopes = "/payload/scopes";
        let field_error = match self {
            Self::Static(id) => FieldError::new("/params/clientId", "not begin with `static/`", quoted(id)),
            Self::DoubleStar(scope) | Self::Role(RoleFault::DoubleStar(scope)) => {
                FieldError::new(scopes, "hold no scope that ends with `**`", quoted(scope))
            }
            Self::Role(RoleFault::RoleId(id)) => FieldError::new("/params/roleId", "be printable ASCII", quoted(id)),
            Self::Role(RoleFault::Letters(scope)) => FieldError::new(scopes, "be printable ASCII", quoted(scope)),
            Self::Role(RoleFault::TwoHoles(scope)) => {
                FieldError::new(scopes, "hold `<..>` at most once in each scope", quoted(scope))
            }
            Self::Role(RoleFault::StarBeforeHole(scope)) => {
                FieldError::new(scopes, "hold no scope that ends with `*<..>`", quoted(scope))
            }
            Self::Cycle(cycle) => FieldError::new(scopes, "not lead back to the role itself", cycle.0.join(" -> ")),
            Self::Branching(BranchingRole(role)) => {
                FieldError::new(scopes, "not multiply through roles that fill `<..>`", format!("the role `{role}`"))
            }
            Self::TooMany(_) => FieldError::new(scopes, "come to fewer scopes with what roles add", "more"),
            _ => return None,
        };
        Some(field_error)
    }

    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoSuchClient(_) | Self::NoSuchRole(_) => ErrorCode::ResourceNotFound,
            Self::Static(_)
            | Self::DoubleStar(_)
            | Self::Role(_)
            | Self::Cycle(_)
            | Self::Branching(_)
            | Self::TooMany(_) => ErrorCode::InputError,
            Self::ClientExists(_) | Self::RoleExists(_) => ErrorCode::RequestConflict,
            Self::Contended(_) => ErrorCode::ServiceUnavailable,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) | Self::Sealed { .. } => ErrorCode::InternalServerError,
        }
    }
}
