//! Actions, in processes that are killed again and again: each is resolved once, and makes what it is to make once.

use std::{collections::BTreeMap, time::Instant};

use protocol::id::TaskId;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Client, RoleEnv, Seed, TestDirectory, definition,
    servers::{Postgres, Rabbitmq},
};
use tokio::time::sleep;

use super::WITHIN;

/// Three processes carry out actions; the first one answers the test besides.
const ROLES: [&str; 6] = ["api", "queue", "relay", "reflector", "api", "api"];
const KILLED: [usize; 2] = [4, 5];
const ACTIONS: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actions_do_their_work_once_while_processes_are_killed() {
    let rng = Seed::choose("killed-actions").rng();
    let new_id = || TaskId::from_random(rng.uuid_bytes());
    let folder = TestDirectory::new();
    let (Some(postgres), Some(rabbitmq)) = (Postgres::start(folder.path(), None), Rabbitmq::start(folder.path(), None))
    else {
        return println!("SKIPPED: it needs the packages postgresql and rabbitmq-server");
    };
    let (database, broker) = (postgres.url(), rabbitmq.url());
    let settings = [
        ("DROVER__DATABASE__URL", database.as_str()),
        ("DROVER__BUS__AMQP_URL", broker.as_str()),
        ("DROVER__QUEUE__CLAIM_TIMEOUT", "2s"),
    ];
    let mut env = RoleEnv::start(folder.path(), &ROLES, &settings).await;
    let client = env.client();
    let role = json!({ "scopes": ["queue:*"], "description": "what the actions may do" });
    client.send_to("auth", Method::PUT, "roles/tests-actions", Some(&role), &[]).await.unwrap().ok();
    let group = new_id();
    let in_group = |more: Value| {
        let mut task = definition("tests/target", &more);
        task["taskGroupId"] = json!(group);
        task
    };
    let (mut actions, mut kills) = (Vec::new(), 0);
    for number in 0..ACTIONS {
        let (target, after) = (new_id(), new_id());
        let of = json!({ "of": target });
        client.create(target, &in_group(json!({ "extra": of }))).await.unwrap().ok();
        client.create(after, &in_group(json!({ "extra": of, "dependencies": [target] }))).await.unwrap().ok();
        let payload = json!({
            "action": "retrigger", "taskId": target, "taskGroupId": group, "input": { "downstream": true },
        });
        let action = new_id();
        let more = json!({ "retries": 49, "payload": payload, "scopes": ["assume:tests-actions"] });
        client.create(action, &definition("built-in/action", &more)).await.unwrap().ok();
        actions.push((action, target));
        if number % 6 == 5 {
            env.kill(KILLED[kills % KILLED.len()]).await;
            kills += 1;
        }
    }
    let mut repeated = 0;
    for (action, _) in &actions {
        let runs = until_completed(&client, *action).await;
        repeated += runs.len() - 1;
        assert!(runs.iter().rev().skip(1).all(|run| run["state"] == "exception"), "{runs:?}");
    }
    let sizes = sizes(&client, group).await;
    assert_eq!(sizes.len(), ACTIONS);
    assert!(sizes.values().all(|size| *size == 4), "two tasks, and each of them once more: {sizes:?}");
    println!("{ACTIONS} actions, {kills} kills, {repeated} runs were ended and made again");
    env.stop().await;
}

async fn until_completed(client: &Client, id: TaskId) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let mut status = client.status(id).await;
        if status["state"] == "completed" {
            return serde_json::from_value(status["runs"].take()).unwrap();
        }
        assert!(matches!(status["state"].as_str(), Some("pending" | "running")), "{status}");
        assert!(begun.elapsed() < WITHIN, "{status}");
        sleep(std::time::Duration::from_millis(200)).await;
    }
}

/// How many tasks of the group are of each target.
async fn sizes(client: &Client, group: TaskId) -> BTreeMap<String, usize> {
    let (mut sizes, mut token) = (BTreeMap::new(), String::new());
    loop {
        let page = client.get(&format!("task-group/{group}/list?limit=1000{token}")).await.unwrap().ok();
        for task in page["tasks"].as_array().unwrap() {
            *sizes.entry(task["task"]["extra"]["of"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        match page["continuationToken"].as_str() {
            Some(next) => token = format!("&continuationToken={next}"),
            None => return sizes,
        }
    }
}
