//! A metadata server, as EC2 has one for each instance: version 2, whose readers fetch a token first.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};

use super::RoleKeys;

const TOKEN: &str = "token-of-this-instance";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Metadata {
    url: String,
    pages: Arc<Mutex<BTreeMap<String, String>>>,
    _accepting: JoinSet<()>,
}

impl Metadata {
    /// Without a role, user data or anything else.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let pages = Arc::default();
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&pages)));
        Self { url, pages, _accepting: accepting }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// What the path says from now on.
    pub fn set(&self, path: &str, text: &str) {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), text.to_owned());
    }

    /// Gives the instance a role with these keys.
    pub fn set_role(&self, role: &str, keys: &RoleKeys) {
        let credentials = json!({
            "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-11-27T12:00:00Z", "Expiration": "2099-01-01T00:00:00Z",
            "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key, "Token": keys.session_token,
        });
        self.set(ROLES, role);
        self.set(&format!("{ROLES}{role}"), &credentials.to_string());
    }

    /// The notice that the machine is taken back.
    pub fn interrupt(&self) {
        self.set("/latest/meta-data/spot/instance-action", r#"{"action":"terminate","time":"2026-11-27T12:02:00Z"}"#);
    }
}

async fn accept(listener: TcpListener, pages: Arc<Mutex<BTreeMap<String, String>>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let pages = pages.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let answer = answer(&pages.lock().unwrap_or_else(PoisonError::into_inner), &request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn answer(pages: &BTreeMap<String, String>, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let header = |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok());
    let path = request.uri().path();
    let (status, text) = if request.method() == Method::PUT && path == "/latest/api/token" {
        match header("x-aws-ec2-metadata-token-ttl-seconds") {
            Some(_) => (StatusCode::OK, TOKEN),
            None => (StatusCode::BAD_REQUEST, ""),
        }
    } else if header("x-aws-ec2-metadata-token") != Some(TOKEN) {
        (StatusCode::UNAUTHORIZED, "")
    } else {
        pages.get(path).map_or((StatusCode::NOT_FOUND, ""), |text| (StatusCode::OK, text.as_str()))
    };
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    response
}
