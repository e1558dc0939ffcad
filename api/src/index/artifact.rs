//! From an index path to an artifact of its task.

use std::sync::Arc;

use actors::artifacts::{ArtifactKey, Location};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use hyper::Uri;
use percent_encoding::utf8_percent_encode;
use protocol::{
    certificate::{self, Order},
    hawk::Bewit,
    id::TaskId,
    scope::ScopeSet,
};
use serde_json::{Value, json};

use super::{IndexState, entries::path};
use crate::http::{ApiError, ApiResponse, ApiResult, Call};

/// How long a signed URL can be followed.
const SIGNED_FOR: TimeDelta = TimeDelta::minutes(15);

pub(super) async fn find_artifact_from_task(state: Arc<IndexState>, call: Call) -> ApiResult {
    let name = call.param("name");
    let task_id = state.index.find(&path(&call, "indexPath")?).await?.task_id;
    let url = if may_read(state.clients.now().anonymous(), name) {
        let place = public_place(&state, task_id, name).await;
        place.unwrap_or_else(|| format!("{}{}", state.root_url, resource(task_id, name)))
    } else {
        signed(&state, task_id, name)?
    };
    ApiResponse::see_other(&url, &json!({ "url": url }))
}

fn may_read(scopes: &ScopeSet, name: &str) -> bool {
    scopes.satisfies(&format!("queue:get-artifact:{name}"))
}

/// Saves the client a redirect. Where it cannot, the queue's endpoint has the better error.
async fn public_place(state: &IndexState, task_id: TaskId, name: &str) -> Option<String> {
    let anonymous = Arc::clone(state.clients.now().anonymous());
    let run_id = state.artifacts.latest_run(task_id).await.ok()?;
    let key = ArtifactKey { task_id, run_id, name: name.to_owned() };
    let found = state.artifacts.follow(key, &|name| may_read(&anonymous, name)).await.ok()?;
    Some(match state.artifacts.location(&found).await.ok()?? {
        Location::Path(path) => format!("{}{path}", state.root_url),
        Location::Url(url) => url,
    })
}

/// The path of the queue's endpoint for the artifact, whose name is one segment of it.
fn resource(task_id: TaskId, name: &str) -> String {
    let name = utf8_percent_encode(name, protocol::form::COMPONENT);
    format!("/api/queue/v1/task/{task_id}/artifacts/{name}")
}

/// A URL that anybody can follow for a while, signed with credentials for this artifact alone.
fn signed(state: &IndexState, task_id: TaskId, name: &str) -> Result<String, ApiError> {
    let now = state.clock.now();
    let (issuer, expiry) = (state.clients.queue(), now + SIGNED_FOR);
    let order = Order { name: None, scopes: vec![format!("queue:get-artifact:{name}")], start: now, expiry };
    let made = certificate::issue(&issuer.client_id, &issuer.access_token, order, state.rng.bytes());
    let certificate: Option<Value> = made.certificate.and_then(|text| serde_json::from_str(&text).ok());
    let ext = STANDARD.encode(json!({ "certificate": certificate }).to_string());
    let (host, port) = host_and_port(&state.root_url)?;
    let resource = resource(task_id, name);
    let bewit = Bewit::sign(&made.client_id, &made.access_token, expiry.timestamp(), &resource, &host, port, &ext);
    Ok(format!("{}{resource}?bewit={bewit}", state.root_url))
}

/// Host and port as the client of the URL will send them.
fn host_and_port(root_url: &str) -> Result<(String, u16), ApiError> {
    let unusable = || ApiError::internal(format!("the root URL {root_url} has no host"));
    let url: Uri = root_url.parse().map_err(|_| unusable())?;
    let host = url.host().ok_or_else(unusable)?.to_ascii_lowercase();
    let usual = if url.scheme_str() == Some("https") { 443 } else { 80 };
    Ok((host, url.port_u16().unwrap_or(usual)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_those_of_the_root_url() {
        let cases = [
            ("https://env.example", ("env.example", 443)),
            ("http://Env.example", ("env.example", 80)),
            ("http://127.0.0.1:8080", ("127.0.0.1", 8080)),
            ("http://[::1]:8080", ("[::1]", 8080)),
        ];
        for (url, (host, port)) in cases {
            assert_eq!(host_and_port(url).unwrap(), (host.to_owned(), port), "{url}");
        }
        assert!(host_and_port("/nowhere").is_err());
    }

    #[test]
    fn a_name_is_one_segment_of_the_path() {
        let task_id: TaskId = "fN1SbArXTPSVFNUvaOlinQ".parse().unwrap();
        let path = "/api/queue/v1/task/fN1SbArXTPSVFNUvaOlinQ/artifacts/private%2Fa%20b%3F.txt";
        assert_eq!(resource(task_id, "private/a b?.txt"), path);
    }
}
