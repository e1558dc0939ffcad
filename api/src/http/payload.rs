//! The payload of a request: JSON, if its content type says so.

use hyper::{HeaderMap, header::CONTENT_TYPE};
use protocol::error::ErrorCode;
use serde_json::{Map, Value};

use super::ApiError;

pub(super) fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let media_type = content_type(headers).split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

/// The JSON of a body. Bodies of other types, and empty ones, count as `{}`.
pub(super) fn parse(headers: &HeaderMap, raw: &[u8]) -> Result<Value, ApiError> {
    if raw.is_empty() || !is_json(headers) {
        return Ok(Value::Object(Map::new()));
    }
    let value = serde_json::from_slice(raw).map_err(|error| malformed(format!("Failed to parse JSON: {error}")))?;
    match value {
        Value::Object(_) | Value::Array(_) => Ok(value),
        _ => Err(malformed("Failed to parse JSON: the top level must be an object or an array".to_owned())),
    }
}

pub(super) fn malformed(message: String) -> ApiError {
    let got = message.clone();
    ApiError::new(ErrorCode::MalformedPayload, message).at("/payload", "be a whole JSON object or array", got)
}
