//! A small API server of ours with the calls of pods that the driver makes, and processes in place of pods. No API server could be had for tests: admission,
//! roles, a kubelet and eviction are not tested.

mod processes;
mod state;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

pub use processes::BootPod;
use processes::Processes;
pub use state::PodRules;
use state::Pods;

use super::SigningKey;

/// Who may call it.
pub const CLUSTER_TOKEN: &str = "token-of-drover";
const PODS: &str = "/api/v1/namespaces/ci/pods";

/// Listens until it is dropped. Its one namespace is `ci`.
#[derive(Debug)]
pub struct KubernetesApi {
    pub url: String,
    pods: Arc<Mutex<Pods>>,
    _accepting: JoinSet<()>,
}

impl KubernetesApi {
    /// Without processes: pods are what the test says.
    pub async fn start() -> Self {
        Self::run(None).await
    }

    /// Each pod is a process. `None`: openssl is not here.
    pub async fn start_with_processes(folder: &Path, boot: BootPod) -> Option<Self> {
        let key = SigningKey::make(folder, "cluster")?;
        Some(Self::run(Some(Processes::new(folder, key, boot))).await)
    }

    async fn run(processes: Option<Processes>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let pods = Arc::new(Mutex::new(Pods::new(processes)));
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, pods.clone()));
        Self { url, pods, _accepting: accepting }
    }

    pub fn change(&self, change: impl FnOnce(&mut PodRules)) {
        change(&mut lock(&self.pods).rules);
    }

    /// The manifests of all pods, with what the server added.
    pub fn pods(&self) -> Vec<Value> {
        lock(&self.pods).all.values().cloned().collect()
    }

    /// Ends a pod from outside.
    pub fn evict(&self, name: &str) {
        lock(&self.pods).delete(name);
    }

    /// As a kubelet does.
    pub fn set_phase(&self, name: &str, phase: &str) {
        lock(&self.pods).all.get_mut(name).unwrap()["status"]["phase"] = json!(phase);
    }
}

fn lock(pods: &Mutex<Pods>) -> MutexGuard<'_, Pods> {
    pods.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, pods: Arc<Mutex<Pods>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let pods = pods.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(pods.clone(), request));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// An error ends the connection without an answer.
async fn answer(pods: Arc<Mutex<Pods>>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, std::fmt::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| std::fmt::Error)?.to_bytes();
    let name = head.uri.path().strip_prefix(PODS).map(|rest| rest.trim_start_matches('/').to_owned());
    let is_known = head.headers.get(header::AUTHORIZATION).is_some_and(|it| it == &format!("Bearer {CLUSTER_TOKEN}"));
    let (status, value) = match name {
        _ if !is_known => state::refusal(401, "Unauthorized", "Unauthorized"),
        None if head.uri.path() == "/openid/v1/jwks" => lock(&pods).jwks(),
        None => state::refusal(403, "Forbidden", "this is not your namespace"),
        Some(name) => {
            let mut pods = lock(&pods);
            pods.look();
            let answer = match head.method {
                Method::POST => pods.create(&body),
                Method::DELETE => pods.delete(&name),
                _ if name.is_empty() => pods.list(&query(head.uri.query().unwrap_or_default())),
                _ => pods.get(&name),
            };
            if pods.loses_answer(&head.method) {
                return Err(std::fmt::Error);
            }
            answer
        }
    };
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    Ok(response)
}

fn query(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (decode(name), decode(value)));
    text.split('&').filter_map(pair).collect()
}
