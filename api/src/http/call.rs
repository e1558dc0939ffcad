use std::{
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::Body,
    http::{Extensions, HeaderMap, Method, Uri, request::Parts},
};
use bytes::Bytes;
use protocol::{
    error::ErrorCode,
    id::RunId,
    reference::{Endpoint, ScopeParams},
    scope::ScopeExpression,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    Checks, Fault, Permit, Sender, body,
    bounded::{OMITTED, shortened},
    query::Query,
    receive::Received,
};
use crate::auth::{AuthFault, Caller, insufficient};

/// What was asked: everything about a request that an error repeats.
#[derive(Debug)]
pub(crate) struct Asked {
    pub endpoint: &'static Endpoint,
    pub method: Method,
    pub headers: HeaderMap,
    /// Decoded.
    pub params: Vec<(&'static str, String)>,
    pub uri: Uri,
    pub extensions: Extensions,
    pub raw: Bytes,
}

/// One request, given to the function that answers it.
#[derive(Debug)]
pub(crate) struct Call {
    asked: Arc<Asked>,
    caller: Result<Caller, AuthFault>,
    pub(super) query: Query,
    pub(super) body: Value,
    /// Behind a lock only so that a call can be looked at from several threads; it is never waited for.
    stream: Mutex<Body>,
    sender: Sender,
    checks: Checks,
    /// Held for a large body.
    _memory: Option<Permit>,
}

/// The parameter of a path that is a permission for whoever knows it.
const PERMIT: &str = "token";

/// Bigger bodies are not repeated in errors.
const MAX_REPEATED_BODY: usize = 4 * 1024;

/// Nor is more than this of a parameter.
const MAX_REPEATED_PARAM: usize = 1024;

/// More scopes are never asked for at once: each is looked up, and told of in a refusal.
const MAX_SCOPES: usize = 50_000;

fn too_many_scopes(name: &str, length: usize) -> Fault {
    let expected = format!("name at most {MAX_SCOPES} things that need a scope; ask for them in several requests");
    Fault::unfit(&format!("/payload/{name}"), &expected, &length.to_string())
}

impl Asked {
    pub(super) fn new(endpoint: &'static Endpoint, head: Parts) -> Self {
        let Parts { method, headers, uri, extensions, .. } = head;
        Self { endpoint, method, headers, params: Vec::new(), uri, extensions, raw: Bytes::new() }
    }

    /// As an error repeats them.
    pub(super) fn params_json(&self) -> Value {
        let told = |(name, value): &(&str, String)| {
            let value = if *name == PERMIT { OMITTED.into() } else { shortened(value, MAX_REPEATED_PARAM) };
            ((*name).to_owned(), Value::from(value))
        };
        Value::Object(self.params.iter().map(told).collect())
    }

    pub(super) fn payload_json(&self) -> Value {
        if self.raw.len() > MAX_REPEATED_BODY {
            return OMITTED.into();
        }
        let payload = body::parse(&self.headers, &self.raw).unwrap_or_else(|_| Value::Object(Map::new()));
        match payload {
            Value::Object(fields) if self.endpoint.private => {
                Value::Object(fields.into_iter().map(|(name, _)| (name, OMITTED.into())).collect())
            }
            _ if self.endpoint.private => OMITTED.into(),
            payload => payload,
        }
    }

    /// The values for scopes that the path tells.
    pub(super) fn scope_params(&self) -> ScopeParams {
        self.params.iter().fold(ScopeParams::new(), |params, (name, value)| params.text(name, value))
    }
}

impl Call {
    pub(super) fn new(asked: Arc<Asked>, body: Value, checks: Checks, received: Received) -> Self {
        let Received { caller, sender, stream, memory } = received;
        let stream = Mutex::new(stream);
        Self { asked, caller, query: Query::default(), body, stream, sender, checks, _memory: memory }
    }

    /// For limits of the handler's own.
    pub(crate) fn sender(&self) -> &Sender {
        &self.sender
    }

    /// For work of the handler that keeps a processor busy.
    pub(crate) fn checks(&self) -> &Checks {
        &self.checks
    }

    pub(crate) fn asked(&self) -> &Asked {
        &self.asked
    }

    /// A parameter of the path, decoded.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.asked.params.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// A parameter of the path as an id or a number.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<T, Fault> {
        let value = self.param(name);
        value.parse().map_err(|_| {
            let words = format!("`{value}` is not a valid value of {name}");
            let fault = Fault::new(ErrorCode::InvalidRequestArguments, words);
            fault.at(format!("/params/{name}"), format!("be a {name}"), format!("`{value}`"))
        })
    }

    /// The run of the path. A number too big for any run stands for one that does not exist.
    pub(crate) fn run_id(&self) -> RunId {
        self.param("runId").parse().unwrap_or(RunId::MAX)
    }

    /// A key of the query, if it was given.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name)
    }

    /// A header of the request, if it was sent and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.asked.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body, checked and with defaults filled in. It can be taken once.
    pub(crate) fn body<T: DeserializeOwned>(&mut self) -> Result<T, Fault> {
        serde_json::from_value(self.body.take()).map_err(|fault| {
            let words = format!("The body cannot be used: {fault}");
            Fault::new(ErrorCode::InputValidationError, words).at("/payload", "be of use", fault.to_string())
        })
    }

    /// The bytes of the body, for endpoints that read it as a stream. It can be taken once.
    pub(crate) fn stream(&mut self) -> Body {
        std::mem::take(self.stream.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who is calling; 401 if the signature is not good.
    pub(crate) fn caller(&self) -> Result<&Caller, Fault> {
        self.caller.as_ref().map_err(|fault| Fault::new(ErrorCode::AuthenticationFailed, fault.to_string()))
    }

    /// Checks the declared scopes. `fill` adds what the path does not tell to the parameters that it does:
    /// values of the body, or of what is stored.
    pub(crate) fn authorize(&self, fill: impl FnOnce(ScopeParams) -> ScopeParams) -> Result<(), Fault> {
        let caller = self.caller()?;
        match &self.asked.endpoint.scopes {
            None => Ok(()),
            Some(_) if caller.scopes.holds_everything() => Ok(()),
            Some(template) => {
                let params = fill(self.asked.scope_params());
                if let Some((name, length)) = params.list_longer_than(MAX_SCOPES) {
                    return Err(too_many_scopes(name, length));
                }
                let required = template.render(&params);
                self.require(required.map_err(|fault| Fault::internal(fault.to_string()))?)
            }
        }
    }

    /// Whether there is nothing this caller may not do. Somebody who is not believed may do nothing.
    pub(crate) fn holds_everything(&self) -> bool {
        self.caller.as_ref().is_ok_and(|caller| caller.scopes.holds_everything())
    }

    /// Checks scopes that no declaration tells.
    pub(crate) fn require(&self, required: Option<ScopeExpression>) -> Result<(), Fault> {
        let caller = self.caller()?;
        match required {
            Some(required) if !required.is_satisfied_by(&caller.scopes) => Err(insufficient(caller, &required)),
            _ => Ok(()),
        }
    }
}
