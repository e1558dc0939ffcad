//! HTTP calls to Matrix, Slack and GitHub.

use std::{error::Error, time::Duration};

use reqwest::{Client, RequestBuilder, Response, header::RETRY_AFTER, redirect};
use serde_json::Value;

use crate::channel::Delivery;

const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);
/// Longest answer that is read.
const MAX_ANSWER: usize = 256 * 1024;
/// Longest wait that a server can ask for.
const MAX_WAIT: Duration = Duration::from_hours(1);

/// An answer: status, how long it asks to wait, and its JSON, or null.
pub(crate) struct Answer {
    pub status: u16,
    pub retry_after: Duration,
    pub body: Value,
}

pub(crate) fn client() -> Result<Client, String> {
    // Needed before the first TLS connection of the process; installing it twice is harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().redirect(redirect::Policy::none()).timeout(TIMEOUT).connect_timeout(CONNECT);
    client.build().map_err(|error| chain(&error))
}

/// The answer; else the outcome of a call that had none.
pub(crate) async fn call(request: RequestBuilder) -> Result<Answer, Delivery> {
    let response = request.send().await.map_err(|error| {
        let is_unsent = error.is_connect() || error.is_builder();
        let failed = Delivery::unavailable(chain(&error.without_url()));
        if is_unsent { failed } else { failed.ambiguous() }
    })?;
    let (status, retry_after) = (response.status().as_u16(), retry_after(&response));
    let body = match read(response).await {
        Ok(body) => serde_json::from_slice(&body).unwrap_or(Value::Null),
        Err(reason) => return Err(Delivery::unavailable(reason).ambiguous()),
    };
    Ok(Answer { status, retry_after, body })
}

async fn read(response: Response) -> Result<Vec<u8>, String> {
    read_up_to(response, MAX_ANSWER).await
}

/// The body, if it is no longer than this.
pub(crate) async fn read_up_to(mut response: Response, max: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error.without_url()))? {
        body.extend_from_slice(&chunk);
        if body.len() > max {
            return Err(format!("the answer has more than {max} bytes"));
        }
    }
    Ok(body)
}

/// In seconds; a date, or anything else, counts as none.
fn retry_after(response: &Response) -> Duration {
    let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    at_most(header.and_then(|text| text.trim().parse().ok()).map_or(Duration::ZERO, Duration::from_secs))
}

/// A wait that a server asks for, within bounds.
pub(crate) fn at_most(wait: Duration) -> Duration {
    wait.min(MAX_WAIT)
}

pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
