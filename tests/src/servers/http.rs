//! A small HTTP server for fakes of ours.

use std::{collections::BTreeMap, fmt, net::TcpListener as StdListener, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

/// A request, read.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    pub method: String,
    /// The parts between slashes, decoded.
    pub path: Vec<String>,
    pub query: BTreeMap<String, String>,
    headers: HeaderMap,
    pub body: Bytes,
}

/// What is answered: nothing ends the connection.
pub(super) type HttpReply = Option<(u16, String)>;

type Handler = dyn Fn(&HttpRequest) -> HttpReply + Send + Sync;

/// Listens until it is dropped.
pub struct HttpServer {
    pub url: String,
    _accepting: JoinSet<()>,
}

impl HttpServer {
    pub fn start(handler: impl Fn(&HttpRequest) -> HttpReply + Send + Sync + 'static) -> Self {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let listener = TcpListener::from_std(listener).unwrap();
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::new(handler)));
        Self { url, _accepting: accepting }
    }
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer").field("url", &self.url).finish_non_exhaustive()
    }
}

impl HttpRequest {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The fields of a form.
    pub fn form(&self) -> BTreeMap<String, String> {
        pairs(&String::from_utf8_lossy(&self.body))
    }

    pub fn parts(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

async fn accept(listener: TcpListener, handler: Arc<Handler>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let handler = handler.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(handler.clone(), request));
            // An error is an answer that was lost on purpose, or a client that went away.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(handler: Arc<Handler>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, fmt::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| fmt::Error)?.to_bytes();
    let path = head.uri.path().split('/').filter(|part| !part.is_empty()).map(decode).collect();
    let query = pairs(head.uri.query().unwrap_or_default());
    let request = HttpRequest { method: head.method.to_string(), path, query, headers: head.headers, body };
    let (status, text) = handler(&request).ok_or(fmt::Error)?;
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    Ok(response)
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decode(name), decode(value))).collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
