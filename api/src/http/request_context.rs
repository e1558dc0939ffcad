//! A request as it came.

use std::sync::OnceLock;

use bytes::Bytes;
use hyper::{
    HeaderMap, Method, Uri,
    http::{Extensions, request::Parts},
};
use protocol::reference::{Endpoint, ScopeParams};
use serde_json::{Map, Value};

use super::{
    ApiError,
    error_body::{OMITTED, truncated},
    payload, percent,
    query::invalid,
};

/// Names and values of parameters, still encoded.
pub(super) type RawParams<'a> = Vec<(&'static str, &'a str)>;

/// A request as it came: what handlers read of it besides the payload, and what an error repeats.
#[derive(Debug)]
pub(crate) struct RequestContext {
    pub endpoint: &'static Endpoint,
    pub method: Method,
    pub headers: HeaderMap,
    /// Of the path, decoded.
    pub params: Vec<(&'static str, String)>,
    pub uri: Uri,
    pub extensions: Extensions,
    /// Set once the body is read.
    raw: OnceLock<Bytes>,
}

/// The parameter of a path that is a credential.
const TOKEN_PARAM: &str = "token";

/// Longer bodies are not repeated in errors.
const MAX_REPEATED_BODY: usize = 4 * 1024;

/// Of a longer parameter only the beginning is.
const MAX_REPEATED_PARAM: usize = 1024;

impl RequestContext {
    /// With the parameters up to one that is not percent-encoded UTF-8, which is an error of the client.
    pub(super) fn new(endpoint: &'static Endpoint, head: Parts, raw: &RawParams<'_>) -> (Self, Result<(), ApiError>) {
        let Parts { method, headers, uri, extensions, .. } = head;
        let mut params = Vec::with_capacity(raw.len());
        let decoded = raw.iter().try_for_each(|(name, raw)| {
            let value = percent::decode_path(raw);
            let value = value.ok_or_else(|| invalid(&format!("`{raw}` for {name} is not percent-encoded UTF-8")))?;
            params.push((*name, value.into_owned()));
            Ok(())
        });
        (Self { endpoint, method, headers, params, uri, extensions, raw: OnceLock::new() }, decoded)
    }

    pub(super) fn set_raw(&self, raw: Bytes) {
        self.raw.get_or_init(|| raw);
    }

    /// The body as it came; empty before it is read, and where the handler streams it.
    pub(crate) fn raw(&self) -> &Bytes {
        static EMPTY: Bytes = Bytes::new();
        self.raw.get().unwrap_or(&EMPTY)
    }

    /// The parameters as an error repeats them.
    pub(super) fn params_json(&self) -> Value {
        let shown = |(name, value): &(&str, String)| {
            let value = if *name == TOKEN_PARAM { OMITTED.into() } else { truncated(value, MAX_REPEATED_PARAM) };
            ((*name).to_owned(), Value::from(value))
        };
        Value::Object(self.params.iter().map(shown).collect())
    }

    pub(super) fn payload_json(&self) -> Value {
        if self.raw().len() > MAX_REPEATED_BODY {
            return OMITTED.into();
        }
        let payload = payload::parse(&self.headers, self.raw()).unwrap_or_else(|_| Value::Object(Map::new()));
        match payload {
            Value::Object(fields) if self.endpoint.private => {
                Value::Object(fields.into_iter().map(|(name, _)| (name, OMITTED.into())).collect())
            }
            _ if self.endpoint.private => OMITTED.into(),
            payload => payload,
        }
    }

    /// The values of the path that scopes refer to.
    pub(super) fn scope_params(&self) -> ScopeParams {
        self.params.iter().fold(ScopeParams::new(), |params, (name, value)| params.text(name, value))
    }
}
