//! Hooks that listen to messages, in processes of their own that are killed again and again: each message fires once.

#![allow(clippy::unwrap_used, reason = "tests")]

mod action_command;
mod actions;
mod built_in;
mod killed_actions;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use protocol::id::TaskId;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Client, RoleEnv, Seed, TestDirectory, definition,
    servers::{Postgres, Rabbitmq},
};
use tokio::time::sleep;

/// Two processes fire hooks.
const ROLES: [&str; 5] = ["api", "queue", "relay", "hooks", "hooks"];
const KILLED: [usize; 2] = [3, 4];
const SOURCE: &str = "tests/source";
const HOOK: &str = "hooks/tests/on-completed";
const TASKS: usize = 150;
const WITHIN: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_fire_exactly_once_while_processes_are_killed() {
    let rng = Seed::choose("hooks").rng();
    let folder = TestDirectory::new();
    let (Some(postgres), Some(rabbitmq)) = (Postgres::start(folder.path(), None), Rabbitmq::start(folder.path(), None))
    else {
        return println!("SKIPPED: it needs the packages postgresql and rabbitmq-server");
    };
    let (database, broker) = (postgres.url(), rabbitmq.url());
    let settings = [("DROVER__DATABASE__URL", database.as_str()), ("DROVER__BUS__AMQP_URL", broker.as_str())];
    let mut env = RoleEnv::start(folder.path(), &ROLES, &settings).await;
    let client = env.client();
    create_hook(&client).await;
    // The first message that arrives says that the queue is bound.
    let begun = Instant::now();
    let mut sent = BTreeSet::new();
    while fires(&client).await.is_empty() {
        assert!(begun.elapsed() < WITHIN, "no message fires the hook");
        sent.insert(complete_a_task(&client, TaskId::from_random(rng.uuid_bytes())).await);
        sleep(Duration::from_millis(200)).await;
    }
    let (mut kills, mut due) = (0, BTreeSet::new());
    for number in 0..TASKS {
        due.insert(complete_a_task(&client, TaskId::from_random(rng.uuid_bytes())).await);
        if number % 15 == 14 {
            env.kill(KILLED[kills % KILLED.len()]).await;
            kills += 1;
        }
    }
    env.ready().await;
    let sources = until_fired(&client, &due).await;
    let distinct: BTreeSet<String> = sources.iter().cloned().collect();
    assert_eq!(sources.len(), distinct.len(), "some message fired twice");
    // Those completed before the queue was bound may have fired nothing.
    sent.extend(due);
    assert!(distinct.is_subset(&sent), "something else has fired");
    println!("{} messages fired once each, over {kills} kills", distinct.len());
    env.stop().await;
}

async fn create_hook(client: &Client) {
    let role = json!({ "scopes": ["*"], "description": "may create any task" });
    let path = "roles/hook-id%3Atests%2F*";
    client.send_to("auth", Method::PUT, path, Some(&role), &[]).await.unwrap().ok();
    let mut task = definition("tests/fired", &json!({}));
    task["extra"] = json!({ "source": "${payload.status.taskId}" });
    let fields = task.as_object_mut().unwrap();
    fields.remove("created");
    fields.remove("deadline");
    let hook = json!({
        "metadata": { "name": "n", "description": "d", "owner": "o@example.com" },
        "task": task,
        "triggerSchema": { "type": "object" },
        "bindings": [{
            "exchange": "exchange/taskcluster-queue/v1/task-completed",
            "routingKeyPattern": "primary.*.*.*.*.tests.source.#",
        }],
    });
    client.send_to("hooks", Method::PUT, HOOK, Some(&hook), &[]).await.unwrap().ok();
}

async fn complete_a_task(client: &Client, id: TaskId) -> String {
    client.create(id, &definition(SOURCE, &json!({}))).await.unwrap().ok();
    let worker = json!({ "workerGroup": "tests", "workerId": "w" });
    client.run(id, 0, "claim", &worker).await.unwrap().ok();
    client.run(id, 0, "completed", &json!({})).await.unwrap().ok();
    id.to_string()
}

async fn fires(client: &Client) -> Vec<Value> {
    let answer =
        client.send_to("hooks", Method::GET, &format!("{HOOK}/last-fires?limit=1000"), None, &[]).await.unwrap();
    if answer.status == 404 {
        return Vec::new();
    }
    let mut body = answer.ok();
    let fires = body["lastFires"].take();
    let fires: Vec<Value> = serde_json::from_value(fires).unwrap();
    assert!(fires.iter().all(|fire| fire["result"] == "success"), "{fires:?}");
    fires
}

/// The tasks whose completion has fired, each as often as it did, once all of these have.
async fn until_fired(client: &Client, due: &BTreeSet<String>) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let sources = sources(client, &fires(client).await).await;
        let missing = due.iter().filter(|id| !sources.contains(id)).count();
        if missing == 0 {
            return sources;
        }
        assert!(begun.elapsed() < WITHIN, "{missing} of {} messages have not fired", due.len());
        sleep(Duration::from_millis(200)).await;
    }
}

async fn sources(client: &Client, fires: &[Value]) -> Vec<String> {
    let mut sources = Vec::new();
    for fire in fires {
        let task = client.get(&format!("task/{}", fire["taskId"].as_str().unwrap())).await.unwrap().ok();
        sources.push(task["extra"]["source"].as_str().unwrap().to_owned());
    }
    sources
}
