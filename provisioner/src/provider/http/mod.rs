//! What drivers share: an HTTP client whose calls have a deadline and whose answers have a bound.

mod bearer;
mod retry;

use std::{error::Error, time::Duration};

use reqwest::{Certificate, Request, Response, StatusCode, redirect};

use super::{ProviderError, ProviderResult};

pub(super) use bearer::{BearerClient, Token, TokenSource, read_token};
pub(super) use retry::with_retries;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Load balancers of clouds close idle connections, some without notice.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Of an answer. A thousand EC2 instances are about 6 MiB of XML.
const MAX_BYTES: usize = 32 << 20;

#[derive(Debug, Clone)]
pub(super) struct HttpClient(reqwest::Client);

#[derive(Debug)]
pub(super) struct HttpAnswer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

impl HttpClient {
    /// Follows no redirects: a signed request is for one address only.
    pub(super) fn new() -> Result<Self, String> {
        let builder = reqwest::Client::builder().redirect(redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT);
        builder.pool_idle_timeout(IDLE_TIMEOUT).build().map(Self).map_err(|error| error_chain(&error))
    }

    /// The same, without a proxy and with these authorities instead of the system's, if there are any.
    pub(super) fn trusting(authorities: Vec<Certificate>) -> Result<Self, String> {
        let builder = reqwest::Client::builder().redirect(redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT);
        let builder = builder.pool_idle_timeout(IDLE_TIMEOUT).no_proxy();
        let builder = if authorities.is_empty() { builder } else { builder.tls_certs_only(authorities) };
        builder.build().map(Self).map_err(|error| error_chain(&error))
    }

    /// For addresses of this machine's own network, such as metadata servers: never through a proxy.
    pub(super) fn direct() -> Result<Self, String> {
        let builder = reqwest::Client::builder().redirect(redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT);
        builder.no_proxy().build().map(Self).map_err(|error| error_chain(&error))
    }

    /// Any status is an answer; none within the timeout is an error.
    pub(super) async fn send(&self, mut request: Request, timeout: Duration) -> ProviderResult<HttpAnswer> {
        *request.timeout_mut() = Some(timeout);
        let unanswered = |error: reqwest::Error| ProviderError::unanswered(error_chain(&error.without_url()));
        let response = self.0.execute(request).await.map_err(unanswered)?;
        let status = response.status();
        let body = read_body(response).await?;
        Ok(HttpAnswer { status, body })
    }
}

impl HttpAnswer {
    /// The body as text, for messages: bounded, and what is not UTF-8 replaced.
    pub(super) fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(300).collect()
    }
}

async fn read_body(mut response: Response) -> ProviderResult<Vec<u8>> {
    let mut body = Vec::new();
    let unanswered = |error: reqwest::Error| ProviderError::unanswered(error_chain(&error.without_url()));
    while let Some(piece) = response.chunk().await.map_err(unanswered)? {
        if body.len() + piece.len() > MAX_BYTES {
            return Err(ProviderError::unanswered(format!("the answer is longer than {} MiB", MAX_BYTES >> 20)));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// With all causes: `error sending request` alone does not say `connection refused`.
fn error_chain(error: &dyn Error) -> String {
    let mut texts = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts.dedup();
    texts.join(": ")
}
