//! Errors of AWS, and what each says about the next attempt.

use serde::Deserialize;

use crate::{
    decision::FailureClass,
    provider::{ProviderError, http::HttpAnswer},
};

/// Of a message; it is stored and shown.
const MAX_MESSAGE: usize = 1000;

const CAPACITY: &[&str] = &[
    "InsufficientInstanceCapacity",
    "InsufficientHostCapacity",
    "InsufficientReservedInstanceCapacity",
    "InsufficientCapacity",
    "InsufficientCapacityOnHost",
    "InsufficientVolumeCapacity",
    "UnfulfillableCapacity",
    "SpotMaxPriceTooLow",
    // The machines of this launch were taken back before their answer arrived.
    "IdempotentInstanceTerminated",
];
const QUOTA: &[&str] =
    &["MaxSpotInstanceCountExceeded", "MaxSpotFleetRequestCountExceeded", "InsufficientFreeAddressesInSubnet"];
const THROTTLE: &[&str] = &[
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "EC2ThrottledException",
    "TooManyRequestsException",
    "BandwidthLimitExceeded",
    "SlowDown",
];
const AUTH: &[&str] = &[
    "AuthFailure",
    "UnauthorizedOperation",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidToken",
    "RequestExpired",
    "OptInRequired",
    "Blocked",
    "PendingVerification",
    "AccessDenied",
    "AccessDeniedException",
    "InvalidIdentityToken",
    "IDPRejectedClaim",
];

/// Errors by the code in the answer; a server's own error means that the request may have been carried out.
pub(super) fn from_answer(answer: &HttpAnswer) -> ProviderError {
    let status = answer.status.as_u16();
    let (code, message) = match parse(&answer.body) {
        Some(ApiError { code, message }) => (code, message.unwrap_or_default()),
        None => (format!("HTTP {status}"), answer.excerpt()),
    };
    let message: String = message.chars().take(MAX_MESSAGE).collect();
    match class(&code, status) {
        FailureClass::Config if status >= 500 => ProviderError::unanswered(format!("{code}: {message}")),
        class => ProviderError::refused(class, code, message),
    }
}

pub(super) fn class(code: &str, status: u16) -> FailureClass {
    let is_one_of = |codes: &[&str]| codes.contains(&code);
    if is_one_of(THROTTLE) || status == 429 {
        FailureClass::Throttle
    } else if is_one_of(CAPACITY) {
        FailureClass::Capacity
    } else if is_one_of(QUOTA) || code.ends_with("LimitExceeded") {
        FailureClass::Quota
    } else if is_one_of(AUTH) || matches!(status, 401 | 403) {
        FailureClass::Auth
    } else {
        FailureClass::Config
    }
}

/// AWS knows who asks, who may not do this: other credentials of the same account would not help.
pub(super) fn is_of_permissions(code: &str) -> bool {
    matches!(
        code,
        "UnauthorizedOperation"
            | "AccessDenied"
            | "AccessDeniedException"
            | "OptInRequired"
            | "Blocked"
            | "PendingVerification"
    )
}

pub(super) fn config_error(code: &str, message: impl Into<String>) -> ProviderError {
    ProviderError::refused(FailureClass::Config, code, message)
}

pub(super) fn auth_error(code: &str, message: impl Into<String>) -> ProviderError {
    ProviderError::refused(FailureClass::Auth, code, message)
}

struct ApiError {
    code: String,
    message: Option<String>,
}

/// `<Response><Errors><Error>…` of EC2, `<ErrorResponse><Error>…` of STS.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "Errors")]
    errors: Option<Errors>,
    #[serde(rename = "Error")]
    error: Option<ErrorElement>,
}

#[derive(Deserialize)]
struct Errors {
    #[serde(rename = "Error", default)]
    error: Vec<ErrorElement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorElement {
    code: String,
    message: Option<String>,
}

/// SQS: the type may begin with a namespace, `com.amazonaws.sqs#`.
#[derive(Deserialize)]
struct JsonError {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(alias = "Message")]
    message: Option<String>,
}

fn parse(body: &[u8]) -> Option<ApiError> {
    let text = std::str::from_utf8(body).ok()?;
    if text.trim_start().starts_with('{') {
        let JsonError { kind, message } = serde_json::from_str(text).ok()?;
        let code = kind.rsplit('#').next().unwrap_or_default().to_owned();
        return Some(ApiError { code, message });
    }
    let document: Document = quick_xml::de::from_str(text).ok()?;
    let first = document.errors.and_then(|it| it.error.into_iter().next()).or(document.error)?;
    Some(ApiError { code: first.code, message: first.message })
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    fn read(status: u16, body: &str) -> ProviderError {
        let status = StatusCode::from_u16(status).unwrap();
        from_answer(&HttpAnswer { status, body: body.as_bytes().to_vec() })
    }

    fn ec2(code: &str) -> String {
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>why</Message></Error></Errors><RequestID>1</RequestID></Response>"
        )
    }

    #[test]
    fn codes_have_the_class_that_says_what_to_do_next() {
        let cases = [
            (500, "InsufficientInstanceCapacity", FailureClass::Capacity),
            (400, "SpotMaxPriceTooLow", FailureClass::Capacity),
            (400, "VcpuLimitExceeded", FailureClass::Quota),
            (400, "MaxSpotInstanceCountExceeded", FailureClass::Quota),
            (503, "RequestLimitExceeded", FailureClass::Throttle),
            (400, "InvalidAMIID.NotFound", FailureClass::Config),
            (400, "NeverSeenBefore", FailureClass::Config),
            (401, "AuthFailure", FailureClass::Auth),
            (403, "UnauthorizedOperation", FailureClass::Auth),
            (400, "ExpiredToken", FailureClass::Auth),
        ];
        for (status, code, class) in cases {
            assert_eq!(read(status, &ec2(code)), ProviderError::refused(class, code, "why"), "{code}");
        }
    }

    #[test]
    fn a_failing_server_may_have_done_it() {
        for body in [ec2("InternalError"), ec2("Unavailable"), "<html>".to_owned(), String::new()] {
            assert!(matches!(read(503, &body), ProviderError::Unanswered { .. }), "{body}");
        }
    }

    #[test]
    fn errors_of_sts_and_sqs_have_other_forms() {
        let sts = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>why</Message></Error></ErrorResponse>";
        assert_eq!(read(400, sts), auth_error("InvalidIdentityToken", "why"));
        let sqs = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"why"}"#;
        assert_eq!(read(400, sqs), config_error("QueueDoesNotExist", "why"));
    }

    #[test]
    fn answers_that_are_no_errors_of_aws_have_the_class_of_their_status() {
        assert!(matches!(read(403, "no"), ProviderError::Refused { class: FailureClass::Auth, .. }));
        assert!(matches!(read(429, "{"), ProviderError::Refused { class: FailureClass::Throttle, .. }));
        assert!(matches!(read(404, "<a/>"), ProviderError::Refused { class: FailureClass::Config, .. }));
    }
}
