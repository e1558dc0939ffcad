//! The metadata server of an instance.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use base::{Clock, SystemClock};
use serde_json::{Value, json};

use super::answers::{PROJECT, WORKER_ACCOUNT};
use crate::servers::{
    http::{HttpReply, HttpRequest, HttpServer},
    signing_key::SigningKey,
};

pub(super) fn start(key: Arc<SigningKey>, instance: &Value, preempted: Arc<Mutex<BTreeSet<String>>>) -> HttpServer {
    let id = instance["id"].as_str().unwrap().to_owned();
    let items = instance["metadata"]["items"].as_array().cloned().unwrap_or_default();
    HttpServer::start(move |request| {
        if request.header("metadata-flavor") != "Google" {
            return Some((403, String::new()));
        }
        page(&key, &id, &items, &preempted, request)
    })
}

fn page(
    key: &SigningKey,
    id: &str,
    items: &[Value],
    preempted: &Mutex<BTreeSet<String>>,
    request: &HttpRequest,
) -> HttpReply {
    let parts = request.parts();
    let ["computeMetadata", "v1", "instance", rest @ ..] = parts.as_slice() else { return missing() };
    let text = match rest {
        ["id"] => id.to_owned(),
        ["attributes", name] => {
            let item = items.iter().find(|item| item["key"] == *name);
            return item
                .map_or_else(missing, |item| Some((200, item["value"].as_str().unwrap_or_default().to_owned())));
        }
        ["preempted"] => {
            let preempted = preempted.lock().unwrap_or_else(PoisonError::into_inner).contains(id);
            if preempted { "TRUE" } else { "FALSE" }.to_owned()
        }
        ["service-accounts", "default", "identity"] => {
            let now = SystemClock.now().timestamp();
            let engine = json!({ "project_id": PROJECT, "instance_id": id, "zone": "us-central1-a" });
            key.token(&json!({
                "iss": "https://accounts.google.com", "aud": request.query.get("audience"), "sub": WORKER_ACCOUNT,
                "iat": now, "exp": now + 3600, "google": { "compute_engine": engine },
            }))
        }
        _ => return missing(),
    };
    Some((200, text))
}

#[expect(clippy::unnecessary_wraps, reason = "a reply is none where the connection is cut")]
fn missing() -> HttpReply {
    Some((404, String::new()))
}
