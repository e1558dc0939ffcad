use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use bytes::Bytes;
use hyper::{Method, StatusCode};
use protocol::{
    error::ErrorCode,
    exchanges::ExchangeNames,
    reference::{self, Document},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ApiResponse, Call,
    body::full,
    error_response::{RequestInfo, error_body},
};

/// The build of the program that answers.
#[derive(Debug, Clone, Serialize)]
pub struct Build {
    pub version: String,
    pub commit: String,
    pub source: String,
    pub build: String,
}

/// An error repeats no more of a path, in characters.
const MAX_REPEATED_PATH: usize = 200;

/// Endpoints that are the same in every service.
pub(super) const PROBES: [&str; 4] = ["ping", "lbheartbeat", "heartbeat", "version"];

/// What the server says about itself: its health, build, references and schemas.
#[derive(Debug, Clone)]
pub(crate) struct Probes {
    build: Arc<Build>,
    names: Arc<ExchangeNames>,
    started: Instant,
    /// References and schemas by path, rendered at their first use and kept: anybody may ask for them at any rate.
    documents: Arc<OnceLock<HashMap<String, Bytes>>>,
}

impl Probes {
    pub(crate) fn new(build: Build, names: ExchangeNames, started: Instant) -> Self {
        Self { build: Arc::new(build), names: Arc::new(names), started, documents: Arc::default() }
    }

    pub(super) fn respond(&self, call: &Call) -> ApiResponse {
        match call.context().endpoint.name.as_str() {
            "ping" => ApiResponse::json(&json!({ "alive": true, "uptime": self.uptime().as_secs_f64() })),
            "version" => ApiResponse::json(&*self.build),
            _ => ApiResponse::json(&json!({})),
        }
    }

    /// A document outside `/api`: probes, references and schemas.
    pub(super) fn document(&self, path: &str, root_url: &str) -> Option<ApiResponse> {
        match path {
            "/__version__" => Some(ApiResponse::json(&*self.build)),
            "/__heartbeat__" | "/__lbheartbeat__" => Some(ApiResponse::json(&json!({}))),
            "/robots.txt" => Some(ApiResponse::bytes("text/plain", full("User-Agent: *\nDisallow: /\n"))),
            _ => {
                let documents = self.documents.get_or_init(|| self.render(root_url));
                documents.get(path).map(|text| ApiResponse::json_text(text.clone()))
            }
        }
    }

    /// Each document with the root URL before its `$schema` and `$id`; the manifest; and the bundle of all documents,
    /// relative to the root URL.
    fn render(&self, root_url: &str) -> HashMap<String, Bytes> {
        let documents = reference::documents(&self.names);
        let served = |document: &Document| (format!("/{}", document.filename), text(&document.served_under(root_url)));
        let mut rendered: HashMap<String, Bytes> = documents.iter().map(served).collect();
        let bundle: Value = documents
            .into_iter()
            .map(|document| json!({ "filename": document.filename, "content": document.content }))
            .collect();
        rendered.insert("/references/manifest.json".to_owned(), text(&reference::manifest(root_url)));
        rendered.insert("/references/references.json".to_owned(), text(&bundle));
        rendered
    }

    fn uptime(&self) -> Duration {
        self.started.elapsed()
    }
}

fn text(value: &Value) -> Bytes {
    value.to_string().into()
}

/// Services of Taskcluster that Drover does not have.
const MISSING_SERVICES: [&str; 2] = ["github", "web-server"];

/// The response where no endpoint is. In a service that exists it is not in the form of other errors, but exactly that
/// of Taskcluster; for a missing service it is an error as usual, so that clients show its message. The `Link` header
/// leads to the reference of what exists.
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

/// No endpoint is known, so the error names method and path instead.
fn missing_service(service: &str, method: &Method, path: &str, now: Timestamp) -> Vec<u8> {
    let message = format!("This deployment does not have the service `{service}`: Drover does not provide it");
    let request = format!("{method} {}", path.chars().take(MAX_REPEATED_PATH).collect::<String>());
    let request = RequestInfo { method: &request, params: json!({}), payload: json!({}), now };
    error_body(ErrorCode::ResourceNotFound, 404, message, request).into_json()
}
