//! The response of a request that failed.

use base::Rng;
use protocol::{
    error::ErrorCode,
    time::{self, Timestamp},
};
use serde_json::{Value, json};
use uuid::Builder;

use super::{ApiError, ApiResponse, error_body::ErrorBody, request_context::RequestContext};

impl ApiError {
    /// The response in Taskcluster's form of an error, which repeats the request.
    pub(super) fn into_response(self, context: &RequestContext, now: Timestamp, rng: &Rng) -> ApiResponse {
        let (status, code) = (self.status(), self.code);
        let method = context.endpoint.name.as_str();
        let message = if code == ErrorCode::InternalServerError { self.logged(method, rng) } else { self.message };
        let request = RequestInfo { method, params: context.params_json(), payload: context.payload_json(), now };
        let field_errors = Some(self.field_errors).filter(|errors| !errors.is_empty());
        let details = self.details.or_else(|| field_errors.map(|errors| json!({ "faults": errors })));
        let body = ErrorBody { details, ..error_body(code, status.as_u16(), message, request) };
        let response = ApiResponse::json_text(body.into_json()).with_status(status);
        match code {
            ErrorCode::AuthenticationFailed => response.with_header("www-authenticate", "hawk"),
            ErrorCode::ServiceUnavailable => response.with_header("retry-after", "1"),
            _ => response,
        }
    }

    fn logged(&self, method: &str, rng: &Rng) -> String {
        let incident = Builder::from_random_bytes(rng.uuid_bytes()).into_uuid();
        tracing::error!(api.method = method, incident.id = %incident, error = self.message, "request failed");
        format!("Internal Server Error, incidentId {incident}.")
    }
}

/// The part of an error body that repeats the request.
pub(super) struct RequestInfo<'m> {
    pub method: &'m str,
    pub params: Value,
    pub payload: Value,
    pub now: Timestamp,
}

/// The message ends in a few lines with method, code, status and time, as in Taskcluster.
pub(super) fn error_body(code: ErrorCode, status: u16, message: String, request: RequestInfo<'_>) -> ErrorBody {
    let RequestInfo { method, params, payload, now } = request;
    let at = time::format(now);
    let trailer =
        format!("\n\n---\n\n* method:     {method}\n* errorCode:  {code}\n* statusCode: {status}\n* time:       {at}");
    let request_info = json!({ "method": method, "params": params, "payload": payload, "time": at });
    ErrorBody { code: code.as_str(), message, trailer, request_info, details: None }
}
