//! Sessions of the page, against a real `drover dev`: what a cookie may do, and for whom it does nothing.

#![allow(clippy::unwrap_used, reason = "tests")]

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tests::{Drover, TestDirectory, definition};

const OWN: [(&str, &str); 2] = [("sec-fetch-site", "same-origin"), ("x-drover-ui", "1")];
const TASK: &str = "fN1SbArXTPSVFNUvaOlinQ";

/// A browser: it sends these headers, and its cookie with every request.
struct Browser {
    http: reqwest::Client,
    root_url: String,
    cookie: String,
}

struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Browser {
    fn new(drover: &Drover) -> Self {
        Self { http: reqwest::Client::new(), root_url: drover.root_url().to_owned(), cookie: String::new() }
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Seen {
        let mut request = self.http.request(method, format!("{}{path}", self.root_url)).header("cookie", &self.cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default();
        Seen { status, headers, body }
    }

    async fn sign_in(&mut self, body: Value) -> Seen {
        let seen = self.send(Method::POST, "/api/drover/v1/session", &OWN, Some(body)).await;
        if let Some(set) = seen.headers.get("set-cookie") {
            set.to_str().unwrap().split(';').next().unwrap().clone_into(&mut self.cookie);
        }
        seen
    }

    async fn session(&self) -> Value {
        self.send(Method::GET, "/api/drover/v1/session", &OWN, None).await.body
    }

    async fn create_task(&self, headers: &[(&str, &str)]) -> StatusCode {
        let body = definition("tests/sessions", &json!({}));
        self.send(Method::PUT, &format!("/api/queue/v1/task/{TASK}"), headers, Some(body)).await.status
    }
}

fn token(drover: &Drover) -> Value {
    let (client_id, access_token) = drover.credentials();
    json!({ "clientId": client_id, "accessToken": access_token })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_signs_in_once_and_its_cookie_signs_requests_of_the_page() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let link = drover.client().send_to("drover", Method::POST, "session/link", None, &[]).await.unwrap().ok();
    let link = link["url"].as_str().unwrap().split_once("/login/once#").unwrap().1.to_owned();

    let mut browser = Browser::new(&drover);
    assert_eq!(browser.create_task(&OWN).await, StatusCode::FORBIDDEN);
    let seen = browser.sign_in(json!({ "link": link })).await;
    let set = seen.headers["set-cookie"].to_str().unwrap();
    assert!(set.contains("; HttpOnly; SameSite=Lax; Max-Age=28800"), "{set}");
    assert_eq!(browser.session().await["clientId"], drover.credentials().0);
    assert_eq!(browser.create_task(&OWN).await, StatusCode::OK);

    let mut other = Browser::new(&drover);
    assert_eq!(other.sign_in(json!({ "link": link })).await.status, StatusCode::UNAUTHORIZED, "it is used up");
    drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_origin_and_a_form_can_do_nothing_with_the_cookie() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0", "--set", "auth.public_read=false"]).await;
    let mut browser = Browser::new(&drover);
    browser.sign_in(token(&drover)).await;

    for headers in [
        &[("sec-fetch-site", "cross-site"), ("x-drover-ui", "1")][..],
        &[("sec-fetch-site", "same-site"), ("x-drover-ui", "1")],
        &[("origin", "http://127.0.0.1:1"), ("x-drover-ui", "1")],
        &[("origin", "null"), ("x-drover-ui", "1")],
        &[("x-drover-ui", "1")],
        // What a form on the page itself would send.
        &[("sec-fetch-site", "same-origin")],
    ] {
        assert_eq!(browser.create_task(headers).await, StatusCode::FORBIDDEN, "{headers:?}");
    }
    let foreign = [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example.com")];
    for path in ["/api/secrets/v1/secrets", "/api/auth/v1/clients/"] {
        let seen = browser.send(Method::GET, path, &foreign, None).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN, "{path}");
        assert!(!seen.headers.contains_key("access-control-allow-credentials"));
        assert_eq!(browser.send(Method::GET, path, &OWN[..1], None).await.status, StatusCode::OK, "{path}");
    }
    let preflight = [("origin", "https://evil.example.com"), ("access-control-request-headers", "x-drover-ui")];
    let seen = browser.send(Method::OPTIONS, "/api/drover/v1/session", &preflight, None).await;
    assert!(!seen.headers["access-control-allow-headers"].to_str().unwrap().contains("x-drover-ui"));
    drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_when_it_is_ended_and_with_its_client() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let mut browser = Browser::new(&drover);
    assert_eq!(
        browser.sign_in(json!({ "clientId": "nobody", "accessToken": "x" })).await.status,
        StatusCode::UNAUTHORIZED
    );
    browser.sign_in(token(&drover)).await;
    let end = browser.send(Method::POST, "/api/drover/v1/session/end", &OWN, None).await;
    assert!(end.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(browser.create_task(&OWN).await, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.session().await["ended"], true);

    let client = json!({ "description": "a person", "expires": tests::seconds_from_now(3600), "scopes": ["queue:create-task:*"] });
    let root = drover.client();
    let created = root.send_to("auth", Method::PUT, "clients/person", Some(&client), &[]).await.unwrap().ok();
    browser.sign_in(json!({ "clientId": "person", "accessToken": created["accessToken"] })).await;
    assert_eq!(browser.session().await["clientId"], "person");
    root.send_to("auth", Method::POST, "clients/person/reset", None, &[]).await.unwrap().ok();
    assert_eq!(browser.session().await["ended"], true);
    drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_at_every_place_and_hides_no_answer_for_programs() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let browser = Browser::new(&drover);
    let html = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    for path in ["/", "/tasks/groups/abc", "/login/once", "/tasks/index/a.b"] {
        let seen = browser.send(Method::GET, path, &html, None).await;
        let policy = seen.headers["content-security-policy"].to_str().unwrap();
        assert!(seen.status == StatusCode::OK && policy.contains("require-trusted-types-for 'script'"), "{path}");
        assert_eq!(seen.headers["cache-control"], "no-cache");
        assert_eq!(browser.send(Method::GET, path, &[], None).await.body, json!({ "error": "Not found" }));
    }
    for path in ["/api/nope", "/api/queue/v1/nope", "/references/nope", "/schemas/nope", "/__nope__"] {
        let seen = browser.send(Method::GET, path, &html, None).await;
        assert_eq!((seen.status, seen.body), (StatusCode::NOT_FOUND, json!({ "error": "Not found" })), "{path}");
    }
    assert_eq!(browser.send(Method::POST, "/tasks", &html, None).await.status, StatusCode::NOT_FOUND);
    drover.stop().await;
}
