//! Signing a request with Hawk.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use protocol::hawk::{Signed, payload_hash};
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::{Client, ClientError, Credentials};

/// The `Authorization` header for a request to `url`, which is signed as it stands.
pub(super) fn header(
    client: &Client,
    credentials: &Credentials,
    method: &Method,
    url: &str,
    content_type: &str,
    body: &[u8],
) -> Result<String, ClientError> {
    let parsed = Url::parse(url).map_err(|_| ClientError::BadUrl(url.to_owned()))?;
    let query = parsed.query().map(|query| format!("?{query}")).unwrap_or_default();
    let hash = if body.is_empty() { String::new() } else { payload_hash(content_type, body) };
    let signed = Signed {
        timestamp: &client.clock.now().timestamp().to_string(),
        nonce: &URL_SAFE_NO_PAD.encode(client.rng.bytes::<9>()),
        method: method.as_str(),
        resource: &format!("{}{query}", parsed.path()),
        host: parsed.host_str().unwrap_or_default(),
        port: parsed.port_or_known_default().unwrap_or(80),
        hash: &hash,
        ext: &ext(credentials)?,
    };
    Ok(signed.header(&credentials.client_id, &credentials.access_token))
}

/// Carries the certificate of temporary credentials; empty for others.
fn ext(credentials: &Credentials) -> Result<String, ClientError> {
    let Some(certificate) = &credentials.certificate else { return Ok(String::new()) };
    let certificate: Value = serde_json::from_str(certificate).map_err(ClientError::BadCertificate)?;
    Ok(STANDARD.encode(json!({ "certificate": certificate }).to_string()))
}
