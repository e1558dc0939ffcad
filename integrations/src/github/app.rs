//! The app: calls of GitHub's API in the name of an installation.

use std::sync::Arc;

use actors::github::GithubSettings;
use base::Clock;
use percent_encoding::utf8_percent_encode;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::{
    call::{Answer, CallError, send},
    key::AppKey,
    tokens::{Token, Tokens},
};
use crate::http::client;

/// A GitHub App.
pub struct App {
    client: Client,
    url: String,
    key: AppKey,
    clock: Arc<dyn Clock>,
    tokens: Tokens,
}

const VERSION: &str = "2022-11-28";
const JSON: &str = "application/vnd.github+json";

/// A call, before its credentials are known.
pub(crate) struct Request<'a> {
    pub method: Method,
    /// Below the API's address, with a slash at its beginning.
    pub path: String,
    pub accept: &'static str,
    pub body: Option<&'a Value>,
}

impl Request<'_> {
    pub(crate) fn get(path: String) -> Self {
        Self { method: Method::GET, path, accept: JSON, body: None }
    }

    pub(crate) fn accepting(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }
}

impl<'a> Request<'a> {
    pub(crate) fn with_body(method: Method, path: String, body: &'a Value) -> Self {
        Self { method, path, accept: JSON, body: Some(body) }
    }
}

impl App {
    /// An error names the setting that is wrong.
    pub fn new(settings: &GithubSettings, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let url = settings.url.trim_end_matches('/').to_owned();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(format!("`github.url` must be an http or https address; got `{url}`"));
        }
        let key = AppKey::new(settings.app_id, settings.private_key.reveal())?;
        Ok(Self { client: client()?, url, key, clock, tokens: Tokens::default() })
    }

    /// A call in the name of an installation. A token that is refused is replaced once.
    pub(crate) async fn call(&self, installation: i64, request: &Request<'_>) -> Result<Answer, CallError> {
        match self.call_once(installation, request).await {
            Err(error) if error.is_status(401) => {
                self.tokens.forget(installation);
                self.call_once(installation, request).await
            }
            other => other,
        }
    }

    async fn call_once(&self, installation: i64, request: &Request<'_>) -> Result<Answer, CallError> {
        let now = self.clock.now();
        let token = self.tokens.get(installation, now, self.new_token(installation)).await?;
        send(self.build(request).bearer_auth(token.reveal()), now).await
    }

    /// A call in the name of the app itself.
    pub(crate) async fn call_as_app(&self, request: &Request<'_>) -> Result<Answer, CallError> {
        let now = self.clock.now();
        let unsigned = |reason| CallError::Unavailable { reason, is_ambiguous: false };
        let token = self.key.token(now).map_err(unsigned)?;
        send(self.build(request).bearer_auth(token), now).await
    }

    async fn new_token(&self, installation: i64) -> Result<Token, CallError> {
        let path = format!("/app/installations/{installation}/access_tokens");
        let request = Request { method: Method::POST, path, accept: JSON, body: None };
        Token::read(&self.call_as_app(&request).await?.json())
    }

    fn build(&self, request: &Request<'_>) -> RequestBuilder {
        let builder = self.client.request(request.method.clone(), format!("{}{}", self.url, request.path));
        let builder = builder.header("accept", request.accept).header("x-github-api-version", VERSION);
        let builder = builder.header("user-agent", "drover");
        match request.body {
            Some(body) => builder.header("content-type", "application/json").body(body.to_string()),
            None => builder,
        }
    }
}

/// A text as one part of a path, or a value of a query.
pub(crate) fn part(text: &str) -> String {
    utf8_percent_encode(text, protocol::form::COMPONENT).to_string()
}
