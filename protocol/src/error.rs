//! Error codes of the API, the same in every service, and errors about one field of a request.

use std::fmt;

use serde::Serialize;

/// The kind of an error. `api` maps each to one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    MalformedPayload,
    InvalidRequestArguments,
    InputValidationError,
    InputError,
    AuthenticationFailed,
    InsufficientScopes,
    ResourceNotFound,
    RequestConflict,
    ResourceExpired,
    InputTooLarge,
    NoMatchingMethod,
    NoMatchingBackend,
    DenylistedAddress,
    /// A provider of worker-manager cannot be used just now.
    ProviderSetupFailed,
    InternalServerError,
    /// Not part of the original's table: the database or another dependency is unavailable; try again.
    ServiceUnavailable,
}

impl ErrorCode {
    /// The `code` in an error body.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedPayload => "MalformedPayload",
            Self::InvalidRequestArguments => "InvalidRequestArguments",
            Self::InputValidationError => "InputValidationError",
            Self::InputError => "InputError",
            Self::AuthenticationFailed => "AuthenticationFailed",
            Self::InsufficientScopes => "InsufficientScopes",
            Self::ResourceNotFound => "ResourceNotFound",
            Self::RequestConflict => "RequestConflict",
            Self::ResourceExpired => "ResourceExpired",
            Self::InputTooLarge => "InputTooLarge",
            Self::NoMatchingMethod => "NoMatchingMethod",
            Self::NoMatchingBackend => "NoMatchingBackend",
            Self::DenylistedAddress => "DenylistedAddress",
            Self::ProviderSetupFailed => "ProviderSetupFailed",
            Self::InternalServerError => "InternalServerError",
            Self::ServiceUnavailable => "ServiceUnavailable",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A field of a request that is not valid. People read its text, programs its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{pointer} must {expected}; got {got}")]
pub struct FieldError {
    /// A JSON pointer: `/payload/expires`, `/params/name`, `/query/limit`, `/headers/Content-Type`, `/body` for bytes.
    /// Errors of a schema have it relative to the value that was checked.
    pub pointer: String,
    /// What the value must do or be, to follow the word "must".
    pub expected: String,
    /// The value, truncated.
    pub got: String,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), expected: expected.into(), got: got.into() }
    }

    /// The same without the value.
    #[must_use]
    pub fn masked(self) -> Self {
        Self { got: "something else".to_owned(), ..self }
    }
}
