//! Who Drover is to Google: a service account whose key is in a file, or the one of the instance that Drover runs on.

use std::{path::PathBuf, sync::Arc, time::Duration};

use actors::worker_manager::GoogleSettings;
use async_trait::async_trait;
use base::Clock;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use reqwest::{
    Method, Request, Url,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    decision::FailureClass,
    provider::{
        ProviderError, ProviderResult,
        http::{HttpClient, Token, TokenSource, read_token},
    },
};

const SCOPE: &str = "https://www.googleapis.com/auth/compute";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ASSERTION_SECONDS: i64 = 3600;
const TIMEOUT: Duration = Duration::from_secs(20);
/// The server is on the same machine.
const METADATA_TIMEOUT: Duration = Duration::from_secs(3);
const METADATA_PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token";

pub(super) fn source(settings: &GoogleSettings, clock: Arc<dyn Clock>) -> Box<dyn TokenSource> {
    match settings.credentials_file.as_str() {
        "" => Box::new(InstanceAccount { metadata: settings.metadata_endpoint.clone(), clock }),
        file => Box::new(AccountFile { file: PathBuf::from(file), clock }),
    }
}

/// The key is read each time: it may be rotated.
struct AccountFile {
    file: PathBuf,
    clock: Arc<dyn Clock>,
}

struct InstanceAccount {
    metadata: String,
    clock: Arc<dyn Clock>,
}

/// As Google writes it.
#[derive(Deserialize)]
struct AccountKey {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: String,
}

fn problem(why: impl Into<String>) -> ProviderError {
    ProviderError::refused(FailureClass::Auth, "CredentialsFile", why)
}

#[async_trait]
impl TokenSource for AccountFile {
    async fn fetch(&self, http: &HttpClient) -> ProviderResult<Token> {
        let place = self.file.display();
        let text = tokio::fs::read_to_string(&self.file)
            .await
            .map_err(|error| problem(format!("`credentials_file` {place} cannot be read: {error}")))?;
        let key: AccountKey = serde_json::from_str(&text)
            .map_err(|error| problem(format!("`credentials_file` {place} is no key of a service account: {error}")))?;
        let now = self.clock.now();
        let assertion = key.assertion(now.timestamp())?;
        let url = Url::parse(&key.token_uri).map_err(|error| problem(format!("`token_uri` in {place}: {error}")))?;
        let mut request = Request::new(Method::POST, url);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        // Neither has a letter that a form escapes, but for the colons.
        let body = format!("grant_type={}&assertion={assertion}", GRANT.replace(':', "%3A"));
        *request.body_mut() = Some(body.into());
        read_token(&http.send(request, TIMEOUT).await?, now)
    }
}

#[async_trait]
impl TokenSource for InstanceAccount {
    async fn fetch(&self, _: &HttpClient) -> ProviderResult<Token> {
        let url = format!("{}{METADATA_PATH}", self.metadata.trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|error| problem(format!("`metadata_endpoint`: {error}")))?;
        let mut request = Request::new(Method::GET, url);
        let name = HeaderName::from_static("metadata-flavor");
        request.headers_mut().insert(name, HeaderValue::from_static("Google"));
        let http = HttpClient::direct().map_err(ProviderError::unanswered)?;
        let asked = http.send(request, METADATA_TIMEOUT).await;
        let answer = asked.map_err(|error| {
            problem(format!("there is no `credentials_file`, and no metadata server has a service account: {error}"))
        })?;
        read_token(&answer, self.clock.now())
    }
}

impl AccountKey {
    /// A signed claim of who this is, which Google exchanges for a token.
    fn assertion(&self, now: i64) -> ProviderResult<String> {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.private_key_id });
        let claims = json!({
            "iss": self.client_email, "scope": SCOPE, "aud": self.token_uri, "iat": now, "exp": now + ASSERTION_SECONDS,
        });
        let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", encode(&header.to_string()), encode(&claims.to_string()));
        let pair = self.key_pair()?;
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| problem("`private_key` cannot sign"))?;
        Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }

    fn key_pair(&self) -> ProviderResult<RsaKeyPair> {
        let body = self.private_key.split_once("-----BEGIN PRIVATE KEY-----").map(|(_, rest)| rest);
        let body = body.and_then(|rest| rest.split_once("-----END PRIVATE KEY-----")).map(|(body, _)| body);
        let letters: String = body.unwrap_or_default().split_whitespace().collect();
        let der = BASE64_STANDARD.decode(letters).map_err(|_| problem("`private_key` is no PEM"))?;
        RsaKeyPair::from_pkcs8(&der).map_err(|error| problem(format!("`private_key` is no RSA key in PKCS#8: {error}")))
    }
}
