//! Whether a caller may create a task, outside of a call to `createTask` itself; and what is wrong with a task.

use actors::queue::{TaskRequest, TaskRequestError};

use crate::{
    auth::{Caller, insufficient},
    http::ApiError,
};

/// Checks that a caller may create this task.
pub(crate) fn authorize(caller: &Caller, request: &TaskRequest) -> Result<(), ApiError> {
    if caller.scopes.holds_everything() {
        return Ok(());
    }
    match request.required_scopes() {
        Some(required) if !required.is_satisfied_by(&caller.scopes) => Err(insufficient(caller, &required)),
        _ => Ok(()),
    }
}

impl From<TaskRequestError> for ApiError {
    fn from(error: TaskRequestError) -> Self {
        let TaskRequestError { message, field, expected, got } = error;
        Self::input(message).at(format!("/payload/{field}"), expected, got)
    }
}
