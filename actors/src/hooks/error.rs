//! Errors of hooks, in words for the client.

use std::fmt::Write;

use base::UnsealError;
use db::DbError;
use protocol::{
    error::{ErrorCode, FieldError},
    scope::ScopeExpression,
};

use super::HookName;

#[derive(Debug, thiserror::Error)]
pub enum HookError {
    #[error("{}", no_such_hook(.0))]
    NoSuchHook(HookName),
    #[error("there is no hook group `{0}`")]
    NoSuchGroup(String),
    #[error("the hook `{0}` has not fired yet")]
    NeverFired(HookName),
    #[error("the hook `{0}` exists already, with another definition; update it, or choose another hookId")]
    Exists(HookName),
    #[error(
        "the hook `{0}` belongs to Drover: hooks of the group `drover` cannot be created, changed or removed; make one of your own in \
         another group"
    )]
    BuiltIn(HookName),
    /// A field of the definition cannot be.
    #[error("`{field}` must {expected}; got {got}")]
    Field { field: String, expected: String, got: String },
    #[error("the payload does not fit the triggerSchema of the hook:{}", listed(.0))]
    Payload(Vec<FieldError>),
    #[error("the task template cannot be rendered: {0}")]
    Template(String),
    /// What the template yields is no task, or one that the queue refuses.
    #[error("the rendered template is no task that can be created: {0}")]
    Task(String),
    /// A message of the bus that no template can be rendered with.
    #[error("the message cannot be read: {0}")]
    Message(String),
    #[error(
        "{0} fires within {1} minutes led to this one, each through a message about the task of the one before: a hook must not fire \
         itself; bind it to messages that its own tasks do not cause"
    )]
    Chain(i32, i64),
    #[error("{}", insufficient(.role, .missing))]
    Scopes { role: String, missing: Box<ScopeExpression> },
    #[error("the token is not the one of this hook")]
    WrongToken,
    #[error("rendering and checking the task took longer than {0:?}")]
    Slow(std::time::Duration),
    #[error("too many hooks are being fired just now; try again in a moment")]
    Busy,
    #[error("the hook was changed again and again while it was being fired; try again in a moment")]
    Changing,
    /// The keys of the settings are at fault.
    #[error("a secret of the hook `{name}` cannot be read")]
    Sealed {
        name: HookName,
        #[source]
        cause: UnsealError,
    },
    #[error("the stored definition of the hook `{name}` cannot be read")]
    Stored {
        name: HookName,
        #[source]
        cause: serde_json::Error,
    },
    #[error("hooks cannot be read just now")]
    Db(#[from] DbError),
}

impl HookError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoSuchHook(_) | Self::NoSuchGroup(_) | Self::NeverFired(_) => ErrorCode::ResourceNotFound,
            Self::Exists(_) | Self::BuiltIn(_) => ErrorCode::RequestConflict,
            Self::Field { .. }
            | Self::Payload(_)
            | Self::Template(_)
            | Self::Task(_)
            | Self::Message(_)
            | Self::Chain(..)
            | Self::Slow(_) => ErrorCode::InputError,
            Self::Scopes { .. } => ErrorCode::InsufficientScopes,
            Self::WrongToken => ErrorCode::AuthenticationFailed,
            Self::Busy | Self::Changing => ErrorCode::ServiceUnavailable,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) | Self::Sealed { .. } | Self::Stored { .. } => ErrorCode::InternalServerError,
        }
    }

    /// The hook itself, or what it depends on, is at fault: its owner has to change something, and the same fire again fails
    /// again.
    pub(super) fn is_of_hook(&self) -> bool {
        matches!(
            self,
            Self::Template(_)
                | Self::Task(_)
                | Self::Scopes { .. }
                | Self::Slow(_)
                | Self::Field { .. }
                | Self::Message(_)
                | Self::Chain(..)
        )
    }

    /// The database is away: what is tried again meanwhile has not failed.
    pub(super) fn is_of_database(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_retryable())
    }
}

fn no_such_hook(name: &HookName) -> String {
    let is_of_action = ["in-tree-action-", "in-tree-pr-action-"].iter().any(|begin| name.hook_id.starts_with(begin));
    if is_of_action {
        return format!(
            "there is no hook `{name}`, no hook for this .taskcluster.yml: `drover hook in-tree` makes it, and a push to the default \
             branch with the setting `github.register_in_tree_actions`"
        );
    }
    format!("there is no hook `{name}`")
}

fn listed(errors: &[FieldError]) -> String {
    errors.iter().take(10).fold(String::new(), |mut text, error| {
        let _ = write!(text, "\n * {error}");
        text
    })
}

fn insufficient(role: &str, missing: &ScopeExpression) -> String {
    let short = if missing.is_short() { missing.clone() } else { missing.abridged() };
    let missing = serde_json::to_string(&short).unwrap_or_default();
    format!("the role `{role}` does not give the scopes that creating the task takes. Missing:\n\n```\n{missing}\n```")
}
