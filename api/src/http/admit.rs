//! The checks between a request that has come in whole and its handler, in the order that clients can observe.

use std::{fmt::Write, sync::Arc};

use protocol::{error::ErrorCode, limits::MAX_LISTED, reference::Param, schema::Fault as SchemaFault};
use serde_json::Value;

use super::{
    Call, Door, Fault, Read, body,
    call::Asked,
    query::{Query, invalid},
    receive::Received,
    table::Route,
};

/// Methods whose JSON is kept as it was written, in which U+0000 is a character as any other. No text of the database
/// can hold it.
const KEPT_AS_WRITTEN: [&str; 3] = ["createTask", "insertTask", "set"];
const NO_NUL: &str = "hold no character U+0000";

pub(super) fn admit(door: &Door, route: &Route, asked: &Arc<Asked>, received: Received) -> Result<Call, Fault> {
    let value = if route.handler.read == Read::Json { body::parse(&asked.headers, &asked.raw)? } else { Value::Null };
    let checks = door.bodies.checks.clone();
    let mut call = Call::new(Arc::clone(asked), value, checks, hash_checked(route, asked, received));
    if route.scopes_first {
        call.authorize(|params| params)?;
    }
    check_params(asked)?;
    call.query = Query::parse(asked.uri.query(), &route.endpoint.query)?;
    if route.handler.read == Read::Json {
        check_body(route, asked, &mut call.body)?;
    }
    Ok(call)
}

/// A caller whose body is not the one that was signed is not believed.
fn hash_checked(route: &Route, asked: &Asked, received: Received) -> Received {
    let caller = received.caller.and_then(|caller| match route.handler.read {
        Read::Stream => Ok(caller),
        Read::Json | Read::Whole => asked.check_hash(&caller).map(|()| caller),
    });
    Received { caller, ..received }
}

fn check_params(asked: &Asked) -> Result<(), Fault> {
    if let Some((name, _)) = asked.params.iter().find(|(_, value)| value.contains('\0')) {
        return Err(invalid(&format!("{name} must {NO_NUL}")).at(format!("/params/{name}"), NO_NUL, "one"));
    }
    let mut words = String::from("Invalid URL patterns:");
    let wrong: Vec<_> =
        asked.endpoint.params().zip(&asked.params).filter_map(|(param, (_, text))| wrong(param, text)).collect();
    for (name, expected, got) in &wrong {
        let _ = write!(words, "\n  {name} must {expected}, and {got} does not");
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let faults = wrong.into_iter();
    Err(faults.fold(invalid(&words), |fault, (name, expected, got)| fault.at(format!("/params/{name}"), expected, got)))
}

/// The parameter, what it must do, and what came, if it does not.
fn wrong<'a>(param: &'a Param, text: &str) -> Option<(&'a str, String, String)> {
    if !param.pattern.matches(text) {
        return Some((&param.name, format!("match {}", param.pattern.source()), format!("`{text}`")));
    }
    let most = param.max_bytes.filter(|_| !param.has_room_for(text))?;
    Some((&param.name, format!("be at most {most} bytes long"), format!("a text of {} bytes", text.len())))
}

fn check_body(route: &Route, asked: &Asked, value: &mut Value) -> Result<(), Fault> {
    let Some(input) = route.input else { return Ok(()) };
    if !body::is_json(&asked.headers) {
        let given = body::content_type(&asked.headers);
        let words = format!("The body must be JSON, of content type application/json, not `{given}`");
        return Err(Fault::new(ErrorCode::MalformedPayload, words).at(
            "/payload",
            "be JSON, of content type application/json",
            format!("content type `{given}`"),
        ));
    }
    input.prepare(value);
    input.check(value).map_err(|mut faults| {
        if route.endpoint.private {
            faults = faults.into_iter().map(SchemaFault::masked).collect();
        }
        invalid_body(route, &faults)
    })?;
    if KEPT_AS_WRITTEN.contains(&&*route.endpoint.name) {
        return Ok(());
    }
    nul(value, "/payload").map_or(Ok(()), |pointer| {
        let words = format!("{pointer} must {NO_NUL}");
        Err(Fault::new(ErrorCode::InputValidationError, words).at(pointer, NO_NUL, "one"))
    })
}

/// Where in a body the character U+0000 stands.
pub(super) fn nul(value: &Value, pointer: &str) -> Option<String> {
    let below = |key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::String(text) => text.contains('\0').then(|| pointer.to_owned()),
        Value::Array(items) => items.iter().zip(0..).find_map(|(item, place)| nul(item, &format!("{pointer}/{place}"))),
        Value::Object(fields) => {
            fields.iter().find_map(
                |(key, value)| if key.contains('\0') { Some(pointer.to_owned()) } else { nul(value, &below(key)) },
            )
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn invalid_body(route: &Route, faults: &[SchemaFault]) -> Fault {
    let service = route.service;
    let input = route.endpoint.input.as_deref().unwrap_or_default();
    let mut message = format!(
        "\nSchema Validation Failed!\nRejecting Schema: /schemas/{}/{}/{input}.json#\nErrors:",
        service.service_name, service.api_version
    );
    for fault in faults {
        let _ = write!(message, "\n  * {fault}");
    }
    if faults.len() == MAX_LISTED {
        message.push_str("\n  * and perhaps more");
    }
    in_body(Fault::new(ErrorCode::InputValidationError, message), faults)
}

/// The faults of a body for programs too.
pub(crate) fn in_body(fault: Fault, faults: &[SchemaFault]) -> Fault {
    faults.iter().fold(fault, |fault, found| {
        fault.at(format!("/payload{}", found.pointer), found.expected.as_str(), found.came.as_str())
    })
}
