use actors::{Unfit, queue::QueueError};
use axum::http::StatusCode;
use base::Rng;
use protocol::{
    error::ErrorCode,
    id::TaskId,
    limits::MAX_LISTED,
    time::{self, Timestamp},
};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Builder;

use super::{
    Reply,
    bounded::{ErrorReply, shortened},
    call::Asked,
};

/// Longest part of a refused value that is told to programs, in bytes.
const MAX_VALUE: usize = 256;

/// A request refused: what kind of refusal, in words for people, and in `details` for programs where that helps.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    code: ErrorCode,
    message: String,
    details: Option<Value>,
    misfits: Vec<Misfit>,
}

/// One value of a request that is not as it must be. The pointer leads into `requestInfo`: `/payload/retries`,
/// `/params/taskId`; and `/query/limit` for the query, which `requestInfo` leaves out.
#[derive(Debug, Clone, Serialize)]
struct Misfit {
    pointer: String,
    /// To follow the word "must".
    expected: String,
    got: String,
}

impl Fault {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: None, misfits: Vec::new() }
    }

    /// A check of ours that no schema can express.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InputError, message)
    }

    /// Names a value that is at fault, for programs: `details.faults` of the answer. The words are not changed.
    pub(crate) fn at(
        mut self,
        pointer: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        if self.misfits.len() < MAX_LISTED {
            let [pointer, expected, got] =
                [pointer.into(), expected.into(), got.into()].map(|text| shortened(&text, MAX_VALUE).into_owned());
            self.misfits.push(Misfit { pointer, expected, got });
        }
        self
    }

    /// The value that a part found at fault, if it was one.
    pub(crate) fn about(self, unfit: Option<&Unfit>) -> Self {
        match unfit {
            Some(Unfit { pointer, expected, got }) => self.at(pointer, expected, got),
            None => self,
        }
    }

    /// A value that is at fault, in words and for programs.
    pub(crate) fn unfit(pointer: &str, expected: &str, got: &str) -> Self {
        Self::input(format!("{pointer} must {expected}; got {got}")).at(pointer, expected, got)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ResourceNotFound, message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::RequestConflict, message)
    }

    /// A fault of ours. The client is told an id only; the cause is logged under it.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        Self::new(ErrorCode::InternalServerError, cause)
    }

    /// Says which task of several is meant.
    pub(crate) fn in_task(self, task_id: TaskId) -> Self {
        let inside = |misfit: Misfit| {
            let rest = misfit.pointer.strip_prefix("/payload").unwrap_or(&misfit.pointer);
            Misfit { pointer: format!("/payload/tasks/{task_id}{rest}"), ..misfit }
        };
        let misfits = self.misfits.into_iter().map(inside).collect();
        Self { message: format!("In task {task_id}: {}", self.message), misfits, ..self }
    }

    pub(crate) fn with_details(self, details: Value) -> Self {
        Self { details: Some(details), ..self }
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    const fn status(&self) -> StatusCode {
        match self.code {
            ErrorCode::MalformedPayload
            | ErrorCode::InvalidRequestArguments
            | ErrorCode::InputValidationError
            | ErrorCode::InputError
            | ErrorCode::NoMatchingBackend => StatusCode::BAD_REQUEST,
            ErrorCode::AuthenticationFailed => StatusCode::UNAUTHORIZED,
            ErrorCode::InsufficientScopes => StatusCode::FORBIDDEN,
            ErrorCode::ResourceNotFound => StatusCode::NOT_FOUND,
            ErrorCode::NoMatchingMethod => StatusCode::NOT_ACCEPTABLE,
            ErrorCode::RequestConflict => StatusCode::CONFLICT,
            ErrorCode::ResourceExpired => StatusCode::GONE,
            ErrorCode::InputTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::InternalServerError => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The answer on the wire.
    pub(super) fn into_reply(self, asked: &Asked, now: Timestamp, rng: &Rng) -> Reply {
        let (status, code) = (self.status(), self.code);
        let method = asked.endpoint.name.as_str();
        let words = if code == ErrorCode::InternalServerError { self.logged(method, rng) } else { self.message };
        let request = RequestInfo { method, params: asked.params_json(), payload: asked.payload_json(), now };
        let faults = Some(self.misfits).filter(|misfits| !misfits.is_empty());
        let details = self.details.or_else(|| faults.map(|misfits| json!({ "faults": misfits })));
        let body = ErrorReply { details, ..error_reply(code, status.as_u16(), words, request) };
        let reply = Reply::json_text(body.into_json()).with_status(status);
        match code {
            ErrorCode::AuthenticationFailed => reply.with_header("www-authenticate", "hawk"),
            ErrorCode::ServiceUnavailable => reply.with_header("retry-after", "1"),
            _ => reply,
        }
    }

    fn logged(&self, method: &str, rng: &Rng) -> String {
        let incident = Builder::from_random_bytes(rng.uuid_bytes()).into_uuid();
        tracing::error!(api.method = method, incident.id = %incident, cause = self.message, "a request failed");
        format!("Internal Server Error, incidentId {incident}.")
    }
}

/// What an error tells of the request that it answers.
pub(super) struct RequestInfo<'m> {
    pub method: &'m str,
    pub params: Value,
    pub payload: Value,
    pub now: Timestamp,
}

/// An error as it is told. The words end in a few lines that tell which request was refused, and when.
pub(super) fn error_reply(code: ErrorCode, status: u16, words: String, request: RequestInfo<'_>) -> ErrorReply {
    let RequestInfo { method, params, payload, now } = request;
    let at = time::format(now);
    let trailer =
        format!("\n\n---\n\n* method:     {method}\n* errorCode:  {code}\n* statusCode: {status}\n* time:       {at}");
    let request_info = json!({ "method": method, "params": params, "payload": payload, "time": at });
    ErrorReply { code: code.as_str(), message: words, trailer, request_info, details: None }
}

impl From<QueueError> for Fault {
    fn from(error: QueueError) -> Self {
        let fault = Self::new(error.code(), error.to_string());
        match error {
            QueueError::Field { field, expected, got } => fault.at(format!("/payload/{field}"), expected, got),
            _ => fault,
        }
    }
}
