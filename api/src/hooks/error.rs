//! Errors of hooks as responses.

use actors::hooks::HookError;
use protocol::error::ErrorCode;
use serde_json::json;

use crate::{http::ApiError, object::chain};

impl From<HookError> for ApiError {
    fn from(error: HookError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        match error {
            _ if code == ErrorCode::InternalServerError => Self::internal(chain(&error)),
            HookError::Field { field, expected, got } => {
                Self::new(code, message).at(format!("/payload/{field}"), expected, got)
            }
            HookError::Payload(errors) => Self::new(code, message).with_payload_errors(&errors),
            HookError::Scopes { role, missing } => {
                let missing = if missing.is_short() { *missing } else { missing.abridged() };
                Self::new(code, message).with_details(json!({ "role": role, "unsatisfied": missing }))
            }
            _ => Self::new(code, message),
        }
    }
}
