mod env;
mod hostile;
mod unread_body;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use env::{SLUG, Seen, TestEnv};
use protocol::hawk;
use serde_json::{Value, json};
use tokio::net::TcpStream;

#[tokio::test]
async fn routes_match_the_path_as_it_was_sent() {
    let env = TestEnv::start().await;
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
        let seen = env.get(path).await;
        let mut outcome = seen.json();
        if let Some(fields) = outcome.as_object_mut() {
            fields.remove("message");
        }
        assert_eq!((seen.status, outcome), (status, body), "{path}");
    }
    assert_eq!(env.get("/file/").await.code(), (400, "InvalidRequestArguments".to_owned()));
    assert_eq!(env.get("/file/%zz").await.code(), (400, "InvalidRequestArguments".to_owned()));
}

#[tokio::test]
async fn other_methods_are_not_found_and_options_lists_them() {
    let env = TestEnv::start().await;
    assert_eq!(env.send("PATCH", "/ping", &[], "").await.status, 404);
    assert_eq!(env.send("DELETE", "/ping", &[], "").await.json()["error"], "Not found");
    let head = env.send("HEAD", "/ping", &[], "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    let options = env.send("OPTIONS", &format!("/task/{SLUG}"), &[], "").await;
    assert_eq!((options.status, options.header("allow")), (200, Some("GET,HEAD,POST")));
    assert!(options.header("access-control-allow-methods").unwrap().contains("PUT"));
    assert_eq!(env.send("OPTIONS", "/nothing", &[], "").await.status, 404);
}

#[tokio::test]
async fn the_first_failing_step_is_the_one_told() {
    let env = TestEnv::start().await;
    let json = [("Content-Type", "application/json")];
    let task = format!("/task/{SLUG}");
    let outcome = |seen: Seen| seen.code();
    let expect = |status: u16, code: &str| (status, code.to_owned());

    assert_eq!(outcome(env.get("/task/bad?x=1").await), expect(403, "InsufficientScopes"));
    let bad_token = [("Authorization", "Hawk id=\"me\", ts=\"1\", nonce=\"n\", mac=\"AAAA\"")];
    assert_eq!(outcome(env.send("GET", "/task/bad", &bad_token, "").await), expect(401, "AuthenticationFailed"));
    assert_eq!(
        outcome(env.signed("GET", &format!("{task}?x=1"), &[], "").await),
        expect(400, "InvalidRequestArguments")
    );
    assert_eq!(env.signed("GET", &task, &[], "").await.status, 200);

    let both = [json[0], bad_token[0]];
    assert_eq!(outcome(env.send("POST", &task, &both, "{").await), expect(400, "MalformedPayload"));
    assert_eq!(outcome(env.send("POST", "/task/bad", &both, "{}").await), expect(400, "InvalidRequestArguments"));
    assert_eq!(outcome(env.send("POST", &task, &bad_token, "{}").await), expect(400, "MalformedPayload"));
    assert_eq!(outcome(env.send("POST", &task, &both, "[]").await), expect(400, "InputValidationError"));
    let good = format!(r#"{{"workerGroup":"{SLUG}","workerId":"w"}}"#);
    assert_eq!(outcome(env.send("POST", &task, &both, &good).await), expect(401, "AuthenticationFailed"));
    assert_eq!(
        outcome(env.signed("POST", &task, &json, r#"{"workerGroup":"g","workerId":"w"}"#).await),
        expect(403, "InsufficientScopes")
    );
    let seen = env.signed("POST", &task, &json, &good).await;
    assert_eq!((seen.status, seen.json()["tasks"].clone()), (200, json!(1)));
    let long = "x".repeat(1001);
    assert_eq!(outcome(env.send("POST", &task, &json, &long).await), expect(413, "InputTooLarge"));
}

#[tokio::test]
async fn a_body_must_be_the_one_that_was_signed() {
    let env = TestEnv::start().await;
    let task = format!("/task/{SLUG}");
    let body = format!(r#"{{"workerGroup":"{SLUG}","workerId":"w"}}"#);
    let authorization = env.authorization("POST", &task, &hawk::payload_hash("application/json", body.as_bytes()));
    let headers = [("Content-Type", "application/json; charset=utf-8"), ("Authorization", &authorization)];
    assert_eq!(env.send("POST", &task, &headers, &body).await.status, 200);
    assert_eq!(env.send("POST", &task, &headers, &format!("{body} ")).await.status, 401);
}

#[tokio::test]
async fn an_error_tells_the_request_back() {
    let env = TestEnv::start().await;
    let seen = env.send("POST", &format!("/task/{SLUG}"), &[("Content-Type", "application/json")], r#"{"a":1}"#).await;
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
    let refused = env.get(&format!("/task/{SLUG}")).await.json();
    assert_eq!(refused["details"]["required"], json!(format!("may:{SLUG}")));
    assert_eq!(refused["details"]["smallestGrant"], json!([format!("may:{SLUG}")]));
    assert!(refused["message"].as_str().unwrap().contains("role `anonymous`"), "{refused}");
}

#[tokio::test]
async fn every_refused_value_has_its_pointer() {
    let env = TestEnv::start().await;
    let json = [("Content-Type", "application/json")];
    let task = format!("/task/{SLUG}");
    let pointers = |seen: Seen| {
        let errors = seen.json()["details"]["faults"].as_array().cloned().unwrap_or_default();
        assert!(errors.iter().all(|error| error["expected"].is_string() && error["got"].is_string()), "{errors:?}");
        errors.iter().map(|error| error["pointer"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let body = r#"{"workerGroup":5,"workerId":"w","tasks":"many"}"#;
    assert_eq!(pointers(env.send("POST", &task, &json, body).await), ["/payload/tasks", "/payload/workerGroup"]);
    assert_eq!(pointers(env.send("POST", &task, &json, "{").await), ["/payload"]);
    assert_eq!(pointers(env.send("POST", &task, &[("Content-Type", "text/plain")], "x").await), ["/payload"]);
    assert_eq!(pointers(env.send("POST", "/task/bad", &json, "{}").await), ["/params/taskId"]);
    assert_eq!(pointers(env.get("/list?limit=ten&colour=red").await), ["/query/limit", "/query/colour"]);
    assert_eq!(pointers(env.get("/list?continuationToken=x").await), ["/query/continuationToken"]);
}

#[tokio::test]
async fn an_error_about_a_private_body_tells_nothing_of_it() {
    let env = TestEnv::start().await;
    let json = [("Content-Type", "application/json")];
    for body in [r#"{"workerId":"hunter-2","tasks":"hunter-2","more":"hunter-2"}"#, r#"["hunter-2"]"#, r#"{"hunter-2"#]
    {
        let seen = env.send("POST", "/hush", &json, body).await;
        assert_eq!(seen.status, 400);
        assert!(!String::from_utf8_lossy(&seen.body).contains("hunter-2"), "{body}");
    }
    let seen = env.send("POST", "/hush", &json, r#"{"workerId":5}"#).await.json();
    assert_eq!(seen["requestInfo"]["payload"], json!({ "workerId": "(OMITTED)" }));
}

#[tokio::test]
async fn every_answer_carries_the_common_headers() {
    let env = TestEnv::start().await;
    let seen = env.send("GET", "/ping", &[("x-taskcluster-trace-id", "t-1")], "").await;
    assert_eq!(seen.json()["alive"], true);
    assert_eq!(seen.header("x-for-trace-id"), Some("t-1"));
    assert_eq!(seen.header("x-for-request-id").map(str::len), Some(36));
    assert_eq!(seen.header("cache-control"), Some("no-store no-cache must-revalidate"));
    assert_eq!(seen.header("access-control-allow-origin"), Some("*"));
    let lists = |name: &str, expected: &[&str]| {
        let listed: Vec<&str> = seen.header(name).unwrap().split(',').collect();
        assert!(expected.iter().all(|name| listed.contains(name)), "{name}: {listed:?}");
    };
    lists(
        "access-control-expose-headers",
        &[
            "x-for-request-id",
            "x-for-trace-id",
            "x-taskcluster-trace-id",
            "content-range",
            "accept-ranges",
            "repr-digest",
        ],
    );
    lists("access-control-allow-headers", &["x-taskcluster-trace-id", "Authorization", "Range", "Last-Event-ID"]);
    let refused = env.send("GET", "/task/x", &[("Authorization", "Basic x")], "").await;
    assert_eq!(refused.header("www-authenticate"), Some("hawk"));
    let long = env.send("GET", "/ping", &[("x-taskcluster-trace-id", &"t".repeat(1000))], "").await;
    assert_eq!(long.header("x-for-trace-id").map(str::len), Some(36), "a response repeats no long header");
}

#[tokio::test]
async fn pages_are_at_most_a_thousand_and_tokens_are_our_own() {
    let env = TestEnv::start().await;
    let first = env.get("/list?limit=5000").await.json();
    assert_eq!((first["limit"].as_i64(), &first["after"]), (Some(1000), &Value::Null));
    assert_eq!(env.get("/list/?limit=0").await.json()["limit"], 1000);
    let next = first["next"].as_str().unwrap();
    assert_eq!(env.get(&format!("/list?limit=2&continuationToken={next}")).await.json()["after"], 7);
    let foreign = URL_SAFE_NO_PAD.encode(r#"["other",7]"#);
    for token in ["%7B%7D", "!!!", &foreign] {
        assert_eq!(env.get(&format!("/list?continuationToken={token}")).await.code(), (400, "InputError".to_owned()));
    }
    for query in ["limit=-1", "limit=", "colour=red", "limit=1&limit=2", "continuationToken="] {
        let outcome = env.get(&format!("/list?{query}")).await.code();
        assert_eq!(outcome, (400, "InvalidRequestArguments".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn more_requests_than_there_is_room_for_are_sent_away() {
    let env = TestEnv::with_requests(1).await;
    let (slow, second) = tokio::join!(env.get("/slow"), async {
        env.arrived.notified().await;
        let second = env.get("/ping").await;
        env.go_on.notify_one();
        second
    });
    assert_eq!((slow.status, second.code()), (204, (503, "ServiceUnavailable".to_owned())));
    assert_eq!(second.header("retry-after"), Some("1"));
    assert_eq!(env.get("/ping").await.status, 200);
}

#[tokio::test]
async fn a_panic_is_an_error_like_others_and_the_connection_goes_on() {
    let env = TestEnv::start().await;
    let seen = env.get("/panic").await;
    assert_eq!(seen.code(), (500, "InternalServerError".to_owned()));
    assert_eq!(seen.json()["requestInfo"]["method"], "panic");
    assert!(!String::from_utf8_lossy(&seen.body).contains("a bug"));
    assert_eq!(seen.header("access-control-allow-origin"), Some("*"));
    assert_eq!(env.http.limiters.requests.taken(), 0);
}

#[tokio::test]
async fn open_requests_are_answered_before_the_server_ends() {
    let mut env = TestEnv::start().await;
    let (slow, ()) = tokio::join!(env.get("/slow"), async {
        env.arrived.notified().await;
        env.shutdown.trigger();
        env.go_on.notify_one();
    });
    assert_eq!(slow.status, 204);
    env.served.join_next().await.unwrap().unwrap();
    assert!(TcpStream::connect(env.address).await.is_err());
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_ask() {
    let env = TestEnv::start().await;
    let plain = env.get("/big").await;
    let packed = env.send("GET", "/big", &[("Accept-Encoding", "gzip")], "").await;
    assert_eq!((plain.body.len(), packed.header("content-encoding")), (100_002, Some("gzip")));
    assert!(packed.body.len() < 1000);
    let short = env.send("GET", "/ping", &[("Accept-Encoding", "gzip")], "").await;
    assert_eq!(short.header("content-encoding"), None);
}

#[tokio::test]
async fn a_file_is_read_as_it_comes_and_may_be_big() {
    let env = TestEnv::start().await;
    assert_eq!(env.send("PUT", "/upload/x", &[], &"y".repeat(5000)).await.json(), 5000);
}

#[tokio::test]
async fn probes_and_references_are_answered_outside_the_api() {
    let env = TestEnv::start().await;
    assert_eq!(env.raw("GET", "/__heartbeat__", &[], "").await.json(), json!({}));
    assert_eq!(env.raw("GET", "/__version__", &[], "").await.json()["commit"], "c");
    assert!(env.raw("GET", "/robots.txt", &[], "").await.body.starts_with(b"User-Agent: *"));
    let manifest = env.raw("GET", "/references/manifest.json", &[], "").await.json();
    assert!(manifest["references"][0].as_str().unwrap().starts_with("https://env.example/references/"));
    let reference = env.raw("GET", "/references/queue/v1/api.json", &[], "").await.json();
    assert_eq!(reference["serviceName"], "queue");
    assert_eq!(env.raw("GET", "/elsewhere", &[], "").await.status, 404);
    let unknown = env.raw("GET", "/api/queue/v1/nothing", &[], "").await;
    assert_eq!((unknown.status, unknown.json()), (404, json!({ "error": "Not found" })));
    assert_eq!(unknown.header("link"), Some("</references/queue/v1/api.json>; rel=\"describedby\""));
}

#[tokio::test]
async fn a_service_that_is_not_here_says_so_as_any_error_does() {
    let env = TestEnv::start().await;
    let asked = [("GET", "/api/github/v1/ping"), ("POST", "/api/github/v1/github"), ("PUT", "/api/web-server/v1/x")];
    for (method, path) in asked {
        let missing = env.raw(method, path, &[], "{}").await;
        let body = missing.json();
        assert_eq!((missing.status, body["code"].as_str()), (404, Some("ResourceNotFound")), "{path}");
        let message = body["message"].as_str().unwrap();
        let service = path.split('/').nth(2).unwrap();
        assert!(message.contains(&format!("`{service}`")) && message.contains("* statusCode: 404"), "{message}");
        assert_eq!(body["requestInfo"]["method"], format!("{method} {path}"));
        assert_eq!((&body["requestInfo"]["params"], body.get("alive")), (&json!({}), None));
    }
}
