//! What callers who mean harm cost, counted in bytes and permits and not in seconds.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::yield_now,
};

use super::{
    super::error_body::MAX_ERROR_BODY,
    env::{SLUG, Seen, TestEnv},
};
use crate::{ApiSettings, CallerLimits};

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn limited(limits: CallerLimits) -> ApiSettings {
    ApiSettings { limits, ..ApiSettings::default() }
}

/// A connection that has sent the head of a request and one byte of its body.
async fn slow_body(env: &TestEnv) -> TcpStream {
    let mut stream = TcpStream::connect(env.address).await.unwrap();
    let head = format!("POST /api/queue/v1/task/{SLUG} HTTP/1.1\r\nHost: env\r\nContent-Length: 5000\r\n\r\n{{");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn status_of(mut stream: TcpStream) -> String {
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

fn bounded(seen: &Seen) -> (u16, String) {
    assert!(seen.body.len() <= MAX_ERROR_BODY, "{} bytes", seen.body.len());
    seen.code()
}

#[tokio::test]
async fn a_large_body_of_somebody_without_a_chance_is_not_looked_at() {
    let env = TestEnv::with(ApiSettings::default()).await;
    let task = format!("/task/{SLUG}");
    let refused = (403, "InsufficientScopes".to_owned());
    for body in [format!("{{\"tasks\":[{}1]}}", "1,".repeat(1_000_000)), "{".repeat(2_000_000)] {
        assert_eq!(bounded(&env.send("POST", &task, &[JSON], &body).await), refused);
        let outsider = [JSON, ("Authorization", "Hawk id=\"me\", ts=\"1\", nonce=\"n\", mac=\"AAAA\"")];
        assert_eq!(bounded(&env.send("POST", &task, &outsider, &body).await), (401, "AuthenticationFailed".into()));
    }
    assert_eq!(bounded(&env.send("POST", &task, &[JSON], "{").await), (400, "MalformedPayload".into()));
    assert_eq!(env.http.bodies.memory.taken(), 0);
}

#[tokio::test]
async fn a_large_body_that_is_wrong_everywhere_has_a_short_answer() {
    let env = TestEnv::with(ApiSettings::default()).await;
    let task = format!("/task/{SLUG}");
    let keys: Vec<String> = (0..100_000).map(|n| format!("\"unknown-{n}\":1")).collect();
    let bodies = [
        format!("{{\"workerId\":[{}1]}}", "1,".repeat(1_000_000)),
        format!("{{{}}}", keys.join(",")),
        format!("{{\"{}\":1}}", "k".repeat(2_000_000)),
        format!("{{{}}}", keys[..500].join(",")),
    ];
    for body in bodies {
        let seen = env.signed("POST", &task, &[JSON], &body).await;
        assert_eq!(bounded(&seen), (400, "InputValidationError".to_owned()));
        assert_eq!(seen.json()["requestInfo"]["payload"], "(OMITTED)");
        assert!((1..=50).contains(&seen.json()["details"]["faults"].as_array().unwrap().len()));
    }
}

#[tokio::test]
async fn a_request_that_nobody_signed_may_have_a_smaller_body() {
    let env = TestEnv::with(ApiSettings::default()).await;
    let body = |items: usize| format!("{{\"workerId\":[{}1]}}", "1,".repeat(items));
    assert_eq!(bounded(&env.send("POST", "/hush", &[JSON], &body(1_000_000)).await), (413, "InputTooLarge".into()));
    let seen = env.send("POST", "/hush", &[JSON], &body(400_000)).await;
    assert_eq!(bounded(&seen), (400, "InputValidationError".into()));
}

#[tokio::test]
async fn bodies_on_their_way_take_no_permits() {
    let env = TestEnv::with(ApiSettings { max_requests: 8, ..ApiSettings::default() }).await;
    let mut slow = Vec::new();
    for _ in 0..50 {
        slow.push(slow_body(&env).await);
    }
    while env.http.bodies.receiving.taken() < slow.len() {
        yield_now().await;
    }
    assert_eq!(env.http.limiters.requests.taken(), 0);
    assert_eq!(env.get("/ping").await.status, 200);
    assert_eq!(env.signed("GET", &format!("/task/{SLUG}"), &[], "").await.status, 200);
    drop(slow);
    while env.http.bodies.receiving.taken() > 0 {
        yield_now().await;
    }
}

#[tokio::test]
async fn an_address_has_only_so_many_bodies_on_their_way() {
    let env = TestEnv::with(limited(CallerLimits { bodies_per_address: 5, ..CallerLimits::default() })).await;
    let mut slow = Vec::new();
    for _ in 0..5 {
        slow.push(slow_body(&env).await);
    }
    while env.http.bodies.receiving.taken() < 5 {
        yield_now().await;
    }
    assert_eq!(status_of(slow_body(&env).await).await, "HTTP/1.1 503");
    assert_eq!(env.get("/ping").await.status, 200);
    let unsigned = env.send("POST", &format!("/task/{SLUG}"), &[JSON], "{}").await;
    assert_eq!(unsigned.status, 400, "a body that comes with its head does not wait for others");
    let body = format!(r#"{{"workerGroup":"{SLUG}","workerId":"w"}}"#);
    assert_eq!(env.signed("POST", &format!("/task/{SLUG}"), &[JSON], &body).await.status, 200);
}

#[tokio::test]
async fn permits_are_kept_for_those_who_sign() {
    let env = TestEnv::with(ApiSettings { max_requests: 8, ..ApiSettings::default() }).await;
    let slow = async {
        // Of eight, two are kept for signed requests and one for workers.
        let all = (0..5).map(|_| env.get("/slow"));
        futures_util::future::join_all(all).await
    };
    let (slow, ()) = tokio::join!(slow, async {
        while env.http.limiters.requests.taken() < 5 {
            yield_now().await;
        }
        assert_eq!(env.get("/ping").await.code(), (503, "ServiceUnavailable".to_owned()));
        assert_eq!(env.signed("GET", &format!("/task/{SLUG}"), &[], "").await.status, 200);
        for _ in 0..5 {
            env.go_on.notify_one();
            yield_now().await;
        }
        while env.http.limiters.requests.taken() > 0 {
            env.go_on.notify_one();
            yield_now().await;
        }
    });
    assert!(slow.iter().all(|seen| seen.status == 204));
}

#[tokio::test]
async fn an_address_has_only_so_many_connections_until_it_signs() {
    let env = TestEnv::with(limited(CallerLimits { connections_per_address: 2, ..CallerLimits::default() })).await;
    let path = format!("/task/{SLUG}");
    let authorization = env.authorization("GET", &path, "");
    let signed =
        format!("GET /api/queue/v1{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\n\r\n", env.address);
    let (mut one, _two) =
        (TcpStream::connect(env.address).await.unwrap(), TcpStream::connect(env.address).await.unwrap());
    assert_eq!(status_of(TcpStream::connect(env.address).await.unwrap()).await, "HTTP/1.1 503");
    one.write_all(signed.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    one.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    assert_eq!(env.get("/ping").await.status, 200, "a connection in which somebody signed is not counted");
}

#[tokio::test]
async fn a_large_reply_is_counted_until_it_is_read() {
    let env = TestEnv::start().await;
    let mut stream = TcpStream::connect(env.address).await.unwrap();
    stream.write_all(b"GET /api/queue/v1/huge HTTP/1.1\r\nHost: env\r\n\r\n").await.unwrap();
    while env.http.bodies.memory.taken() == 0 {
        yield_now().await;
    }
    assert_eq!(env.http.limiters.requests.taken(), 0, "the request is done, only its response is not taken");
    drop(stream);
    while env.http.bodies.memory.taken() > 0 {
        yield_now().await;
    }
}

#[tokio::test]
async fn an_authorization_header_may_be_64_kilobytes_long() {
    let env = TestEnv::start().await;
    let path = format!("/task/{SLUG}");
    let get = async |scopes: usize| {
        let ext = STANDARD.encode(json!({ "authorizedScopes": vec![format!("may:{SLUG}"); scopes] }).to_string());
        let authorization = env.authorization_with("GET", &path, "", &ext);
        (authorization.len(), env.send("GET", &path, &[("Authorization", &authorization)], "").await.status)
    };
    let (length, status) = get(1600).await;
    assert!(length > 60_000 && status == 200, "{length} {status}");
    let (length, status) = get(2000).await;
    assert!(length > 70_000 && status == 401, "{length} {status}");
}

#[tokio::test]
async fn a_long_query_or_path_has_a_short_answer() {
    let env = TestEnv::start().await;
    let keys = (0..6000).map(|n| format!("k{n}=1")).collect::<Vec<_>>().join("&");
    for path in
        [format!("/list?{keys}"), format!("/task/{}", "x".repeat(60_000)), format!("/list?{}", "x".repeat(60_000))]
    {
        let seen = env.signed("GET", &path, &[], "").await;
        assert!(seen.status == 400 || seen.status == 403, "{}", seen.status);
        bounded(&seen);
    }
}
