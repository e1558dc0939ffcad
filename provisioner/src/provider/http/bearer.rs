//! Calls of JSON APIs with a token that is fetched, kept until it ends, and fetched again when it is refused.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{
    Method, Request, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{HttpAnswer, HttpClient};
use crate::{
    decision::FailureClass,
    provider::{ProviderError, ProviderResult},
};

const REFRESH_BEFORE: TimeDelta = TimeDelta::minutes(5);

/// Who Drover is to the API.
#[async_trait]
pub(in crate::provider) trait TokenSource: Send + Sync {
    async fn fetch(&self, http: &HttpClient) -> ProviderResult<Token>;
}

#[derive(Clone)]
pub(in crate::provider) struct Token {
    pub(in crate::provider) value: String,
    pub(in crate::provider) expires: DateTime<Utc>,
}

pub(in crate::provider) struct BearerClient {
    pub(in crate::provider) http: HttpClient,
    clock: Arc<dyn Clock>,
    source: Box<dyn TokenSource>,
    cached: Mutex<Option<Token>>,
    /// What an answer that is no success says.
    error: fn(&HttpAnswer) -> ProviderError,
}

impl BearerClient {
    pub(in crate::provider) fn new(
        http: HttpClient,
        clock: Arc<dyn Clock>,
        source: Box<dyn TokenSource>,
        error: fn(&HttpAnswer) -> ProviderError,
    ) -> Self {
        Self { http, clock, source, cached: Mutex::default(), error }
    }

    /// One call, made once; after a refusal of the token once more with another one.
    pub(in crate::provider) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        timeout: Duration,
    ) -> ProviderResult<T> {
        let token = self.token().await?;
        let mut answer = self.http.send(request(&method, &url, body, &token)?, timeout).await?;
        if answer.status.as_u16() == 401 {
            self.forget(&token).await;
            let fresh = self.token().await?;
            if fresh.value != token.value {
                answer = self.http.send(request(&method, &url, body, &fresh)?, timeout).await?;
            }
        }
        if !answer.status.is_success() {
            return Err((self.error)(&answer));
        }
        let text: &[u8] = if answer.body.is_empty() { b"null" } else { &answer.body };
        serde_json::from_slice(text)
            .map_err(|error| ProviderError::unanswered(format!("the answer cannot be read: {error}")))
    }

    async fn token(&self) -> ProviderResult<Token> {
        // Held while fetching, so that many callers fetch once.
        let mut cached = self.cached.lock().await;
        let now = self.clock.now();
        if let Some(token) = cached.as_ref().filter(|token| token.expires - REFRESH_BEFORE > now) {
            return Ok(token.clone());
        }
        match self.source.fetch(&self.http).await {
            Ok(token) => Ok(cached.insert(token).clone()),
            Err(error) => match &*cached {
                Some(old) if old.expires > now => {
                    tracing::warn!(%error, "token of a provider not renewed; the old one is still used");
                    Ok(old.clone())
                }
                _ => Err(error),
            },
        }
    }

    async fn forget(&self, refused: &Token) {
        let mut cached = self.cached.lock().await;
        if cached.as_ref().is_some_and(|token| token.value == refused.value) {
            *cached = None;
        }
    }
}

fn request(method: &Method, url: &Url, body: Option<&Value>, token: &Token) -> ProviderResult<Request> {
    let mut request = Request::new(method.clone(), url.clone());
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.value))
        .map_err(|_| ProviderError::refused(FailureClass::Auth, "Token", "the token is none"))?;
    value.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, value);
    if let Some(body) = body {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.to_string().into());
    }
    Ok(request)
}

/// `{"access_token": …, "expires_in": 3599}`, as all of them answer; some write the number as text.
pub(in crate::provider) fn read_token(answer: &HttpAnswer, now: DateTime<Utc>) -> ProviderResult<Token> {
    let refused = |why: String| ProviderError::refused(FailureClass::Auth, "Token", why);
    match answer.status.as_u16() {
        200..300 => {}
        500.. | 429 => return Err(ProviderError::unanswered(format!("no token: {}", answer.excerpt()))),
        status => return Err(refused(format!("no token: HTTP {status}: {}", answer.excerpt()))),
    }
    let value: Value = serde_json::from_slice(&answer.body).map_err(|error| refused(error.to_string()))?;
    let seconds = &value["expires_in"];
    let seconds = seconds.as_i64().or_else(|| seconds.as_str()?.parse().ok());
    match (value["access_token"].as_str(), seconds.and_then(TimeDelta::try_seconds)) {
        (Some(token), Some(left)) if !token.is_empty() => Ok(Token { value: token.to_owned(), expires: now + left }),
        _ => Err(refused("the answer has no `access_token` and `expires_in`".to_owned())),
    }
}
