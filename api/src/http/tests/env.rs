//! A small service behind a real socket, to see what clients see.

use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use base::{Clock, Rng, Shutdown, SystemClock};
use http_body_util::BodyExt;
use protocol::{exchanges::ExchangeNames, hawk, reference::Service};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};

use super::super::*;
use crate::{
    ApiSettings,
    auth::{Client, Clients},
    net::{ConnectionLimits, serve_requests},
};

const TOKEN: &str = "dGVzdC1hY2Nlc3MtdG9rZW4tZm9yLXRlc3RzLTAwMDAwMQ";
pub(super) const SLUG: &str = "fN1SbArXTPSVFNUvaOlinQ";

static SERVICE: LazyLock<Service> = LazyLock::new(|| {
    let endpoint = |name: &str, method: &str, route: &str, more: Value| {
        let mut entry = json!({
            "name": name, "method": method, "route": route,
            "stability": "stable", "category": "c", "title": "t", "description": "d",
        });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let limit = json!({ "continuationToken": "not-empty", "limit": "digits" });
    let rest = json!({ "rest": ["name"], "params": { "name": "printable" } });
    let entries = json!([
        endpoint("ping", "get", "/ping", json!({})),
        endpoint("special", "get", "/file/special", json!({})),
        endpoint("file", "get", "/file/<name>", rest),
        endpoint("queueCounts", "get", "/q/<taskQueueId>/counts", json!({ "rest": ["taskQueueId"] })),
        endpoint("queue", "get", "/q/<taskQueueId>", json!({})),
        endpoint("list", "get", "/list/", json!({ "query": limit })),
        endpoint(
            "guarded",
            "get",
            "/task/<taskId>",
            json!({ "scopes": "may:<taskId>", "query": { "limit": "digits" } })
        ),
        endpoint(
            "change",
            "post",
            "/task/<taskId>",
            json!({
            "scopes": { "AllOf": ["may:<workerGroup>"] }, "input": "claim-work-request" })
        ),
        endpoint("hush", "post", "/hush", json!({ "input": "claim-work-request", "private": true })),
        endpoint("slow", "get", "/slow", json!({})),
        endpoint("big", "get", "/big", json!({})),
        endpoint("huge", "get", "/huge", json!({})),
        endpoint("panic", "get", "/panic", json!({})),
        endpoint("upload", "put", "/upload/<name>", json!({})),
    ]);
    let service =
        json!({ "serviceName": "queue", "apiVersion": "v1", "title": "t", "description": "d", "entries": entries });
    serde_json::from_value(service).unwrap()
});

pub(super) struct TestEnv {
    pub(super) address: SocketAddr,
    pub(super) shutdown: Shutdown,
    /// A request has reached `slow`, which waits for the other.
    pub(super) arrived: Arc<Notify>,
    pub(super) go_on: Arc<Notify>,
    pub(super) served: JoinSet<()>,
    pub(super) http: Arc<HttpContext>,
}

pub(super) struct Seen {
    pub(super) status: u16,
    head: String,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn code(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl TestEnv {
    pub(super) async fn start() -> Self {
        Self::with_requests(100).await
    }

    pub(super) async fn with_requests(requests: usize) -> Self {
        Self::with(ApiSettings { max_requests: requests, max_body: 1000, max_graph: 1000, ..ApiSettings::default() })
            .await
    }

    pub(super) async fn with(settings: ApiSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let waits = (Arc::clone(&arrived), Arc::clone(&go_on));
        let http = Arc::new(http(&settings, waits));
        let shutdown = Shutdown::new();
        let mut served = JoinSet::new();
        let unsigned = settings.limits.connection_limiter();
        let limits = ConnectionLimits { unsigned, proxies: Arc::default() };
        let service = service(http.clone(), Arc::new(|| Box::pin(std::future::ready(Ok(())))));
        served.spawn(serve_requests(listener, limits, service, shutdown.clone(), Duration::from_secs(5)));
        Self { address, shutdown, arrived, go_on, served, http }
    }

    pub(super) async fn get(&self, path: &str) -> Seen {
        self.send("GET", path, &[], "").await
    }

    pub(super) async fn signed(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Seen {
        let kind = headers.iter().find(|(name, _)| *name == "Content-Type").map_or("", |(_, kind)| kind);
        let authorization = self.authorization(method, path, &hawk::payload_hash(kind, body.as_bytes()));
        let mut headers = headers.to_vec();
        headers.push(("Authorization", &authorization));
        self.send(method, path, &headers, body).await
    }

    pub(super) fn authorization(&self, method: &str, path: &str, hash: &str) -> String {
        self.authorization_with(method, path, hash, "")
    }

    pub(super) fn authorization_with(&self, method: &str, path: &str, hash: &str, ext: &str) -> String {
        let seconds = SystemClock.now().timestamp().to_string();
        let port = self.address.port();
        let resource = format!("/api/queue/v1{path}");
        let (timestamp, resource) = (seconds.as_str(), resource.as_str());
        hawk::Signed { timestamp, nonce: "n", method, resource, host: "127.0.0.1", port, hash, ext }.header("me", TOKEN)
    }

    pub(super) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Seen {
        self.raw(method, &format!("/api/queue/v1{path}"), headers, body).await
    }

    pub(super) async fn raw(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Seen {
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.extend(["Content-Length: ", &body.len().to_string(), "\r\n\r\n", body]);
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let status = head[9..12].parse().unwrap();
        Seen { status, head, body: answer[end + 4..].to_vec() }
    }
}

fn http(settings: &ApiSettings, waits: (Arc<Notify>, Arc<Notify>)) -> HttpContext {
    let build = Build { version: "0".into(), commit: "c".into(), source: "s".into(), build: "b".into() };
    let probes = Probes::new(build, ExchangeNames::default(), Instant::now());
    let mut table = RouteTable::default();
    let echo = |_: Arc<_>, call: Call| async move { Ok(ApiResponse::json(&call.context().params_json())) };
    Routes::declared(&SERVICE, waits)
        .on("special", |_, _| async { Ok(ApiResponse::json(&json!("special"))) })
        .on("file", echo)
        .on("queueCounts", echo)
        .on("queue", echo)
        .on("guarded", echo)
        .on("list", |_, call| async move {
            let page = call.page::<i64>()?;
            Ok(ApiResponse::json(&json!({ "after": page.after, "limit": page.limit, "next": call.token(&7) })))
        })
        .on("change", |_, mut call| async move {
            let body: Value = call.body()?;
            call.authorize(|params| params.text("workerGroup", body["workerGroup"].as_str().unwrap_or_default()))?;
            Ok(ApiResponse::json(&body))
        })
        .on("hush", |_, _| async { Ok(ApiResponse::no_content()) })
        .on("slow", |waits, _| async move {
            waits.0.notify_one();
            waits.1.notified().await;
            Ok(ApiResponse::no_content())
        })
        .on("big", |_, _| async { Ok(ApiResponse::json(&"x".repeat(100_000))) })
        .on("huge", |_, _| async { Ok(ApiResponse::json(&"x".repeat(20_000_000))) })
        .on("panic", |_, _| async { panic!("a bug") })
        .on_body(BodyMode::Stream, "upload", |_, mut call| async move {
            let body = call.stream().collect().await.unwrap().to_bytes();
            Ok(ApiResponse::json(&body.len()))
        })
        .build()
        .into_table(&mut table, &probes);
    HttpContext {
        page_sessions: None,
        web_files: None,
        table,
        clients: Clients::fixed([Client::lasting("me", TOKEN, [format!("may:{SLUG}")])], "q"),
        clock: Arc::new(SystemClock),
        rng: Rng::seeded(1),
        probes,
        root_url: "https://env.example".to_owned(),
        limiters: settings.limiters(),
        bodies: settings.bodies(),
        proxies: Arc::default(),
        request_timeout: Duration::from_secs(20),
        upload_timeout: Duration::from_secs(20),
        durations: RequestDurations::new(),
    }
}
