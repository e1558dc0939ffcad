//! Keys of the role of the instance that this process runs on, by `IMDSv2`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use object_store::aws::AwsCredential;
use reqwest::{Method, Request, Url, header::HeaderValue};
use serde::Deserialize;

use super::{Fetched, auth_error};
use crate::provider::{ProviderError, ProviderResult, http::HttpClient};

/// The server is on the same machine: no answer means that there is none.
const TIMEOUT: Duration = Duration::from_secs(3);
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleCredentials {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: DateTime<Utc>,
}

pub(super) async fn fetch(metadata: &str) -> ProviderResult<Fetched> {
    let http = HttpClient::direct().map_err(ProviderError::unanswered)?;
    let ttl = ("x-aws-ec2-metadata-token-ttl-seconds", "21600");
    let token = read(&http, Method::PUT, metadata, "/latest/api/token", ttl).await?;
    let token = ("x-aws-ec2-metadata-token", token.trim());
    let roles = read(&http, Method::GET, metadata, ROLES, token).await?;
    let role = roles.lines().next().unwrap_or_default().trim();
    let found = read(&http, Method::GET, metadata, &format!("{ROLES}{role}"), token).await?;
    let found: RoleCredentials = serde_json::from_str(&found).map_err(|error| {
        auth_error(
            "InstanceRole",
            format!("the metadata server's credentials of role `{role}` cannot be read: {error}"),
        )
    })?;
    let credential =
        AwsCredential { key_id: found.access_key_id, secret_key: found.secret_access_key, token: Some(found.token) };
    Ok(Fetched::until(credential, found.expiration))
}

async fn read(
    http: &HttpClient,
    method: Method,
    metadata: &str,
    path: &str,
    header: (&'static str, &str),
) -> ProviderResult<String> {
    let problem = |why: String| {
        auth_error(
            "InstanceRole",
            format!("no credentials of an instance role: {why}; set `access_key_id` or `role_arn`"),
        )
    };
    let url = Url::parse(&format!("{metadata}{path}")).map_err(|error| problem(format!("{metadata}: {error}")))?;
    let mut request = Request::new(method, url);
    let value = HeaderValue::from_str(header.1).map_err(|_| problem("the metadata token is no header".to_owned()))?;
    request.headers_mut().insert(header.0, value);
    let answer = http.send(request, TIMEOUT).await.map_err(|error| problem(error.to_string()))?;
    if !answer.status.is_success() {
        return Err(problem(format!("{path} answered {}", answer.status)));
    }
    String::from_utf8(answer.body).map_err(|_| problem(format!("{path} is not UTF-8")))
}
