//! The checks between a received request and its handler, in the order that clients can observe.

use std::{fmt::Write, sync::Arc};

use protocol::{
    error::{ErrorCode, FieldError},
    limits::MAX_LISTED,
    reference::Param,
};
use serde_json::Value;

use super::{
    ApiError, BodyMode, Call, HttpContext, payload,
    query::{Query, invalid},
    received::Received,
    request_context::RequestContext,
    route_table::Route,
};

/// Methods whose JSON is stored as it was written, escaped, so that it may contain U+0000. A text column cannot.
const STORED_AS_WRITTEN: [&str; 3] = ["createTask", "insertTask", "set"];
const NO_NUL: &str = "hold no character U+0000";

pub(super) fn admit(
    http: &HttpContext,
    route: &Route,
    context: &Arc<RequestContext>,
    received: Received,
) -> Result<Call, ApiError> {
    let value = if route.handler.body_mode == BodyMode::Json {
        payload::parse(&context.headers, context.raw())?
    } else {
        Value::Null
    };
    let cpu_pool = http.bodies.cpu_pool.clone();
    let mut call = Call::new(Arc::clone(context), value, cpu_pool, hash_checked(route, context, received));
    if route.scopes_first {
        call.authorize(|params| params)?;
    }
    check_params(context)?;
    if !route.endpoint.any_query {
        call.query = Query::parse(context.uri.query(), &route.endpoint.query)?;
    }
    if route.handler.body_mode == BodyMode::Json {
        check_body(route, context, &mut call.body)?;
    }
    Ok(call)
}

/// A body that is not the one that was signed makes the caller unauthenticated.
fn hash_checked(route: &Route, context: &RequestContext, received: Received) -> Received {
    let caller = received.caller.and_then(|caller| match route.handler.body_mode {
        BodyMode::Stream | BodyMode::Delivery => Ok(caller),
        BodyMode::Json | BodyMode::Buffered => context.check_hash(&caller).map(|()| caller),
    });
    Received { caller, ..received }
}

fn check_params(context: &RequestContext) -> Result<(), ApiError> {
    if let Some((name, _)) = context.params.iter().find(|(_, value)| value.contains('\0')) {
        return Err(invalid(&format!("{name} must {NO_NUL}")).at(format!("/params/{name}"), NO_NUL, "one"));
    }
    let mut message = String::from("Invalid URL patterns:");
    let invalid_params: Vec<_> = context
        .endpoint
        .params()
        .zip(&context.params)
        .filter_map(|(param, (_, text))| check_param(param, text))
        .collect();
    for (name, expected, got) in &invalid_params {
        let _ = write!(message, "\n  {name} must {expected}, and {got} does not");
    }
    if invalid_params.is_empty() {
        return Ok(());
    }
    Err(invalid_params
        .into_iter()
        .fold(invalid(&message), |error, (name, expected, got)| error.at(format!("/params/{name}"), expected, got)))
}

/// Name, expectation and value of a parameter that is not valid.
fn check_param<'a>(param: &'a Param, text: &str) -> Option<(&'a str, String, String)> {
    if !param.pattern.matches(text) {
        return Some((&param.name, format!("match {}", param.pattern.source()), format!("`{text}`")));
    }
    let max = param.max_bytes.filter(|_| !param.has_room_for(text))?;
    Some((&param.name, format!("be at most {max} bytes long"), format!("a text of {} bytes", text.len())))
}

fn check_body(route: &Route, context: &RequestContext, value: &mut Value) -> Result<(), ApiError> {
    let Some(input) = route.input else { return Ok(()) };
    if !payload::is_json(&context.headers) {
        let given = payload::content_type(&context.headers);
        let message = format!("The body must be JSON, of content type application/json, not `{given}`");
        return Err(ApiError::new(ErrorCode::MalformedPayload, message).at(
            "/payload",
            "be JSON, of content type application/json",
            format!("content type `{given}`"),
        ));
    }
    input.prepare(value);
    input.check(value).map_err(|mut errors| {
        if route.endpoint.private {
            errors = errors.into_iter().map(FieldError::masked).collect();
        }
        invalid_body(route, &errors)
    })?;
    if STORED_AS_WRITTEN.contains(&&*route.endpoint.name) {
        return Ok(());
    }
    nul(value, "/payload").map_or(Ok(()), |pointer| {
        let message = format!("{pointer} must {NO_NUL}");
        Err(ApiError::new(ErrorCode::InputValidationError, message).at(pointer, NO_NUL, "one"))
    })
}

/// The pointer to the first text with a U+0000.
pub(super) fn nul(value: &Value, pointer: &str) -> Option<String> {
    let below = |key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::String(text) => text.contains('\0').then(|| pointer.to_owned()),
        Value::Array(items) => items.iter().zip(0..).find_map(|(item, index)| nul(item, &format!("{pointer}/{index}"))),
        Value::Object(fields) => {
            fields.iter().find_map(
                |(key, value)| if key.contains('\0') { Some(pointer.to_owned()) } else { nul(value, &below(key)) },
            )
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn invalid_body(route: &Route, errors: &[FieldError]) -> ApiError {
    let service = route.service;
    let input = route.endpoint.input.as_deref().unwrap_or_default();
    let mut message = format!(
        "\nSchema Validation Failed!\nRejecting Schema: /schemas/{}/{}/{input}.json#\nErrors:",
        service.service_name, service.api_version
    );
    for error in errors {
        let _ = write!(message, "\n  * data{error}");
    }
    if errors.len() == MAX_LISTED {
        message.push_str("\n  * and perhaps more");
    }
    ApiError::new(ErrorCode::InputValidationError, message).with_payload_errors(errors)
}
