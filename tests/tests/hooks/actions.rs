//! The hooks that come with Drover, from a request to what their actions do.

use std::time::{Duration, Instant};

use protocol::id::TaskId;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Client, Drover, Seed, TestDirectory, definition};
use tokio::time::sleep;

use super::WITHIN;

const HOOK: &str = "hooks/drover/retrigger";

#[tokio::test]
async fn a_built_in_hook_does_what_its_role_allows() {
    let rng = Seed::choose("actions").rng();
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let client = drover.client();
    let target = TaskId::from_random(rng.uuid_bytes());
    client.create(target, &definition("tests/target", &json!({}))).await.unwrap().ok();

    let refused = hooks(&client, Method::DELETE, HOOK, None).await;
    assert_eq!((refused.status, refused.code()), (409, "RequestConflict"));
    let payload = json!({ "user": { "taskId": target, "taskGroupId": target, "input": {} } });
    let refused = hooks(&client, Method::POST, &format!("{HOOK}/trigger"), Some(&payload)).await;
    assert_eq!((refused.status, refused.code()), (403, "InsufficientScopes"), "nobody has given it anything");

    grant(
        &client,
        &["queue:create-task:lowest:built-in/action", "queue:create-task:project:none", "queue:scheduler-id:-"],
    )
    .await;
    let (state, result) = act(&client, &payload).await;
    let words = result["error"]["message"].as_str().unwrap_or_else(|| panic!("{result}"));
    assert!(state == "failed" && words.contains("queue:create-task:lowest:tests/target"), "{state}: {words}");

    grant(&client, &["queue:create-task:lowest:*", "queue:create-task:project:none", "queue:scheduler-id:-"]).await;
    let (state, result) = act(&client, &payload).await;
    assert_eq!(state, "completed", "{result}");
    let made: TaskId = result["created"][0]["taskId"].as_str().unwrap().parse().unwrap();
    let (new, old) = (
        client.get(&format!("task/{made}")).await.unwrap().ok(),
        client.get(&format!("task/{target}")).await.unwrap().ok(),
    );
    assert_eq!(
        (&new["taskQueueId"], &new["taskGroupId"], &new["payload"]),
        (&old["taskQueueId"], &old["taskGroupId"], &old["payload"])
    );
    drover.stop().await;
}

pub(super) async fn grant(client: &Client, scopes: &[&str]) {
    let role = json!({ "scopes": scopes, "description": "what a retrigger may do" });
    let path = "roles/hook-id%3Adrover%2Fretrigger";
    if client.send_to("auth", Method::PUT, path, Some(&role), &[]).await.unwrap().status == 409 {
        client.send_to("auth", Method::POST, path, Some(&role), &[]).await.unwrap().ok();
    }
}

/// The state of the action's task, and the result that it left behind.
async fn act(client: &Client, payload: &Value) -> (String, Value) {
    let fired = hooks(client, Method::POST, &format!("{HOOK}/trigger"), Some(payload)).await.ok();
    let task_id: TaskId = fired["taskId"].as_str().unwrap().parse().unwrap();
    until_resolved(client, task_id).await
}

pub(super) async fn until_resolved(client: &Client, task_id: TaskId) -> (String, Value) {
    let begun = Instant::now();
    loop {
        let state = client.status(task_id).await["state"].as_str().unwrap().to_owned();
        if matches!(&*state, "completed" | "failed" | "exception") {
            let result = client.get(&format!("task/{task_id}/artifacts/public%2Fresult.json")).await.unwrap();
            return (state, result.ok());
        }
        assert!(begun.elapsed() < WITHIN, "the action is {state}");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn hooks(client: &Client, method: Method, path: &str, body: Option<&Value>) -> Answer {
    client.send_to("hooks", method, path, body, &[]).await.unwrap()
}
