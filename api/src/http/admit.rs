//! The checks between a request that has come in whole and its handler, in the order that clients can observe.

use std::{fmt::Write, sync::Arc};

use axum::{body::Body, http::HeaderMap};
use protocol::{
    error::ErrorCode,
    hawk,
    reference::Output,
    schema::{self, Fault as SchemaFault},
    scope::ScopeSet,
};
use serde_json::Value;

use super::{
    Answer, Call, Door, Fault, Read, Reply, body,
    call::Asked,
    query::{Query, invalid},
    table::Route,
};
use crate::auth::{AuthFault, Caller, Signature, Signed, authenticate};

pub(super) fn admit(door: &Door, route: &Route, asked: &Arc<Asked>, stream: Body) -> Result<Call, Fault> {
    let value = if route.handler.read == Read::Json { body::parse(&asked.headers, &asked.raw)? } else { Value::Null };
    let mut call = Call::new(Arc::clone(asked), identify(door, route, asked), value, stream);
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

/// Who is calling. Endpoints without scopes do not look at signatures.
fn identify(door: &Door, route: &Route, asked: &Asked) -> Result<Caller, AuthFault> {
    if route.endpoint.scopes.is_none() {
        return Ok(Caller::anonymous(ScopeSet::default()));
    }
    let whole = asked.uri.path_and_query().map_or("", |resource| resource.as_str());
    let unsigned = hawk::take_bewit(whole);
    let (resource, bewit) = unsigned.as_ref().map_or((whole, None), |(rest, bewit)| (rest.as_str(), Some(*bewit)));
    let header = asked.headers.get("authorization").map(|value| value.to_str().unwrap_or_default());
    let (host, port) = host_and_port(&asked.headers);
    let signed = Signed { method: asked.method.as_str(), resource, host: &host, port };
    let caller = authenticate(&door.clients, &Signature::find(header, bewit)?, signed, door.clock.now())?;
    match &caller.hash {
        Some(hash) if route.handler.read != Read::Stream && *hash != payload_hash(asked) => Err(AuthFault::PayloadHash),
        _ => Ok(caller),
    }
}

fn payload_hash(asked: &Asked) -> String {
    hawk::payload_hash(body::content_type(&asked.headers), &asked.raw)
}

/// Where the client thinks it is. A proxy that ends TLS says so in headers.
fn host_and_port(headers: &HeaderMap) -> (String, u16) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text("host").unwrap_or_default();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
        _ => (host, None),
    };
    let forwarded = text("x-forwarded-port").and_then(|port| port.parse().ok());
    let https = text("x-forwarded-proto").filter(|proto| *proto == "https").map(|_| 443);
    (name.to_ascii_lowercase(), forwarded.or(https).or(port).unwrap_or(80))
}

fn check_params(asked: &Asked) -> Result<(), Fault> {
    let mut faults = String::new();
    for (param, (name, value)) in asked.endpoint.params().zip(&asked.params) {
        if !param.pattern.matches(value) {
            let _ = write!(faults, "\n  {name} must match {}, and `{value}` does not", param.pattern.source());
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(invalid(&format!("Invalid URL patterns:{faults}"))) }
}

fn check_body(route: &Route, asked: &Asked, value: &mut Value) -> Result<(), Fault> {
    let Some(input) = route.input else { return Ok(()) };
    if !body::is_json(&asked.headers) {
        let given = body::content_type(&asked.headers);
        return Err(body::malformed(format!("The body must be JSON, of content type application/json, not `{given}`")));
    }
    input.fill_defaults(value);
    input.check(value).map_err(|faults| invalid_body(route, &faults))
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
    Fault::new(ErrorCode::InputValidationError, message)
}

/// In debug builds, a reply that breaks its schema is a fault of ours and never reaches a client.
pub(super) async fn checked(route: &Route, reply: Reply) -> Answer {
    if !cfg!(debug_assertions) {
        return Ok(reply);
    }
    let Output::Schema(output) = &route.endpoint.output else { return Ok(reply) };
    let (reply, text) = reply.read().await?;
    let Ok(value) = serde_json::from_slice(&text) else { return Ok(reply) };
    match schema::check(&route.service.service_name, output, &value) {
        Err(faults) if reply.is_ok() => {
            let told = faults.iter().map(SchemaFault::to_string).collect::<Vec<_>>().join("; ");
            Err(Fault::internal(format!("the reply breaks its schema: {told}")))
        }
        _ => Ok(reply),
    }
}
