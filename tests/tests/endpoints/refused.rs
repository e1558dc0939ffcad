//! Requests that each endpoint must refuse.

use reqwest::Method;
use serde_json::json;
use tests::{Client, Drover, TestDirectory};

use super::{endpoints, name, path};

/// Endpoints without scopes, parameters and body: there is nothing to refuse.
const NEVER_REFUSED: [&str; 7] =
    ["ping", "lbheartbeat", "version", "heartbeat", "currentScopes", "testAuthenticateGet", "session"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_endpoint_refuses_a_client_with_a_wrong_token_or_a_bad_request() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0", "--set", "auth.public_read=false"]).await;
    let unknown = Client::new(drover.root_url(), "static/tests/nobody", "another-token-0123456789");
    let mut problems = Vec::new();
    for (service, endpoint) in endpoints() {
        let method: Method = endpoint.method.as_str().to_uppercase().parse().unwrap();
        let body = endpoint.input.as_ref().map(|_| json!({ "none of": "its fields" }));
        let path = path(endpoint, |_| "a b\u{7f}".to_owned());
        let answer = unknown.send_to(&service.service_name, method, &path, body.as_ref(), &[]).await.unwrap();
        let is_refused = (400..500).contains(&answer.status) && (!answer.code().is_empty() || answer.status == 404);
        if !is_refused && !NEVER_REFUSED.contains(&endpoint.name.as_str()) {
            problems.push(format!("{}: {answer:?}", name(service, endpoint)));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    drover.stop().await;
}
