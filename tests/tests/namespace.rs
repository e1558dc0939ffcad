//! One setting names the prefix of all external exchanges.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use protocol::id::TaskId;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Client, Drover, Seed, TestDirectory, definition, program};
use tokio::time::{sleep, timeout};

const SOON: Duration = Duration::from_secs(30);
const NAMESPACE: &str = "bus.pulse_namespace=stage.taskcluster";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchanges_references_and_subscriptions_share_the_namespace() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0", "--set", NAMESPACE]).await;
    let (root, client) = (drover.root_url(), drover.client());

    let reference =
        reqwest::get(format!("{root}/references/queue/v1/exchanges.json")).await.unwrap().text().await.unwrap();
    let reference: Value = serde_json::from_str(&reference).unwrap();
    let prefix = reference["exchangePrefix"].as_str().unwrap();
    assert_eq!(prefix, "exchange/stage.taskcluster-queue/v1/");

    let id = TaskId::from_random(Seed::choose("namespace").rng().uuid_bytes());
    let task = definition("tests/namespace", &json!({"routes": ["index.stage.latest"]}));
    client.create(id, &task).await.unwrap().ok();
    client.claim_work("tests/namespace", "w", 1).await.unwrap().ok();
    client.run(id, 0, "completed", &json!({})).await.unwrap().ok();

    let indexed = async {
        // The index listens to the exchange that the relay sends to.
        while client.send_to("index", Method::GET, "task/stage.latest", None, &[]).await.unwrap().status != 200 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, indexed).await.expect("the task is found in the index");
    let event = timeout(SOON, first_event(&client, &format!("{prefix}task-completed"))).await.unwrap();
    assert!(event.contains(&format!("\"exchange\":\"{prefix}task-completed\"")), "{event}");
    drover.stop().await;
}

/// The first event of this exchange in the event log.
async fn first_event(client: &Client, exchange: &str) -> String {
    let bindings = json!([{ "exchange": exchange }]).to_string();
    let path = "/api/events/v1/connect/";
    let url = reqwest::Url::parse_with_params(&format!("http://host{path}"), [("bindings", bindings)]).unwrap();
    let url = client.signed_url(&format!("{path}?{}", url.query().unwrap()));
    let request = reqwest::Client::new().get(url).header("last-event-id", "0");
    let mut answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut text = String::new();
    while !text.contains("\"payload\"") {
        text += std::str::from_utf8(&answer.chunk().await.unwrap().expect("the stream continues")).unwrap();
    }
    text
}

#[tokio::test]
async fn an_invalid_namespace_is_refused_with_the_name_of_the_setting() {
    let folder = TestDirectory::new();
    let data = folder.path().join("data");
    let flags = ["dev", "--listen", "127.0.0.1:0", "--set", "bus.pulse_namespace=a/b", "--data-dir"];
    let output = timeout(2 * SOON, program().args(flags).arg(data).output()).await.unwrap().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains("`bus.pulse_namespace`") && words.contains("`a/b`"), "{words}");
}
