//! Errors of Azure Resource Manager, `{"error": {"code", "message", "details": […]}}`: the innermost detail says what it was.

use serde::Deserialize;

use crate::{
    decision::FailureClass,
    provider::{ProviderError, http::HttpAnswer},
};

const MAX_MESSAGE: usize = 1000;
/// Details within details.
const MAX_DEPTH: usize = 5;

const CAPACITY: &[&str] = &[
    "SkuNotAvailable",
    "AllocationFailed",
    "ZonalAllocationFailed",
    "OverconstrainedAllocationRequest",
    "OverconstrainedZonalAllocationRequest",
    "SpotSkuNotAvailable",
    "BidPriceTooLow",
];
const QUOTA: &[&str] =
    &["QuotaExceeded", "OperationNotAllowed", "PublicIPCountLimitReached", "DeploymentQuotaExceeded"];
const THROTTLE: &[&str] = &["TooManyRequests", "SubscriptionRequestsThrottled", "ResourceRequestsThrottled"];
const AUTH: &[&str] = &[
    "AuthorizationFailed",
    "AuthenticationFailed",
    "InvalidAuthenticationToken",
    "ExpiredAuthenticationToken",
    "LinkedAuthorizationFailed",
];

#[derive(Debug, Default, Deserialize)]
struct Answer {
    #[serde(default)]
    error: ArmError,
}

/// Of a call, or of a deployment that failed.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct ArmError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Vec<ArmError>,
}

/// A server's own error means that the request may have been carried out.
pub(super) fn from_answer(answer: &HttpAnswer) -> ProviderError {
    let status = answer.status.as_u16();
    let Answer { mut error } = serde_json::from_slice(&answer.body).unwrap_or_default();
    if error.code.is_empty() {
        error = ArmError { code: format!("HTTP {status}"), message: answer.excerpt(), details: Vec::new() };
    }
    match of_deployment(&error, status) {
        ProviderError::Refused { class: FailureClass::Config, code, message } if status >= 500 => {
            ProviderError::unanswered(format!("{code}: {message}"))
        }
        error => error,
    }
}

pub(super) fn of_deployment(failed: &ArmError, status: u16) -> ProviderError {
    let mut innermost = failed;
    for _ in 0..MAX_DEPTH {
        let Some(detail) = innermost.details.iter().find(|it| !it.code.is_empty()) else { break };
        innermost = detail;
    }
    let message: String = innermost.message.chars().take(MAX_MESSAGE).collect();
    ProviderError::refused(class(&innermost.code, status), innermost.code.clone(), message)
}

pub(super) fn is_missing(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Refused { code, .. } if ["ResourceNotFound", "NotFound", "HTTP 404"].contains(&code.as_str()))
}

pub(super) fn config_error(code: &str, message: impl Into<String>) -> ProviderError {
    ProviderError::refused(FailureClass::Config, code, message)
}

fn class(code: &str, status: u16) -> FailureClass {
    if THROTTLE.contains(&code) || status == 429 {
        FailureClass::Throttle
    } else if CAPACITY.contains(&code) {
        FailureClass::Capacity
    } else if QUOTA.contains(&code) {
        FailureClass::Quota
    } else if AUTH.contains(&code) || matches!(status, 401 | 403) {
        FailureClass::Auth
    } else {
        FailureClass::Config
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(status: u16, body: &serde_json::Value) -> ProviderError {
        let status = reqwest::StatusCode::from_u16(status).unwrap();
        from_answer(&HttpAnswer { status, body: body.to_string().into_bytes() })
    }

    #[test]
    fn the_innermost_detail_says_what_to_do_next() {
        let nested = |code: &str| {
            let detail = json!({ "code": code, "message": "why" });
            let middle = json!({ "code": "ResourceDeploymentFailure", "message": "", "details": [detail] });
            json!({ "error": { "code": "DeploymentFailed", "message": "", "details": [middle] } })
        };
        for (code, status, class) in [
            ("SkuNotAvailable", 409, FailureClass::Capacity),
            ("QuotaExceeded", 409, FailureClass::Quota),
            ("InvalidParameter", 400, FailureClass::Config),
            ("AuthorizationFailed", 403, FailureClass::Auth),
            ("TooManyRequests", 429, FailureClass::Throttle),
        ] {
            assert_eq!(read(status, &nested(code)), ProviderError::refused(class, code, "why"), "{code}");
        }
    }

    #[test]
    fn a_failing_server_may_have_done_it() {
        assert!(matches!(read(503, &json!("<html>")), ProviderError::Unanswered { .. }));
        assert!(matches!(
            read(500, &json!({ "error": { "code": "InternalServerError" } })),
            ProviderError::Unanswered { .. }
        ));
        assert!(is_missing(&read(404, &json!({}))));
    }
}
