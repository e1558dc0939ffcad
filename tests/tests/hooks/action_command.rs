//! `drover action` with a decision task that offers actions.

use protocol::id::TaskId;
use serde_json::{Value, json};
use tests::{Client, Drover, Seed, TestDirectory, definition, program};

use super::actions::{grant, until_resolved};

#[tokio::test]
async fn an_action_of_a_decision_task_is_listed_checked_and_run() {
    let rng = Seed::choose("action-command").rng();
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let client = drover.client();
    let scope = json!({ "scopes": ["in-tree:hook-action:drover/retrigger"] });
    let (allowed, unallowed) = (TaskId::from_random(rng.uuid_bytes()), TaskId::from_random(rng.uuid_bytes()));
    for (decision, more) in [(allowed, &scope), (unallowed, &json!({}))] {
        client.create(decision, &definition("tests/decision", more)).await.unwrap().ok();
        publish(&drover, &client, decision, &folder).await;
    }
    let target = TaskId::from_random(rng.uuid_bytes());
    let of_group = json!({ "taskGroupId": allowed, "tags": { "kind": "build" } });
    client.create(target, &definition("tests/target", &of_group)).await.unwrap().ok();
    grant(&client, &["*"]).await;

    let (group, task) = (allowed.to_string(), target.to_string());
    let listed = command(&drover, &["list", &group, "--task", &task]).await.unwrap();
    let names = |listed: &Value| -> Vec<(Value, Value)> {
        listed.as_array().unwrap().iter().map(|one| (one["name"].clone(), one["builtIn"].clone())).collect()
    };
    let expected = [("retrigger", false), ("rerun", true), ("cancel", true), ("backfill", true)];
    assert_eq!(names(&listed), expected.map(|(name, built_in)| (json!(name), json!(built_in))));
    assert_eq!(listed[0]["scope"], "hooks:trigger-hook:drover/retrigger");
    let of_group = command(&drover, &["list", &group]).await.unwrap();
    assert_eq!(
        names(&of_group),
        [(json!("cancel-group"), json!(true))],
        "the action of the decision task is for tasks"
    );
    let error = command(&drover, &["list", &group, "--task", &unallowed.to_string()]).await.unwrap_err();
    assert!(error.contains("is not in the group"), "{error}");

    let input = folder.path().join("input.json");
    std::fs::write(&input, r#"{ "times": 500 }"#).unwrap();
    let run = ["run", &group, "retrigger", "--task", &task];
    let error = command(&drover, &[&run[..], &["--input", input.to_str().unwrap()]].concat()).await.unwrap_err();
    assert!(error.contains("input/times"), "{error}");
    let error = command(&drover, &["run", &unallowed.to_string(), "retrigger", "--task", &unallowed.to_string()]).await;
    assert!(error.unwrap_err().contains("in-tree:hook-action:drover/retrigger"));

    let run = command(&drover, &run).await.unwrap();
    let (state, result) = until_resolved(&client, run["taskId"].as_str().unwrap().parse().unwrap()).await;
    assert!(state == "completed" && result["created"][0]["from"] == task, "{state}: {result}");
    drover.stop().await;
}

/// Gives a decision task a list of actions, as its worker does.
async fn publish(drover: &Drover, client: &Client, decision: TaskId, folder: &TestDirectory) {
    let actions = json!({ "version": 1, "variables": {}, "actions": [{
        "name": "retrigger", "title": "Retrigger", "description": "Once more.", "kind": "hook", "context": [{}],
        "hookGroupId": "drover", "hookId": "retrigger",
        "hookPayload": { "user": {
            "input": { "$eval": "input" }, "taskId": { "$eval": "taskId" }, "taskGroupId": { "$eval": "taskGroupId" },
        }},
        "schema": { "type": ["object", "null"], "properties": { "times": { "type": "integer", "maximum": 100 } } },
    }]});
    let file = folder.path().join("actions.json");
    std::fs::write(&file, actions.to_string()).unwrap();
    client.run(decision, 0, "claim", &json!({ "workerGroup": "tests", "workerId": "w" })).await.unwrap().ok();
    let upload =
        ["artifact", "upload", &decision.to_string(), "public/actions.json", file.to_str().unwrap(), "--run", "0"];
    let uploaded = program().args(upload).envs(drover.variables()).output().await.unwrap();
    assert!(uploaded.status.success(), "{uploaded:?}");
    client.run(decision, 0, "completed", &json!({})).await.unwrap().ok();
}

/// What `drover action` prints as JSON, or its error.
async fn command(drover: &Drover, arguments: &[&str]) -> Result<Value, String> {
    let arguments = [&["action"], arguments, &["-o", "json"]].concat();
    let output = program().args(arguments).envs(drover.variables()).output().await.unwrap();
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).unwrap());
    }
    Err(String::from_utf8(output.stderr).unwrap())
}
