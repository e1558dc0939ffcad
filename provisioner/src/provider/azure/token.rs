//! Who Drover is to Azure: an application with a secret, or the identity of the machine that Drover runs on.

use std::{sync::Arc, time::Duration};

use actors::worker_manager::AzureSettings;
use async_trait::async_trait;
use base::Clock;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Method, Request, Url,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};

use crate::{
    decision::FailureClass,
    provider::{
        ProviderError, ProviderResult,
        http::{HttpClient, Token, TokenSource, read_token},
    },
};

const TIMEOUT: Duration = Duration::from_secs(20);
/// The server is on the same machine.
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn source(settings: &AzureSettings, clock: Arc<dyn Clock>) -> Box<dyn TokenSource> {
    let settings = settings.clone();
    if settings.client_id.is_empty() {
        Box::new(MachineIdentity { settings, clock })
    } else {
        Box::new(Application { settings, clock })
    }
}

struct Application {
    settings: AzureSettings,
    clock: Arc<dyn Clock>,
}

struct MachineIdentity {
    settings: AzureSettings,
    clock: Arc<dyn Clock>,
}

fn problem(why: String) -> ProviderError {
    ProviderError::refused(FailureClass::Auth, "Credentials", why)
}

/// Of the API that is called.
fn audience(settings: &AzureSettings) -> String {
    format!("{}/", settings.endpoint.trim_end_matches('/'))
}

#[async_trait]
impl TokenSource for Application {
    async fn fetch(&self, http: &HttpClient) -> ProviderResult<Token> {
        let AzureSettings { login_endpoint, tenant_id, client_id, client_secret_file, .. } = &self.settings;
        // The file is read each time: it may be rotated.
        let secret = match client_secret_file.as_str() {
            "" => self.settings.client_secret.reveal().to_owned(),
            file => tokio::fs::read_to_string(file)
                .await
                .map_err(|error| problem(format!("`client_secret_file` {file} cannot be read: {error}")))?,
        };
        let url = format!("{}/{tenant_id}/oauth2/v2.0/token", login_endpoint.trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|error| problem(format!("`login_endpoint`: {error}")))?;
        let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let body = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope={}",
            escaped(client_id),
            escaped(secret.trim()),
            escaped(&format!("{}.default", audience(&self.settings)))
        );
        let mut request = Request::new(Method::POST, url);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        *request.body_mut() = Some(body.into());
        read_token(&http.send(request, TIMEOUT).await?, self.clock.now())
    }
}

#[async_trait]
impl TokenSource for MachineIdentity {
    async fn fetch(&self, _: &HttpClient) -> ProviderResult<Token> {
        let url = format!("{}/metadata/identity/oauth2/token", self.settings.metadata_endpoint.trim_end_matches('/'));
        let mut url = Url::parse(&url).map_err(|error| problem(format!("`metadata_endpoint`: {error}")))?;
        let audience = audience(&self.settings);
        url.query_pairs_mut().append_pair("api-version", "2018-02-01").append_pair("resource", &audience);
        let mut request = Request::new(Method::GET, url);
        request.headers_mut().insert(HeaderName::from_static("metadata"), HeaderValue::from_static("true"));
        let http = HttpClient::direct().map_err(ProviderError::unanswered)?;
        let asked = http.send(request, METADATA_TIMEOUT).await;
        let answer = asked.map_err(|error| {
            problem(format!("there is no `client_id`, and no metadata server has an identity: {error}"))
        })?;
        read_token(&answer, self.clock.now())
    }
}
