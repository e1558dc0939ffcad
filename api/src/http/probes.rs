use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use protocol::{
    error::ErrorCode,
    exchanges::ExchangeNames,
    reference::{self, Document},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ApiError, ApiResponse, Call,
    error::{RequestInfo, error_body},
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
    /// References and schemas by path, written at their first use: anybody may ask for them, as often as they like.
    files: Arc<OnceLock<HashMap<String, Bytes>>>,
}

impl Probes {
    pub(crate) fn new(build: Build, names: ExchangeNames, started: Instant) -> Self {
        Self { build: Arc::new(build), names: Arc::new(names), started, files: Arc::default() }
    }

    pub(super) fn answer(&self, call: &Call) -> ApiResponse {
        match call.context().endpoint.name.as_str() {
            "ping" => ApiResponse::json(&json!({ "alive": true, "uptime": self.uptime().as_secs_f64() })),
            "version" => ApiResponse::json(&*self.build),
            _ => ApiResponse::json(&json!({})),
        }
    }

    /// Paths outside `/api`: probes, references and schemas.
    pub(super) fn outside(&self, path: &str, root_url: &str) -> Option<ApiResponse> {
        match path {
            "/__version__" => Some(ApiResponse::json(&*self.build)),
            "/__heartbeat__" | "/__lbheartbeat__" => Some(ApiResponse::json(&json!({}))),
            "/robots.txt" => Some(ApiResponse::bytes("text/plain", "User-Agent: *\nDisallow: /\n".into())),
            _ => self
                .files
                .get_or_init(|| self.written(root_url))
                .get(path)
                .map(|text| ApiResponse::json_text(text.clone())),
        }
    }

    /// Each document with the root URL before its `$schema` and `$id`; the manifest; and all documents as they are
    /// kept, relative to the root URL.
    fn written(&self, root_url: &str) -> HashMap<String, Bytes> {
        let documents = reference::documents(&self.names);
        let served = |document: &Document| (format!("/{}", document.filename), text(&document.served_under(root_url)));
        let mut files: HashMap<String, Bytes> = documents.iter().map(served).collect();
        let bundle: Value = documents
            .into_iter()
            .map(|document| json!({ "filename": document.filename, "content": document.content }))
            .collect();
        files.insert("/references/manifest.json".to_owned(), text(&reference::manifest(root_url)));
        files.insert("/references/references.json".to_owned(), text(&bundle));
        files
    }

    fn uptime(&self) -> Duration {
        self.started.elapsed()
    }
}

fn text(value: &Value) -> Bytes {
    value.to_string().into()
}

/// Services of Taskcluster that Drover does not have. Of `hooks` and `worker-manager` the probes are answered, because
/// clients look there whether a deployment is up.
const MISSING_SERVICES: [&str; 5] = ["github", "hooks", "notify", "web-server", "worker-manager"];

/// The answer where nothing is. In a service that is here it is not of the form of other errors, and word for word what
/// clients know; a service that is not here says so as any error does, so that clients show the words. What there is
/// instead is declared in the document of the `Link` header.
pub(super) fn not_found(method: &Method, path: &str, now: Timestamp) -> ApiResponse {
    let service = path.strip_prefix("/api/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let document = match reference::service(service) {
        Some(service) => format!("/references/{}/{}/api.json", service.service_name, service.api_version),
        None => "/references/manifest.json".to_owned(),
    };
    let missing = MISSING_SERVICES.contains(&service);
    let response = if missing {
        ApiResponse::json_text(missing_service(service, method, path, now))
    } else {
        ApiResponse::json(&json!({ "error": "Not found" }))
    };
    response.with_status(StatusCode::NOT_FOUND).with_header("link", &format!("<{document}>; rel=\"describedby\""))
}

/// The endpoint is not known, so the request itself stands in its place.
fn missing_service(service: &str, method: &Method, path: &str, now: Timestamp) -> Vec<u8> {
    let message = format!("This deployment does not have the service `{service}`: Drover does not provide it");
    let request = format!("{method} {}", path.chars().take(LONGEST_PATH_TOLD).collect::<String>());
    let request = RequestInfo { method: &request, params: json!({}), payload: json!({}), now };
    error_body(ErrorCode::ResourceNotFound, 404, message, request).into_json()
}

/// The answer when too much is going on already.
pub(super) fn busy() -> ApiError {
    ApiError::new(ErrorCode::ServiceUnavailable, "Too many requests at once; try again in a second")
}
