//! Identity providers by which people sign in.

mod discovery;
mod github;
mod id_token;
mod oidc;

use std::sync::Arc;

use actors::sign_in::{IdentityProvider, ProviderError, SignInSettings};
use base::Clock;
use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;

use crate::http::{chain, read_up_to};

/// Longest answer that is read.
const MAX_ANSWER: usize = 1024 * 1024;

/// The providers of the settings.
pub fn providers(
    settings: &SignInSettings,
    root_url: &str,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Arc<dyn IdentityProvider>>, String> {
    let mut providers: Vec<Arc<dyn IdentityProvider>> = Vec::new();
    for oidc in &settings.oidc {
        providers.push(Arc::new(oidc::Oidc::new(oidc, root_url, Arc::clone(clock))?));
    }
    if !settings.github.client_id.is_empty() {
        providers.push(Arc::new(github::Github::new(&settings.github, root_url)?));
    }
    Ok(providers)
}

/// The JSON of a good answer.
async fn json<T: DeserializeOwned>(provider: &str, what: &str, request: RequestBuilder) -> Result<T, ProviderError> {
    let unavailable = |reason: String| ProviderError::Unavailable { provider: provider.to_owned(), reason };
    let response = request.header("accept", "application/json").send().await;
    let response = response.map_err(|error| unavailable(chain(&error.without_url())))?;
    let status = response.status();
    let body = read_up_to(response, MAX_ANSWER).await.map_err(unavailable)?;
    if !status.is_success() {
        let text = String::from_utf8_lossy(&body).chars().take(200).collect::<String>();
        let reason = format!("{what}: it answers {status}: {text}");
        return Err(if status.is_client_error() { refused(provider, reason) } else { unavailable(reason) });
    }
    serde_json::from_slice(&body).map_err(|error| refused(provider, format!("{what}: {error}")))
}

fn refused(provider: &str, reason: impl Into<String>) -> ProviderError {
    ProviderError::Refused { provider: provider.to_owned(), reason: reason.into() }
}
