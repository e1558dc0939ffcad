//! A provider of OpenID Connect: code flow with PKCE, `state` and `nonce`.

use std::sync::Arc;

use actors::{
    sessions::Identity,
    sign_in::{Attempt, IdentityProvider, OidcSettings, ProviderError},
    worker_manager::identity::IdentityError,
};
use async_trait::async_trait;
use base::Clock;
use percent_encoding::utf8_percent_encode;
use protocol::form;
use reqwest::Client;
use serde::Deserialize;

use super::{discovery::Discovery, id_token, json, refused};
use crate::http;

pub(super) struct Oidc {
    settings: OidcSettings,
    redirect_uri: String,
    http: Client,
    discovery: Discovery,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl Oidc {
    pub(super) fn new(settings: &OidcSettings, root_url: &str, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let http = http::client()?;
        let redirect_uri = format!("{root_url}/login/oidc/{}/callback", settings.name);
        let discovery = Discovery::new(&settings.name, &settings.issuer, http.clone());
        Ok(Self { settings: settings.clone(), redirect_uri, http, discovery, clock })
    }

    async fn id_token(&self, code: &str, attempt: &Attempt) -> Result<String, ProviderError> {
        let document = self.discovery.document(self.clock.now()).await?;
        let OidcSettings { name, client_id, client_secret, .. } = &self.settings;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("client_id", client_id),
            ("code_verifier", attempt.verifier()),
        ];
        let mut request = self.http.post(&document.token_endpoint);
        if document.secret_in_form() {
            fields.push(("client_secret", client_secret.reveal()));
        } else if !client_secret.reveal().is_empty() {
            // Both parts are encoded as in a form (RFC 6749, 2.3.1).
            let [user, password] =
                [client_id, client_secret.reveal()].map(|text| utf8_percent_encode(text, form::COMPONENT));
            request = request.basic_auth(user, Some(password));
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form::encode(fields));
        Ok(json::<Tokens>(name, "the code", request).await?.id_token)
    }
}

#[async_trait]
impl IdentityProvider for Oidc {
    fn path(&self) -> String {
        format!("oidc/{}", self.settings.name)
    }

    fn title(&self) -> String {
        let OidcSettings { name, title, .. } = &self.settings;
        if title.is_empty() { name.clone() } else { title.clone() }
    }

    async fn authorization_url(&self, attempt: &Attempt) -> Result<String, ProviderError> {
        let document = self.discovery.document(self.clock.now()).await?;
        let query = form::encode([
            ("response_type", "code"),
            ("client_id", self.settings.client_id.as_str()),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &self.settings.scopes.join(" ")),
            ("state", &attempt.state),
            ("nonce", &attempt.nonce),
            ("code_challenge", &attempt.challenge()),
            ("code_challenge_method", "S256"),
        ]);
        let endpoint = &document.authorization_endpoint;
        Ok(format!("{endpoint}{}{query}", if endpoint.contains('?') { '&' } else { '?' }))
    }

    async fn identify(&self, code: &str, attempt: &Attempt) -> Result<Identity, ProviderError> {
        let token = self.id_token(code, attempt).await?;
        let document = self.discovery.document(self.clock.now()).await?;
        let mut read = None;
        loop {
            let now = self.clock.now();
            let (when, keys) = self.discovery.keys(read, now).await?;
            match id_token::identity(&token, &keys, &document.issuer, &self.settings, &attempt.nonce, now) {
                // The provider may have a new key.
                Err(IdentityError::Signature) if read.is_none_or(|before| when > before) => read = Some(when),
                result => {
                    return result
                        .map_err(|error| refused(&self.settings.name, format!("its identity token: {error}")));
                }
            }
        }
    }
}
