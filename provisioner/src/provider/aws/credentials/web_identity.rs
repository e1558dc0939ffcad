//! Keys of a role that a Kubernetes service account may assume: its projected token is exchanged at STS.

use std::{path::Path, time::Duration};

use chrono::{DateTime, Utc};
use object_store::aws::AwsCredential;
use serde::Deserialize;

use super::{Fetched, auth_error};
use crate::provider::{
    ProviderResult,
    aws::{error, form, xml},
    http::HttpClient,
};

const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "AssumeRoleWithWebIdentityResult")]
    result: ResultElement,
}

#[derive(Deserialize)]
struct ResultElement {
    #[serde(rename = "Credentials")]
    credentials: RoleCredentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleCredentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: DateTime<Utc>,
}

/// The call is not signed: the token is the proof.
pub(super) async fn fetch(http: &HttpClient, sts: &str, role: &str, token_file: &Path) -> ProviderResult<Fetched> {
    let token = tokio::fs::read_to_string(token_file).await.map_err(|error| {
        auth_error("WebIdentity", format!("the token file {} cannot be read: {error}", token_file.display()))
    })?;
    let fields = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", role),
        ("RoleSessionName", "drover-provisioner"),
        ("WebIdentityToken", token.trim()),
    ];
    let request = form::post(sts, &form::encode(fields))?;
    let answer = http.send(request, TIMEOUT).await?;
    if !answer.status.is_success() {
        return Err(error::from_answer(&answer));
    }
    let found = xml::parse::<Answer>(&answer.body)?.result.credentials;
    let credential = AwsCredential {
        key_id: found.access_key_id,
        secret_key: found.secret_access_key,
        token: Some(found.session_token),
    };
    Ok(Fetched::until(credential, found.expiration))
}
