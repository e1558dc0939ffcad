use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::{Method, StatusCode};
use protocol::{error::ErrorCode, exchanges::ExchangeNames, reference, time::Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Call, Fault, Reply,
    fault::{RequestInfo, error_body},
};

/// Which program answers.
#[derive(Debug, Clone, Serialize)]
pub struct Build {
    pub version: String,
    pub commit: String,
    pub source: String,
    pub build: String,
}

/// An error says no more of a path than this.
const LONGEST_PATH_TOLD: usize = 200;

/// Endpoints that every service answers alike.
pub(super) const PROBES: [&str; 4] = ["ping", "lbheartbeat", "heartbeat", "version"];

/// What probes are told.
#[derive(Debug, Clone)]
pub(crate) struct Probes {
    build: Arc<Build>,
    names: Arc<ExchangeNames>,
    started: Instant,
}

impl Probes {
    pub(crate) fn new(build: Build, names: ExchangeNames, started: Instant) -> Self {
        Self { build: Arc::new(build), names: Arc::new(names), started }
    }

    pub(super) fn answer(&self, call: &Call) -> Reply {
        match call.asked().endpoint.name.as_str() {
            "ping" => Reply::json(&json!({ "alive": true, "uptime": self.uptime().as_secs_f64() })),
            "version" => Reply::json(&*self.build),
            _ => Reply::json(&json!({})),
        }
    }

    /// Paths outside `/api`: probes, references and schemas.
    pub(super) fn outside(&self, path: &str, root_url: &str) -> Option<Reply> {
        match path {
            "/__version__" => Some(Reply::json(&*self.build)),
            "/__heartbeat__" | "/__lbheartbeat__" => Some(Reply::json(&json!({}))),
            "/robots.txt" => Some(Reply::bytes("text/plain", "User-Agent: *\nDisallow: /\n".into())),
            "/references/manifest.json" => Some(Reply::json(&reference::manifest(root_url))),
            "/references/references.json" => Some(Reply::json(&self.bundle())),
            _ => self.document(path, root_url),
        }
    }

    /// All documents as they are kept, relative to the root URL.
    fn bundle(&self) -> Value {
        let documents = reference::documents(&self.names).into_iter();
        documents.map(|document| json!({ "filename": document.filename, "content": document.content })).collect()
    }

    /// One document, with the root URL before its `$schema` and `$id`.
    fn document(&self, path: &str, root_url: &str) -> Option<Reply> {
        let filename = path.strip_prefix('/')?;
        if !filename.starts_with("references/") && !filename.starts_with("schemas/") {
            return None;
        }
        let found = reference::documents(&self.names).into_iter().find(|document| document.filename == filename)?;
        Some(Reply::json(&found.served_under(root_url)))
    }

    fn uptime(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Services of Taskcluster that Drover does not have. Of `hooks` and `worker-manager` the probes are answered, because
/// clients look there whether a deployment is up.
const MISSING_SERVICES: [&str; 5] = ["github", "hooks", "notify", "web-server", "worker-manager"];

/// The answer where nothing is. In a service that is here it is not of the form of other errors, and word for word what
/// clients know; a service that is not here says so as any error does, so that clients show the words. What there is
/// instead is declared in the document of the `Link` header.
pub(super) fn not_found(method: &Method, path: &str, now: Timestamp) -> Reply {
    let service = path.strip_prefix("/api/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let document = match reference::service(service) {
        Some(service) => format!("/references/{}/{}/api.json", service.service_name, service.api_version),
        None => "/references/manifest.json".to_owned(),
    };
    let missing = MISSING_SERVICES.contains(&service);
    let body = if missing { missing_service(service, method, path, now) } else { json!({ "error": "Not found" }) };
    Reply::json(&body)
        .with_status(StatusCode::NOT_FOUND)
        .with_header("link", &format!("<{document}>; rel=\"describedby\""))
}

/// The endpoint is not known, so the request itself stands in its place.
fn missing_service(service: &str, method: &Method, path: &str, now: Timestamp) -> Value {
    let words = format!("This deployment does not have the service `{service}`: Drover does not provide it");
    let request = format!("{method} {}", path.chars().take(LONGEST_PATH_TOLD).collect::<String>());
    let request = RequestInfo { method: &request, params: json!({}), payload: json!({}), now };
    error_body(ErrorCode::ResourceNotFound, 404, &words, &request)
}

/// The answer when too much is going on already.
pub(super) fn busy() -> Fault {
    Fault::new(ErrorCode::ServiceUnavailable, "Too many requests at once; try again in a second")
}
