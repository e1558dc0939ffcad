//! A client of the HTTP API. It works with any Taskcluster-compatible server.

mod credentials;
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
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Response, header, redirect};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::watch;

pub use protocol::certificate::Credentials;

use crate::egress::Outbound;

pub use self::{
    credentials::certificate_text,
    download::next_piece,
    error::{ClientError, RequestName},
    queue::{Claim, Claims},
};
pub(crate) use self::{
    download::{Target, follow_url},
    object::Upload,
    queue::ObjectUpload,
    queue::Purge,
    retry::{delays, with_retries},
};

/// A claimWork request waits 20 s in the server; nothing else comes near this.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Makes Drover refuse to complete a run while an upload of it is unfinished. Other servers ignore it.
const REQUIRE_COMPLETE_UPLOADS: &str = "x-drover-require-complete-uploads";

/// Makes Drover resume an upload that was started and not finished. Other servers ignore it, and refuse the upload.
pub(crate) const RESUME_UPLOAD: &str = "x-drover-resume-upload";

/// Cheap to clone; its clones share connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    root_url: String,
    pub(crate) credentials: Option<Credentials>,
    /// Where they are renewed from time to time, the present ones.
    renewed: Option<watch::Receiver<Credentials>>,
    resumes_uploads: bool,
    /// For URLs that tasks chose; `None`: as all others.
    outbound: Option<Outbound>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Rng,
}

impl Client {
    /// Without credentials, requests are unsigned, and have the scopes of anonymous clients.
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
        Ok(Self { http, root_url, credentials, renewed: None, resumes_uploads: false, outbound: None, clock, rng })
    }

    /// The same client with other credentials.
    #[must_use]
    pub fn signing_as(&self, credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), renewed: None, ..self.clone() }
    }

    /// The same client with credentials that somebody renews.
    #[must_use]
    pub fn renewing(&self, renewed: watch::Receiver<Credentials>) -> Self {
        Self { renewed: Some(renewed), ..self.clone() }
    }

    /// The same client without credentials.
    #[must_use]
    pub(crate) fn anonymous(&self) -> Self {
        Self { credentials: None, renewed: None, ..self.clone() }
    }

    /// The same client, which resumes uploads that were started before.
    #[must_use]
    pub(crate) fn resuming_uploads(&self) -> Self {
        Self { resumes_uploads: true, ..self.clone() }
    }

    /// The same client, which fetches URLs that others chose this way.
    #[must_use]
    pub(crate) fn restricted_to(&self, outbound: Outbound) -> Self {
        Self { outbound: Some(outbound), ..self.clone() }
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

    /// One call, retried after transient errors. `path` follows `/api/`; a reply without a body reads as `null`.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, ClientError> {
        let request = RequestName::new(&method, path);
        let body = body.map_or_else(Bytes::new, |value| value.to_string().into());
        let answer = with_retries(&self.rng, || async {
            let response = self.send(&method, &format!("/api/{path}"), body.clone()).await?;
            let response = accepted(response, &request).await?;
            response.bytes().await.map_err(|source| unreachable(&request, source))
        });
        let answer = answer.await?;
        let text: &[u8] = if answer.is_empty() { b"null" } else { &answer };
        serde_json::from_slice(text).map_err(|source| ClientError::Unreadable { request, source })
    }

    /// One attempt of one signed request, whatever the response. The path is sent unchanged.
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
        let mut request =
            self.http.request(method.clone(), &url).timeout(TIMEOUT).header(REQUIRE_COMPLETE_UPLOADS, "required");
        let renewed = self.renewed.as_ref().map(|renewed| renewed.borrow().clone());
        if let Some(credentials) = renewed.as_ref().or(self.credentials.as_ref()) {
            let signature = sign::header(self, credentials, method, &url, content_type, &body)?;
            request = request.header(header::AUTHORIZATION, signature);
        }
        if !content_type.is_empty() {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if self.resumes_uploads {
            request = request.header(RESUME_UPLOAD, "yes");
        }
        let sent = request.body(body).send().await;
        sent.map_err(|source| unreachable(&RequestName::new(method, path), source))
    }

    /// The client without signing, for pre-signed URLs.
    pub(crate) fn unsigned(&self) -> &reqwest::Client {
        &self.http
    }
}

/// Returns a success or redirect; any other response is an error.
pub(crate) async fn accepted(response: Response, request: &RequestName) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() || status.is_redirection() {
        return Ok(response);
    }
    let text = response.text().await.unwrap_or_default();
    let body: ErrorBody = serde_json::from_str(&text).unwrap_or_default();
    let message = if body.message.is_empty() { text } else { body.message };
    let (request, status) = (request.clone(), status.as_u16());
    if status >= 500 {
        return Err(ClientError::Broken { request, status, message });
    }
    Err(ClientError::Refused { request, status, code: body.code, message })
}

pub(crate) fn unreachable(request: &RequestName, source: reqwest::Error) -> ClientError {
    ClientError::Unreachable { request: request.clone(), source: source.without_url() }
}

/// The part of an error body that is for people, without the trailer that repeats the request.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    code: String,
    #[serde(deserialize_with = "before_trailer")]
    message: String,
}

fn before_trailer<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let whole = String::deserialize(from)?;
    Ok(whole.split("\n---\n").next().unwrap_or_default().trim().to_owned())
}

/// As JavaScript's `encodeURIComponent`, which existing clients use.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Encodes one path segment.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_holds_no_slash() {
        assert_eq!(segment("public/a b.log"), "public%2Fa%20b.log");
    }
}
