//! A small GitHub of ours: repositories with files, collaborators and pull requests; check runs, statuses and comments that are
//! kept; tokens, limits and faults. GitHub's own server cannot be had for tests: what only it does is not tested.

mod routes;
mod state;

use std::{
    process::Command,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, StatusCode, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sha2::Sha256;
use tokio::{net::TcpListener, task::JoinSet};

pub use state::{GithubFault, GithubRepository, GithubState};

/// The signature of a delivery with this body.
pub fn sign_delivery(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct GithubApi {
    pub url: String,
    app_key: String,
    state: Arc<Mutex<GithubState>>,
    _accepting: JoinSet<()>,
}

/// What a route answers.
pub(super) struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl GithubApi {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<GithubState>>::default();
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, state.clone()));
        Self { url, app_key: new_key(), state, _accepting: accepting }
    }

    /// A private key for an app. Whatever is signed with it is accepted.
    pub fn app_key(&self) -> &str {
        &self.app_key
    }

    /// Looks at it, or changes it.
    pub fn with<T>(&self, use_it: impl FnOnce(&mut GithubState) -> T) -> T {
        use_it(&mut lock(&self.state))
    }

    /// The check runs of a commit.
    pub fn checks(&self, sha: &str) -> Vec<Value> {
        self.with(|state| state.checks.iter().filter(|check| check["head_sha"] == sha).cloned().collect())
    }

    pub fn comments(&self) -> Vec<Value> {
        self.with(|state| state.comments.clone())
    }

    /// The newest status of each context of a commit.
    pub fn statuses(&self, sha: &str) -> Vec<Value> {
        self.with(|state| state.statuses.iter().filter(|status| status["sha"] == sha).cloned().collect())
    }
}

fn new_key() -> String {
    let output = Command::new("openssl").args(["genrsa", "2048"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn lock(state: &Mutex<GithubState>) -> MutexGuard<'_, GithubState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, state: Arc<Mutex<GithubState>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = state.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(state.clone(), request));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// An error ends the connection without an answer.
async fn answer(
    state: Arc<Mutex<GithubState>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, std::fmt::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| std::fmt::Error)?.to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let token = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let reply = routes::answer(&mut lock(&state), head.method.as_str(), &path, &token, &body);
    let reply = reply.ok_or(std::fmt::Error)?;
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    for (name, value) in reply.headers {
        let name: header::HeaderName = name.parse().unwrap();
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    Ok(response)
}
