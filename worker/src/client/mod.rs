//! A small client of the HTTP API. It works against any server that speaks it.

mod download;
mod error;
mod object;
mod queue;
mod retry;
mod send_file;
mod sign;

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng};
use bytes::Bytes;
use reqwest::{Method, Response, header, redirect};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

pub use protocol::certificate::Credentials;

pub(crate) use self::{
    download::follow_url,
    object::Upload,
    queue::ObjectUpload,
    queue::Purge,
    retry::{patiently, wait_after},
};
pub use self::{
    download::next_piece,
    error::{ClientError, RequestName},
    queue::{Claim, Claims},
};

/// A claimWork request waits 20 s in the server; nothing else comes near this.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Asks Drover not to let a run be completed while an upload of it is unfinished. Other servers pass over it.
const WHOLE_UPLOADS: &str = "x-drover-whole-uploads";

/// Asks Drover to let an upload go on that was begun and not finished. Other servers pass over it, and refuse.
pub(crate) const GO_ON: &str = "x-drover-go-on";

/// Cheap to clone; its clones share connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    root_url: String,
    pub(crate) credentials: Option<Credentials>,
    goes_on: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Rng,
}

impl Client {
    /// Without credentials, requests go out unsigned: the server then grants what anybody may do.
    pub fn new(
        root_url: &str,
        credentials: Option<Credentials>,
        clock: Arc<dyn Clock>,
        rng: Rng,
    ) -> Result<Self, ClientError> {
        let builder = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy();
        let http = builder.connect_timeout(TIMEOUT).build().map_err(ClientError::Setup)?;
        let root_url = root_url.trim_end_matches('/').to_owned();
        if reqwest::Url::parse(&root_url).is_err() {
            return Err(ClientError::BadUrl(root_url));
        }
        Ok(Self { http, root_url, credentials, goes_on: false, clock, rng })
    }

    /// The same client with other credentials.
    #[must_use]
    pub fn signing_as(&self, credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), ..self.clone() }
    }

    /// The same client without credentials.
    #[must_use]
    pub(crate) fn anonymous(&self) -> Self {
        Self { credentials: None, ..self.clone() }
    }

    /// The same client, which goes on with uploads that were begun.
    #[must_use]
    pub(crate) fn going_on(&self) -> Self {
        Self { goes_on: true, ..self.clone() }
    }

    pub fn root_url(&self) -> &str {
        &self.root_url
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.call(Method::GET, path, None).await
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, ClientError> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// One call, tried again on passing trouble. `path` follows `/api/`; a reply without a body reads as `null`.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, ClientError> {
        let request = RequestName::new(&method, path);
        let body = body.map_or_else(Bytes::new, |value| value.to_string().into());
        let answer = patiently(&self.rng, || async {
            let response = self.send(&method, &format!("/api/{path}"), body.clone()).await?;
            let response = accepted(response, &request).await?;
            response.bytes().await.map_err(|source| unreachable(&request, source))
        });
        let answer = answer.await?;
        let text: &[u8] = if answer.is_empty() { b"null" } else { &answer };
        serde_json::from_slice(text).map_err(|source| ClientError::Unreadable { request, source })
    }

    /// One try of one signed request, whatever the answer is. The path is sent as it stands.
    pub(crate) async fn send(&self, method: &Method, path: &str, body: Bytes) -> Result<Response, ClientError> {
        let content_type = if body.is_empty() { "" } else { "application/json" };
        self.send_as(method, path, content_type, body).await
    }

    /// As `send`, for a body of another type.
    pub(crate) async fn send_as(
        &self,
        method: &Method,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<Response, ClientError> {
        let url = format!("{}{path}", self.root_url);
        let mut request = self.http.request(method.clone(), &url).timeout(TIMEOUT).header(WHOLE_UPLOADS, "required");
        if let Some(credentials) = &self.credentials {
            let signature = sign::header(self, credentials, method, &url, content_type, &body)?;
            request = request.header(header::AUTHORIZATION, signature);
        }
        if !content_type.is_empty() {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if self.goes_on {
            request = request.header(GO_ON, "yes");
        }
        let sent = request.body(body).send().await;
        sent.map_err(|source| unreachable(&RequestName::new(method, path), source))
    }

    /// The bare client, for URLs that carry their own permission.
    pub(crate) fn unsigned(&self) -> &reqwest::Client {
        &self.http
    }
}

/// Passes on an answer that is a success or a redirect; makes an error of any other.
pub(crate) async fn accepted(response: Response, request: &RequestName) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() || status.is_redirection() {
        return Ok(response);
    }
    let text = response.text().await.unwrap_or_default();
    let refusal: Refusal = serde_json::from_str(&text).unwrap_or_default();
    let message = if refusal.message.is_empty() { text } else { refusal.message };
    let (request, status) = (request.clone(), status.as_u16());
    if status >= 500 {
        return Err(ClientError::Broken { request, status, message });
    }
    Err(ClientError::Refused { request, status, code: refusal.code, message })
}

pub(crate) fn unreachable(request: &RequestName, source: reqwest::Error) -> ClientError {
    ClientError::Unreachable { request: request.clone(), source: source.without_url() }
}

/// The part of an error body that is for people, without the trailer that repeats the request.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    code: String,
    #[serde(deserialize_with = "before_trailer")]
    message: String,
}

fn before_trailer<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let whole = String::deserialize(from)?;
    Ok(whole.split("\n---\n").next().unwrap_or_default().trim().to_owned())
}

/// One path segment, encoded as existing clients do it: everything but letters, digits and `-_.!~*'()`.
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
    }
    encoded
}

fn hex_digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap_or('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_holds_no_slash() {
        assert_eq!(segment("public/a b.log"), "public%2Fa%20b.log");
    }
}
