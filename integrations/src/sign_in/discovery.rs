//! What a provider of OpenID Connect says of itself (OpenID Connect Discovery 1.0), and its keys.

use actors::{sign_in::ProviderError, worker_manager::identity::KeySet};
use chrono::TimeDelta;
use protocol::time::Timestamp;
use reqwest::Client;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{json, refused};

/// How long it is good for.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// A provider that could not be asked is not asked again for so long, whoever comes.
const PAUSE: TimeDelta = TimeDelta::seconds(5);

/// An unknown key is looked for no more often.
const KEYS_AT_MOST: TimeDelta = TimeDelta::minutes(1);

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Document {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

impl Document {
    /// Whether the secret goes into the form. It goes into a header where both are possible.
    pub(super) fn secret_in_form(&self) -> bool {
        let methods = &self.token_endpoint_auth_methods_supported;
        let has = |name: &str| methods.iter().any(|method| method == name);
        has("client_secret_post") && !has("client_secret_basic")
    }
}

/// Document and keys of a provider, read when they are needed.
pub(super) struct Discovery {
    provider: String,
    issuer: String,
    http: Client,
    /// One at a time asks; the others take its answer.
    document: Mutex<Option<(Timestamp, Result<Document, ProviderError>)>>,
    keys: Mutex<Option<(Timestamp, KeySet)>>,
}

impl Discovery {
    pub(super) fn new(provider: &str, issuer: &str, http: Client) -> Self {
        let (provider, issuer) = (provider.to_owned(), issuer.to_owned());
        Self { provider, issuer, http, document: Mutex::default(), keys: Mutex::default() }
    }

    pub(super) async fn document(&self, now: Timestamp) -> Result<Document, ProviderError> {
        let mut known = self.document.lock().await;
        if let Some((asked, answer)) = &*known
            && now - *asked < if answer.is_ok() { LIFE } else { PAUSE }
        {
            return answer.clone();
        }
        let answer = self.ask().await;
        *known = Some((now, answer.clone()));
        answer
    }

    async fn ask(&self) -> Result<Document, ProviderError> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let document = json(&self.provider, "its configuration", self.http.get(url)).await?;
        self.check(&document)?;
        Ok(document)
    }

    /// The keys; with `newer_than`, others than those that were read then, unless that was a moment ago.
    pub(super) async fn keys(
        &self,
        newer_than: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(Timestamp, KeySet), ProviderError> {
        let document = self.document(now).await?;
        let mut known = self.keys.lock().await;
        if let Some((read, keys)) = &*known {
            let is_outdated = newer_than.is_some_and(|time| *read <= time && now - *read >= KEYS_AT_MOST);
            if now - *read < LIFE && !is_outdated {
                return Ok((*read, keys.clone()));
            }
        }
        let jwks: Value = json(&self.provider, "its keys", self.http.get(&document.jwks_uri)).await?;
        let keys = KeySet::of_jwks(&jwks.to_string());
        let keys = keys.map_err(|error| refused(&self.provider, error.to_string()))?;
        *known = Some((now, keys.clone()));
        Ok((now, keys))
    }

    /// It must be of this issuer (or an attacker answers), and nothing of it may travel in the clear where the issuer does not.
    fn check(&self, document: &Document) -> Result<(), ProviderError> {
        if document.issuer.trim_end_matches('/') != self.issuer.trim_end_matches('/') {
            let reason = format!("its configuration is of the issuer `{}`, not `{}`", document.issuer, self.issuer);
            return Err(refused(&self.provider, reason));
        }
        let Document { authorization_endpoint, token_endpoint, jwks_uri, .. } = document;
        let clear =
            [authorization_endpoint, token_endpoint, jwks_uri].into_iter().find(|url| !url.starts_with("https://"));
        match clear {
            Some(url) if self.issuer.starts_with("https://") => {
                Err(refused(&self.provider, format!("`{url}` of its configuration is not `https://`")))
            }
            _ => Ok(()),
        }
    }
}
