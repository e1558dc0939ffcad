//! A service is added by a folder of its own and one line in a list, and then has all that the others have.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{path::Path, time::Duration};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Drover, TestDirectory};
use tokio::{
    process::Command,
    time::{sleep, timeout},
};

const SOON: Duration = Duration::from_secs(30);
const PROGRAM: &str = env!("CARGO_BIN_EXE_example_service");

async fn printed(arguments: &[&str]) -> String {
    let output = Command::new(PROGRAM).args(arguments).output().await.unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn document(root: &str, path: &str) -> Value {
    let text = reqwest::get(format!("{root}/{path}")).await.unwrap().text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error} in {text}"))
}

#[tokio::test]
async fn its_settings_and_its_role_are_known_to_the_command_line() {
    let manual = printed(&["config", "explain", "example"]).await;
    assert!(
        manual.contains("example.count_interval") && manual.contains("How often greetings are counted."),
        "{manual}"
    );
    let shown = printed(&["config", "show", "-o", "json", "--set", "example.word=Hi"]).await;
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["example"]["word"], "Hi");
    let roles: Value = serde_json::from_str(&printed(&["config", "roles", "-o", "json"]).await).unwrap();
    let role = roles.as_array().unwrap().iter().find(|role| role["name"] == "example");
    assert_eq!(role.unwrap()["about"], "counts greetings");
    assert!(printed(&["serve", "--help"]).await.contains(", example, or all"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_endpoint_event_actor_and_references_are_served() {
    let folder = TestDirectory::new();
    let flags = ["--workers", "0", "--set", "example.word=Hi", "--set", "example.count_interval=50ms"];
    let drover = Drover::start_program(Path::new(PROGRAM), folder.path(), &flags).await;
    let (root, client) = (drover.root_url().to_owned(), drover.client());

    let greeted = client.send_to("example", Method::POST, "greet/ada", None, &[]).await.unwrap().ok();
    assert_eq!(greeted, json!({ "name": "ada", "greeting": "Hi, ada" }));
    let again = client.send_to("example", Method::POST, "greet/ada", None, &[]).await.unwrap().ok();
    assert_eq!(again, greeted, "a repeat is harmless");
    let refused = client.send_to("example", Method::POST, "greet/a.b", None, &[]).await.unwrap();
    assert_eq!((refused.status, refused.code()), (400, "InputError"), "a dot cannot be part of a routing key");
    let anonymous = reqwest::Client::new().post(format!("{root}/api/example/v1/greet/ada")).send().await.unwrap();
    assert_eq!(anonymous.status(), 403);

    let counted = async {
        while document(&root, "api/example/v1/greetings").await["counted"] != 2 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, counted).await.expect("the periodic actor counts");
    timeout(SOON, event_of_ada(&root)).await.expect("the event is in the stream");

    let api = document(&root, "references/example/v1/api.json").await;
    assert_eq!(api["entries"][1]["output"], "v1/greeting.json#");
    let exchanges = document(&root, "references/example/v1/exchanges.json").await;
    assert_eq!(exchanges["exchangePrefix"], "exchange/taskcluster-example/v1/");
    assert_eq!(document(&root, "schemas/example/v1/greeted-message.json").await["title"], "Greeted");
    let manifest = document(&root, "references/manifest.json").await["references"].to_string();
    assert!(manifest.contains("/references/example/v1/api.json"), "{manifest}");
    drover.stop().await;
}

/// Waits for the first event of the service from the beginning of the log on.
async fn event_of_ada(root: &str) {
    let bindings = json!([{ "exchange": "greeted", "routingKeyPattern": "primary.ada.#" }]).to_string();
    let query = [("bindings", bindings.as_str()), ("lastEventId", "0")];
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let mut stream = reqwest::get(format!("{root}/api/events/v1/connect/?{}", query.join("&"))).await.unwrap();
    let mut text = String::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        if text.contains(r#""greeting":"Hi, ada""#) && text.contains("exchange/taskcluster-example/v1/greeted") {
            return;
        }
    }
    panic!("the stream ended: {text}");
}

/// Percent-encoded.
fn encoded(text: &str) -> String {
    percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string()
}
