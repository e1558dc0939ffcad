//! Errors of notify, in words for the client.

use db::DbError;
use protocol::{
    error::{ErrorCode, FieldError},
    exchanges::RoutingKeyError,
    notify::{Notification, NotificationKind},
};

#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    #[error("nothing is sent to the {kind} address `{address}`: it is on the deny list")]
    Denied { kind: NotificationKind, address: String },
    #[error(transparent)]
    Field(FieldError),
    #[error(transparent)]
    RoutingKey(#[from] RoutingKeyError),
    #[error("notify cannot answer just now")]
    Db(#[from] DbError),
}

impl NotifyError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Denied { .. } => ErrorCode::DenylistedAddress,
            Self::Field(_) | Self::RoutingKey(_) => ErrorCode::InputError,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) => ErrorCode::InternalServerError,
        }
    }

    /// The notification is at fault, so another try fails as well.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Denied { .. } | Self::Field(_) | Self::RoutingKey(_) => true,
            Self::Db(error) => error.is_permanent(),
        }
    }

    /// What the database refuses about a message, which it cannot send.
    pub(super) fn of_row(error: DbError, notification: &Notification) -> Self {
        match (&error, notification) {
            (DbError::Statement { message, .. }, Notification::Pulse(_)) if error.is_permanent() => {
                Self::Field(FieldError::new("/payload/message", "be one that can be published", message.clone()))
            }
            _ => Self::Db(error),
        }
    }
}
