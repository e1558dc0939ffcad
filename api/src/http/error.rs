use actors::queue::QueueError;
use hyper::StatusCode;
use protocol::{
    error::{ErrorCode, FieldError},
    id::TaskId,
    limits::MAX_LISTED,
};
use serde_json::Value;

use super::error_body::truncated;

/// Longest part of a field error, in bytes.
const MAX_FIELD_ERROR_PART: usize = 256;

/// A request that failed: an error code, a message for people, and `details` for programs where they help.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub(super) code: ErrorCode,
    pub(super) message: String,
    pub(super) details: Option<Value>,
    pub(super) field_errors: Vec<FieldError>,
}

impl ApiError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: None, field_errors: Vec::new() }
    }

    /// A check of ours that no schema can express.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InputError, message)
    }

    /// Names an invalid field for programs: `details.faults` of the error body. The message stays as it is. The pointer
    /// leads into `requestInfo` (`/payload/retries`, `/params/taskId`), or to `/query/limit`, `/headers/…`.
    pub(crate) fn at(self, pointer: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        self.with_field_error(FieldError::new(pointer, expected, got))
    }

    pub(crate) fn with_field_error(mut self, error: FieldError) -> Self {
        if self.field_errors.len() < MAX_LISTED {
            let [pointer, expected, got] = [error.pointer, error.expected, error.got]
                .map(|text| truncated(&text, MAX_FIELD_ERROR_PART).into_owned());
            self.field_errors.push(FieldError { pointer, expected, got });
        }
        self
    }

    pub(crate) fn with_field_errors<'e>(self, errors: impl IntoIterator<Item = &'e FieldError>) -> Self {
        errors.into_iter().cloned().fold(self, Self::with_field_error)
    }

    /// The errors of a payload's schema, whose pointers are relative to the payload.
    pub(crate) fn with_payload_errors(self, errors: &[FieldError]) -> Self {
        errors.iter().fold(self, |error, FieldError { pointer, expected, got }| {
            error.at(format!("/payload{pointer}"), expected, got)
        })
    }

    /// One invalid field, as message and for programs.
    pub(crate) fn invalid_field(pointer: &str, expected: &str, got: &str) -> Self {
        let error = FieldError::new(pointer, expected, got);
        Self::input(error.to_string()).with_field_error(error)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ResourceNotFound, message)
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::RequestConflict, message)
    }

    /// A failure of ours. The client sees an incident id only; the cause is logged under it.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::new(ErrorCode::InternalServerError, cause)
    }

    /// Of one task of a graph: says which in message and pointers.
    pub(crate) fn in_task(self, task_id: TaskId) -> Self {
        let inside = |error: FieldError| {
            let rest = error.pointer.strip_prefix("/payload").unwrap_or(&error.pointer);
            FieldError { pointer: format!("/payload/tasks/{task_id}{rest}"), ..error }
        };
        let field_errors = self.field_errors.into_iter().map(inside).collect();
        Self { message: format!("In task {task_id}: {}", self.message), field_errors, ..self }
    }

    #[must_use]
    pub fn with_details(self, details: Value) -> Self {
        Self { details: Some(details), ..self }
    }

    /// When a limit of concurrent requests or of memory is reached.
    pub(super) fn busy() -> Self {
        Self::new(ErrorCode::ServiceUnavailable, "Too many requests at once; try again in a second")
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) const fn status(&self) -> StatusCode {
        match self.code {
            ErrorCode::MalformedPayload
            | ErrorCode::InvalidRequestArguments
            | ErrorCode::InputValidationError
            | ErrorCode::InputError
            | ErrorCode::NoMatchingBackend
            | ErrorCode::DenylistedAddress => StatusCode::BAD_REQUEST,
            ErrorCode::AuthenticationFailed => StatusCode::UNAUTHORIZED,
            ErrorCode::InsufficientScopes => StatusCode::FORBIDDEN,
            ErrorCode::ResourceNotFound => StatusCode::NOT_FOUND,
            ErrorCode::NoMatchingMethod => StatusCode::NOT_ACCEPTABLE,
            ErrorCode::RequestConflict => StatusCode::CONFLICT,
            ErrorCode::ResourceExpired => StatusCode::GONE,
            ErrorCode::InputTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::InternalServerError => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::ProviderSetupFailed | ErrorCode::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<QueueError> for ApiError {
    fn from(error: QueueError) -> Self {
        let converted = Self::new(error.code(), error.to_string());
        match error {
            QueueError::Field { field, expected, got } => converted.at(format!("/payload/{field}"), expected, got),
            _ => converted,
        }
    }
}
