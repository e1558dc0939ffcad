//! Certificates between the trusted roots and those that sign attested data. They are no anchors of trust: whoever verifies a proof
//! checks that a root of the settings issued them.

use std::{fmt::Write, time::Duration};

use base64::prelude::{BASE64_STANDARD, Engine};
use reqwest::{Method, Request, Url};

use super::{AzureClient, error::config_error};
use crate::provider::{ProviderError, ProviderResult, PublicKeys};

const MAX_AGE: Duration = Duration::from_hours(1);
const MAX_CERTIFICATE: usize = 16 << 10;
const LINE: usize = 64;

/// `None`: no addresses are set.
pub(super) async fn fetch(client: &AzureClient) -> ProviderResult<Option<PublicKeys>> {
    let urls = &client.settings.intermediate_urls;
    let mut keys = Vec::new();
    let mut last = None;
    for url in urls {
        match certificate(client, url).await {
            Ok(pem) => keys.push((url.clone(), pem)),
            Err(error) => {
                tracing::warn!(url, %error, "a certificate cannot be fetched");
                last = Some(error);
            }
        }
    }
    match last {
        Some(error) if keys.is_empty() => Err(error),
        _ => Ok((!urls.is_empty()).then_some(PublicKeys { keys, max_age: MAX_AGE })),
    }
}

/// In DER, as Microsoft publishes them, or in PEM.
async fn certificate(client: &AzureClient, url: &str) -> ProviderResult<String> {
    let parsed = Url::parse(url).map_err(|error| config_error("IntermediateUrl", error.to_string()))?;
    let answer = client.bearer.http.send(Request::new(Method::GET, parsed), client.timeout()).await?;
    if !answer.status.is_success() || answer.body.len() > MAX_CERTIFICATE {
        return Err(ProviderError::unanswered(format!("HTTP {}, {} bytes", answer.status, answer.body.len())));
    }
    if let Ok(text) = std::str::from_utf8(&answer.body)
        && text.contains("-----BEGIN CERTIFICATE-----")
    {
        return Ok(text.to_owned());
    }
    Ok(pem(&answer.body))
}

fn pem(der: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(LINE.min(rest.len()));
        let _ = writeln!(pem, "{line}");
        rest = more;
    }
    pem + "-----END CERTIFICATE-----\n"
}
