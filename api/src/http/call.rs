use std::{
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use protocol::{error::ErrorCode, id::RunId, reference::ScopeParams, scope::ScopeExpression};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    ApiError, Body, CpuPool, Permit, Requester, query::Query, received::Received, request_context::RequestContext,
};
use crate::auth::{AuthenticationError, Caller, insufficient};

/// A call of an endpoint, as its handler gets it.
#[derive(Debug)]
pub struct Call {
    context: Arc<RequestContext>,
    caller: Result<Caller, AuthenticationError>,
    pub(super) query: Query,
    pub(super) body: Value,
    /// In a mutex only to make `Call` `Sync`; there is no contention.
    stream: Mutex<Body>,
    requester: Requester,
    cpu_pool: CpuPool,
    /// Held for a large body.
    _memory: Option<Permit>,
}

/// One request may require no more scopes: each is checked, and listed in an error.
const MAX_SCOPES: usize = 50_000;

fn too_many_scopes(name: &str, length: usize) -> ApiError {
    let expected = format!("name at most {MAX_SCOPES} things that need a scope; ask for them in several requests");
    ApiError::invalid_field(&format!("/payload/{name}"), &expected, &length.to_string())
}

impl Call {
    pub(super) fn new(context: Arc<RequestContext>, body: Value, cpu_pool: CpuPool, received: Received) -> Self {
        let Received { caller, requester, stream, memory } = received;
        let stream = Mutex::new(stream);
        Self { context, caller, query: Query::default(), body, stream, requester, cpu_pool, _memory: memory }
    }

    /// For limits of the handler's own.
    pub(crate) fn requester(&self) -> &Requester {
        &self.requester
    }

    /// For work of the handler that keeps a processor busy.
    pub(crate) fn cpu_pool(&self) -> &CpuPool {
        &self.cpu_pool
    }

    pub(crate) fn context(&self) -> &RequestContext {
        &self.context
    }

    /// A parameter of the path, decoded.
    pub fn param(&self, name: &str) -> &str {
        self.context.params.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// A parameter of the path as an id or a number.
    pub fn parsed<T: FromStr>(&self, name: &str) -> Result<T, ApiError> {
        let value = self.param(name);
        value.parse().map_err(|_| {
            let message = format!("`{value}` is not a valid value of {name}");
            let error = ApiError::new(ErrorCode::InvalidRequestArguments, message);
            error.at(format!("/params/{name}"), format!("be a {name}"), format!("`{value}`"))
        })
    }

    /// The run of the path. A number too large for any run is one that does not exist.
    pub(crate) fn run_id(&self) -> RunId {
        self.param("runId").parse().unwrap_or(RunId::MAX)
    }

    /// A key of the query, if it is given.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name)
    }

    /// A header of the request, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.context.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body, checked and with defaults filled in. It can be taken once.
    pub fn body<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        serde_json::from_value(self.body.take()).map_err(|error| {
            let message = format!("The body cannot be used: {error}");
            ApiError::new(ErrorCode::InputValidationError, message).at("/payload", "be of use", error.to_string())
        })
    }

    /// The bytes of the body, for endpoints that read it as a stream. It can be taken once.
    pub(crate) fn stream(&mut self) -> Body {
        std::mem::take(self.stream.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    /// The caller; 401 if the signature is not valid.
    pub(crate) fn caller(&self) -> Result<&Caller, ApiError> {
        self.caller.as_ref().map_err(|error| ApiError::new(ErrorCode::AuthenticationFailed, error.to_string()))
    }

    /// Checks the declared scopes. `fill` adds the parameters that are not in the path: values of the body, or stored
    /// ones.
    pub fn authorize(&self, fill: impl FnOnce(ScopeParams) -> ScopeParams) -> Result<(), ApiError> {
        let caller = self.caller()?;
        match &self.context.endpoint.scopes {
            None => Ok(()),
            Some(_) if caller.scopes.holds_everything() => Ok(()),
            Some(template) => {
                let params = fill(self.context.scope_params());
                if let Some((name, length)) = params.list_longer_than(MAX_SCOPES) {
                    return Err(too_many_scopes(name, length));
                }
                let required = template.render(&params);
                self.require(required.map_err(|error| ApiError::internal(error.to_string()))?)
            }
        }
    }

    /// Whether the caller holds the scope `*`. Without a valid signature nobody does.
    pub(crate) fn holds_everything(&self) -> bool {
        self.caller.as_ref().is_ok_and(|caller| caller.scopes.holds_everything())
    }

    /// Checks scopes that are not declared.
    pub(crate) fn require(&self, required: Option<ScopeExpression>) -> Result<(), ApiError> {
        let caller = self.caller()?;
        match required {
            Some(required) if !required.is_satisfied_by(&caller.scopes) => Err(insufficient(caller, &required)),
            _ => Ok(()),
        }
    }
}
