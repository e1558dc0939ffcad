//! Errors of the API server, `{"kind": "Status", "reason": …, "message": …}`.

use serde::Deserialize;

use crate::{
    decision::FailureClass,
    provider::{ProviderError, http::HttpAnswer},
};

const MAX_MESSAGE: usize = 1000;

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

/// A server's own error means that the request may have been carried out.
pub(super) fn from_answer(answer: &HttpAnswer) -> ProviderError {
    let status = answer.status.as_u16();
    let Status { reason, message } = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = if reason.is_empty() { format!("HTTP {status}") } else { reason };
    let message = if message.is_empty() { answer.excerpt() } else { message };
    let message: String = message.chars().take(MAX_MESSAGE).collect();
    let class = match status {
        429 => FailureClass::Throttle,
        403 if message.contains("exceeded quota") => FailureClass::Quota,
        401 | 403 => FailureClass::Auth,
        500.. => return ProviderError::unanswered(format!("{code}: {message}")),
        _ => FailureClass::Config,
    };
    ProviderError::refused(class, code, message)
}

pub(super) fn is(error: &ProviderError, reason: &str) -> bool {
    matches!(error, ProviderError::Refused { code, .. } if code == reason)
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    #[test]
    fn refusals_have_the_class_that_says_what_to_do_next() {
        let read = |status: u16, reason: &str, message: &str| {
            let body = serde_json::json!({ "kind": "Status", "reason": reason, "message": message }).to_string();
            from_answer(&HttpAnswer { status: StatusCode::from_u16(status).unwrap(), body: body.into_bytes() })
        };
        let class = |error: &ProviderError| match error {
            ProviderError::Refused { class, .. } => Some(*class),
            ProviderError::Unanswered { .. } => None,
        };
        let quota = "pods \"a\" is forbidden: exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2";
        assert_eq!(class(&read(403, "Forbidden", quota)), Some(FailureClass::Quota));
        assert_eq!(class(&read(403, "Forbidden", "cannot create resource")), Some(FailureClass::Auth));
        assert_eq!(class(&read(401, "Unauthorized", "Unauthorized")), Some(FailureClass::Auth));
        assert_eq!(class(&read(422, "Invalid", "spec.containers: Required value")), Some(FailureClass::Config));
        assert_eq!(class(&read(429, "TooManyRequests", "later")), Some(FailureClass::Throttle));
        assert_eq!(class(&read(503, "ServiceUnavailable", "etcd")), None);
        assert!(is(&read(409, "AlreadyExists", "there"), "AlreadyExists"));
    }
}
