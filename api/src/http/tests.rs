//! A small service behind a real socket, to see what clients see.

use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use base::{Clock, Entropy, Shutdown, SystemClock};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::{hawk, reference::Service, scope::ScopeSet};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use super::*;
use crate::{Client, Clients, server::serve_door};

const TOKEN: &str = "dGVzdC1hY2Nlc3MtdG9rZW4tZm9yLXRlc3RzLTAwMDAwMQ";
const SLUG: &str = "fN1SbArXTPSVFNUvaOlinQ";

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
        endpoint("slow", "get", "/slow", json!({})),
        endpoint("big", "get", "/big", json!({})),
        endpoint("upload", "put", "/upload/<name>", json!({})),
    ]);
    let service =
        json!({ "serviceName": "queue", "apiVersion": "v1", "title": "t", "description": "d", "entries": entries });
    serde_json::from_value(service).unwrap()
});

struct House {
    address: SocketAddr,
    shutdown: Shutdown,
    /// A request has reached `slow`, which waits for the other.
    arrived: Arc<Notify>,
    go_on: Arc<Notify>,
    served: tokio::task::JoinHandle<()>,
}

struct Seen {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn code(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl House {
    async fn start() -> Self {
        Self::with_requests(100).await
    }

    async fn with_requests(most: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let waits = (Arc::clone(&arrived), Arc::clone(&go_on));
        let door = Arc::new(door(most, waits));
        let shutdown = Shutdown::new();
        let served = tokio::spawn(serve_door(listener, door, shutdown.clone(), Duration::from_secs(5)));
        Self { address, shutdown, arrived, go_on, served }
    }

    async fn get(&self, path: &str) -> Seen {
        self.send("GET", path, &[], "").await
    }

    async fn signed(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Seen {
        let kind = headers.iter().find(|(name, _)| *name == "Content-Type").map_or("", |(_, kind)| kind);
        let authorization = self.authorization(method, path, &hawk::payload_hash(kind, body.as_bytes()));
        let mut headers = headers.to_vec();
        headers.push(("Authorization", &authorization));
        self.send(method, path, &headers, body).await
    }

    fn authorization(&self, method: &str, path: &str, hash: &str) -> String {
        let seconds = SystemClock.now().timestamp().to_string();
        let port = self.address.port();
        let resource = format!("/api/queue/v1{path}");
        let (timestamp, resource) = (seconds.as_str(), resource.as_str());
        hawk::Signed { timestamp, nonce: "n", method, resource, host: "127.0.0.1", port, hash, ext: "" }
            .header("me", TOKEN)
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Seen {
        self.raw(method, &format!("/api/queue/v1{path}"), headers, body).await
    }

    async fn raw(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Seen {
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
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

fn door(most: usize, waits: (Arc<Notify>, Arc<Notify>)) -> Door {
    let build = Build { version: "0".into(), commit: "c".into(), source: "s".into(), build: "b".into() };
    let probes = Probes::new(build, Instant::now());
    let mut table = Table::default();
    let echo = |_: Arc<_>, call: Call| async move { Ok(Reply::json(&call.asked().params_json())) };
    Routes::declared(&SERVICE, waits, &probes)
        .on("special", |_, _| async { Ok(Reply::json(&json!("special"))) })
        .on("file", echo)
        .on("queueCounts", echo)
        .on("queue", echo)
        .on("guarded", echo)
        .on("list", |_, call| async move {
            let page = call.page::<i64>()?;
            Ok(Reply::json(&json!({ "after": page.after, "limit": page.limit, "next": call.token(&7) })))
        })
        .on("change", |_, mut call| async move {
            let body: Value = call.body()?;
            call.authorize(|params| params.text("workerGroup", body["workerGroup"].as_str().unwrap_or_default()))?;
            Ok(Reply::json(&body))
        })
        .on("slow", |waits, _| async move {
            waits.0.notify_one();
            waits.1.notified().await;
            Ok(Reply::nothing())
        })
        .on("big", |_, _| async { Ok(Reply::json(&"x".repeat(100_000))) })
        .reading(Read::Stream, "upload", |_, mut call| async move {
            let body = axum::body::to_bytes(call.stream(), usize::MAX).await.unwrap();
            Ok(Reply::json(&body.len()))
        })
        .into_table(&mut table);
    Door {
        table,
        clients: Clients::fixed([Client::lasting("me", TOKEN, ScopeSet::new([format!("may:{SLUG}")]))], "q"),
        clock: Arc::new(SystemClock),
        entropy: Entropy::seeded(1),
        probes,
        root_url: "https://house.example".to_owned(),
        requests: Limits::new(most),
        waiting_workers: Limits::new(10),
        body_limit: 1000,
        graph_limit: 1000,
        deadline: Duration::from_secs(20),
        upload_deadline: Duration::from_secs(20),
    }
}

#[tokio::test]
async fn routes_match_the_path_as_it_was_sent() {
    let house = House::start().await;
    let cases = [
        ("/file/a/b", 200, json!({ "name": "a/b" })),
        ("/file/a%2Fb%20c/", 200, json!({ "name": "a/b c/" })),
        ("/file/special", 200, json!("special")),
        ("/file/special/", 200, json!("special")),
        ("/q/p%2Fw", 200, json!({ "taskQueueId": "p/w" })),
        ("/q/p%2Fw/counts", 200, json!({ "taskQueueId": "p/w" })),
        ("/q/p/w/counts", 200, json!({ "taskQueueId": "p/w" })),
        ("/q/p/w", 404, json!({ "error": "Not found" })),
        ("/Ping", 404, json!({ "error": "Not found" })),
        ("/file", 404, json!({ "error": "Not found" })),
        ("/nothing", 404, json!({ "error": "Not found" })),
    ];
    for (path, status, body) in cases {
        let seen = house.get(path).await;
        assert_eq!((seen.status, seen.json()), (status, body), "{path}");
    }
    assert_eq!(house.get("/file/").await.code(), (400, "InvalidRequestArguments".to_owned()));
    assert_eq!(house.get("/file/%zz").await.code(), (400, "InvalidRequestArguments".to_owned()));
}

#[tokio::test]
async fn other_methods_are_not_found_and_options_lists_them() {
    let house = House::start().await;
    assert_eq!(house.send("PATCH", "/ping", &[], "").await.status, 404);
    assert_eq!(house.send("DELETE", "/ping", &[], "").await.json(), json!({ "error": "Not found" }));
    let head = house.send("HEAD", "/ping", &[], "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    let options = house.send("OPTIONS", &format!("/task/{SLUG}"), &[], "").await;
    assert_eq!((options.status, options.header("allow")), (200, Some("GET,HEAD,POST")));
    assert!(options.header("access-control-allow-methods").unwrap().contains("PUT"));
    assert_eq!(house.send("OPTIONS", "/nothing", &[], "").await.status, 404);
}

#[tokio::test]
async fn the_first_failing_step_is_the_one_told() {
    let house = House::start().await;
    let json = [("Content-Type", "application/json")];
    let task = format!("/task/{SLUG}");
    let told = |seen: Seen| seen.code();
    let expect = |status: u16, code: &str| (status, code.to_owned());

    assert_eq!(told(house.get("/task/bad?x=1").await), expect(403, "InsufficientScopes"));
    let bad_token = [("Authorization", "Hawk id=\"me\", ts=\"1\", nonce=\"n\", mac=\"AAAA\"")];
    assert_eq!(told(house.send("GET", "/task/bad", &bad_token, "").await), expect(401, "AuthenticationFailed"));
    assert_eq!(
        told(house.signed("GET", &format!("{task}?x=1"), &[], "").await),
        expect(400, "InvalidRequestArguments")
    );
    assert_eq!(house.signed("GET", &task, &[], "").await.status, 200);

    let both = [json[0], bad_token[0]];
    assert_eq!(told(house.send("POST", &task, &both, "{").await), expect(400, "MalformedPayload"));
    assert_eq!(told(house.send("POST", "/task/bad", &both, "{}").await), expect(400, "InvalidRequestArguments"));
    assert_eq!(told(house.send("POST", &task, &bad_token, "{}").await), expect(400, "MalformedPayload"));
    assert_eq!(told(house.send("POST", &task, &both, "[]").await), expect(400, "InputValidationError"));
    let good = format!(r#"{{"workerGroup":"{SLUG}","workerId":"w"}}"#);
    assert_eq!(told(house.send("POST", &task, &both, &good).await), expect(401, "AuthenticationFailed"));
    assert_eq!(
        told(house.signed("POST", &task, &json, r#"{"workerGroup":"g","workerId":"w"}"#).await),
        expect(403, "InsufficientScopes")
    );
    let seen = house.signed("POST", &task, &json, &good).await;
    assert_eq!((seen.status, seen.json()["tasks"].clone()), (200, json!(1)));
    let long = "x".repeat(1001);
    assert_eq!(told(house.send("POST", &task, &json, &long).await), expect(413, "InputTooLarge"));
}

#[tokio::test]
async fn a_body_must_be_the_one_that_was_signed() {
    let house = House::start().await;
    let task = format!("/task/{SLUG}");
    let body = format!(r#"{{"workerGroup":"{SLUG}","workerId":"w"}}"#);
    let authorization = house.authorization("POST", &task, &hawk::payload_hash("application/json", body.as_bytes()));
    let headers = [("Content-Type", "application/json; charset=utf-8"), ("Authorization", &authorization)];
    assert_eq!(house.send("POST", &task, &headers, &body).await.status, 200);
    assert_eq!(house.send("POST", &task, &headers, &format!("{body} ")).await.status, 401);
}

#[tokio::test]
async fn an_error_tells_the_request_back() {
    let house = House::start().await;
    let seen =
        house.send("POST", &format!("/task/{SLUG}"), &[("Content-Type", "application/json")], r#"{"a":1}"#).await;
    let body = seen.json();
    assert_eq!(body["requestInfo"]["method"], "change");
    assert_eq!(body["requestInfo"]["params"], json!({ "taskId": SLUG }));
    assert_eq!(body["requestInfo"]["payload"], json!({ "a": 1 }));
    let message = body["message"].as_str().unwrap();
    assert!(
        message.contains(
            "\n\n---\n\n* method:     change\n* errorCode:  InputValidationError\n* statusCode: 400\n* time: "
        )
    );
    let refused = house.get(&format!("/task/{SLUG}")).await.json();
    assert_eq!(refused["details"]["required"], json!(format!("may:{SLUG}")));
}

#[tokio::test]
async fn every_answer_carries_the_common_headers() {
    let house = House::start().await;
    let seen = house.send("GET", "/ping", &[("x-taskcluster-trace-id", "t-1")], "").await;
    assert_eq!(seen.json()["alive"], true);
    assert_eq!(seen.header("x-for-trace-id"), Some("t-1"));
    assert_eq!(seen.header("x-for-request-id").map(str::len), Some(36));
    assert_eq!(seen.header("cache-control"), Some("no-store no-cache must-revalidate"));
    assert_eq!(seen.header("access-control-allow-origin"), Some("*"));
    let refused = house.send("GET", "/task/x", &[("Authorization", "Basic x")], "").await;
    assert_eq!(refused.header("www-authenticate"), Some("hawk"));
}

#[tokio::test]
async fn pages_are_at_most_a_thousand_and_tokens_are_our_own() {
    let house = House::start().await;
    let first = house.get("/list?limit=5000").await.json();
    assert_eq!((first["limit"].as_i64(), &first["after"]), (Some(1000), &Value::Null));
    assert_eq!(house.get("/list/?limit=0").await.json()["limit"], 1000);
    let next = first["next"].as_str().unwrap();
    assert_eq!(house.get(&format!("/list?limit=2&continuationToken={next}")).await.json()["after"], 7);
    let foreign = URL_SAFE_NO_PAD.encode(r#"["other",7]"#);
    for token in ["%7B%7D", "!!!", &foreign] {
        assert_eq!(house.get(&format!("/list?continuationToken={token}")).await.code(), (400, "InputError".to_owned()));
    }
    for query in ["limit=-1", "limit=", "colour=red", "limit=1&limit=2", "continuationToken="] {
        let told = house.get(&format!("/list?{query}")).await.code();
        assert_eq!(told, (400, "InvalidRequestArguments".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn more_requests_than_there_is_room_for_are_sent_away() {
    let house = House::with_requests(1).await;
    let (slow, second) = tokio::join!(house.get("/slow"), async {
        house.arrived.notified().await;
        let second = house.get("/ping").await;
        house.go_on.notify_one();
        second
    });
    assert_eq!((slow.status, second.code()), (204, (503, "ServiceUnavailable".to_owned())));
    assert_eq!(second.header("retry-after"), Some("1"));
    assert_eq!(house.get("/ping").await.status, 200);
}

#[tokio::test]
async fn open_requests_are_answered_before_the_server_ends() {
    let house = House::start().await;
    let (slow, ()) = tokio::join!(house.get("/slow"), async {
        house.arrived.notified().await;
        house.shutdown.trigger();
        house.go_on.notify_one();
    });
    assert_eq!(slow.status, 204);
    house.served.await.unwrap();
    assert!(TcpStream::connect(house.address).await.is_err());
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_ask() {
    let house = House::start().await;
    let plain = house.get("/big").await;
    let packed = house.send("GET", "/big", &[("Accept-Encoding", "gzip")], "").await;
    assert_eq!((plain.body.len(), packed.header("content-encoding")), (100_002, Some("gzip")));
    assert!(packed.body.len() < 1000);
    let short = house.send("GET", "/ping", &[("Accept-Encoding", "gzip")], "").await;
    assert_eq!(short.header("content-encoding"), None);
}

#[tokio::test]
async fn a_file_is_read_as_it_comes_and_may_be_big() {
    let house = House::start().await;
    assert_eq!(house.send("PUT", "/upload/x", &[], &"y".repeat(5000)).await.json(), 5000);
}

#[tokio::test]
async fn probes_and_references_are_answered_outside_the_api() {
    let house = House::start().await;
    assert_eq!(house.raw("GET", "/__heartbeat__", &[], "").await.json(), json!({}));
    assert_eq!(house.raw("GET", "/__version__", &[], "").await.json()["commit"], "c");
    assert!(house.raw("GET", "/robots.txt", &[], "").await.body.starts_with(b"User-Agent: *"));
    let manifest = house.raw("GET", "/references/manifest.json", &[], "").await.json();
    assert!(manifest["references"][0].as_str().unwrap().starts_with("https://house.example/references/"));
    let reference = house.raw("GET", "/references/queue/v1/api.json", &[], "").await.json();
    assert_eq!(reference["serviceName"], "queue");
    assert_eq!(house.raw("GET", "/elsewhere", &[], "").await.status, 404);
}
