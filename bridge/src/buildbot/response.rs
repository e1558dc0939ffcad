//! Reads responses of the master, and maps errors.

use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::invalid;
use crate::driver::{DriverError, DriverResult};

/// Of a response. A thousand lines of a log are at most 4 MiB, as Buildbot wraps lines at 4096 letters.
const MAX_BYTES: usize = 32 << 20;
/// Of an error message of the master.
const MAX_MESSAGE: usize = 300;

pub(super) async fn read_body(path: &str, mut response: Response) -> DriverResult<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| unavailable(&error))? {
        if body.len() + piece.len() > MAX_BYTES {
            return Err(invalid(format_args!("the response to {path} is longer than {} MiB", MAX_BYTES >> 20)));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

pub(super) fn decode<T: DeserializeOwned>(path: &str, body: &[u8]) -> DriverResult<T> {
    serde_json::from_slice(body).map_err(|error| invalid(format_args!("{}: {error}", without_query(path))))
}

pub(super) fn unsuccessful(path: &str, status: StatusCode, body: &[u8]) -> DriverError {
    let path = without_query(path);
    let detail = error_message(body).map(|message| format!(": {message}")).unwrap_or_default();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            DriverError::Auth(format!("{path} answered {status}{detail}"))
        }
        StatusCode::NOT_FOUND => DriverError::NotFound(path.to_owned()),
        _ if status.is_redirection() => DriverError::Auth(format!("{path} redirects, as to a login page ({status})")),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            DriverError::Unavailable(format!("{path} answered {status}{detail}"))
        }
        _ if status.is_server_error() => DriverError::Unavailable(format!("{path} answered {status}{detail}")),
        _ => DriverError::Refused(format!("{path} answered {status}{detail}")),
    }
}

/// The error of a JSON response, if it is one of Buildbot.
pub(super) fn error_message(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let message = match &value["error"] {
        Value::String(message) => message.clone(),
        Value::Object(error) => match error.get("message")? {
            Value::String(message) => message.clone(),
            // One entry for each field that is wrong.
            Value::Object(fields) => {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let each: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {}", text(value))).collect();
                each.join("; ")
            }
            other => other.to_string(),
        },
        _ => return None,
    };
    Some(message.chars().take(MAX_MESSAGE).collect())
}

pub(super) fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

pub(super) fn unavailable(error: &reqwest::Error) -> DriverError {
    DriverError::Unavailable(error_chain(error))
}

/// With all causes: `error sending request` alone does not say `connection refused`.
pub(super) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut message = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        message.push(error.to_string());
        cause = error.source();
    }
    message.dedup();
    message.join(": ")
}
