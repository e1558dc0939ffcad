//! Errors of Compute Engine: of a call, `{"error": {"code", "message", "errors": [{"reason"}]}}`, or of an operation,
//! `{"errors": [{"code", "message"}]}`.

use serde::Deserialize;

use crate::{
    decision::FailureClass,
    provider::{ProviderError, http::HttpAnswer},
};

const MAX_MESSAGE: usize = 1000;
pub(super) const NOT_FOUND: &str = "notFound";
pub(super) const ALREADY_EXISTS: &str = "alreadyExists";

const CAPACITY: &[&str] =
    &["RESOURCE_POOL_EXHAUSTED", "RESOURCEPOOLEXHAUSTED", "STOCKOUT", "DOES_NOT_HAVE_ENOUGH_RESOURCES"];
const THROTTLE: &[&str] =
    &["RATELIMITEXCEEDED", "RATE_LIMIT_EXCEEDED", "OPERATIONS_QUOTA_EXCEEDED", "OPERATIONRATEEXCEEDED"];
const QUOTA: &[&str] = &["QUOTA_EXCEEDED", "QUOTAEXCEEDED", "LIMITEXCEEDED", "QUOTA_LIMIT"];

#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default)]
    error: CallError,
}

#[derive(Default, Deserialize)]
struct CallError {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Default, Deserialize)]
struct Reason {
    #[serde(default)]
    reason: String,
}

/// What went wrong in an operation.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct OperationError {
    #[serde(default)]
    errors: Vec<OperationErrorPart>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct OperationErrorPart {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// A server's own error means that the request may have been carried out.
pub(super) fn from_answer(answer: &HttpAnswer) -> ProviderError {
    let status = answer.status.as_u16();
    let Answer { error } = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = error.errors.into_iter().map(|it| it.reason).find(|it| !it.is_empty());
    let code = code.unwrap_or_else(|| if status == 404 { NOT_FOUND.to_owned() } else { format!("HTTP {status}") });
    let message = if error.message.is_empty() { answer.excerpt() } else { error.message };
    let message: String = message.chars().take(MAX_MESSAGE).collect();
    match class(&code, status) {
        FailureClass::Config if status >= 500 => ProviderError::unanswered(format!("{code}: {message}")),
        class => ProviderError::refused(class, code, message),
    }
}

/// An operation that failed has made nothing.
pub(super) fn of_operation(error: &OperationError, status: u16) -> ProviderError {
    let OperationErrorPart { code, message } = error.errors.first().cloned().unwrap_or_default();
    let message: String = message.chars().take(MAX_MESSAGE).collect();
    ProviderError::refused(class(&code, status), code, message)
}

pub(super) fn is(error: &ProviderError, reason: &str) -> bool {
    matches!(error, ProviderError::Refused { code, .. } if code == reason)
}

pub(super) fn config_error(code: &str, message: impl Into<String>) -> ProviderError {
    ProviderError::refused(FailureClass::Config, code, message)
}

/// Codes of calls and operations are spelled differently, and have endings such as `_WITH_DETAILS`.
fn class(code: &str, status: u16) -> FailureClass {
    let code = code.to_ascii_uppercase();
    let is_one_of = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
    if is_one_of(THROTTLE) || status == 429 {
        FailureClass::Throttle
    } else if is_one_of(CAPACITY) {
        FailureClass::Capacity
    } else if is_one_of(QUOTA) {
        FailureClass::Quota
    } else if matches!(status, 401 | 403) {
        FailureClass::Auth
    } else {
        FailureClass::Config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_class_that_says_what_to_do_next() {
        let cases = [
            ("ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", 200, FailureClass::Capacity),
            ("QUOTA_EXCEEDED", 200, FailureClass::Quota),
            ("quotaExceeded", 403, FailureClass::Quota),
            ("rateLimitExceeded", 403, FailureClass::Throttle),
            ("CONCURRENT_OPERATIONS_QUOTA_EXCEEDED", 403, FailureClass::Throttle),
            ("forbidden", 403, FailureClass::Auth),
            ("invalid", 400, FailureClass::Config),
            ("RESOURCE_NOT_FOUND", 200, FailureClass::Config),
        ];
        for (code, status, expected) in cases {
            assert_eq!(class(code, status), expected, "{code}");
        }
    }

    #[test]
    fn a_failing_server_may_have_done_it() {
        for body in ["", "<html>", r#"{"error":{"code":503,"message":"m","errors":[{"reason":"backendError"}]}}"#] {
            let status = reqwest::StatusCode::SERVICE_UNAVAILABLE;
            let error = from_answer(&HttpAnswer { status, body: body.as_bytes().to_vec() });
            assert!(matches!(error, ProviderError::Unanswered { .. }), "{error}");
        }
    }
}
