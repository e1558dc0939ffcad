//! The workers that `drover dev` launches while tasks wait, as machines of a worker pool.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Client, Drover, TestDirectory, children_of};

use super::dev::{command_line, create, until, until_state};

const FLAGS: [&str; 2] = ["--claim-timeout", "30"];
const POOL: &str = "worker-pool/local%2Fworker";

async fn pool(client: &Client, method: Method, body: Option<&Value>) -> Value {
    client.send_to("worker-manager", method, POOL, body, &[]).await.unwrap().ok()
}

/// The processes of machines.
fn machines(server: u32) -> Vec<u32> {
    let is_machine = |id: &u32| command_line(*id).contains("--machine-dir");
    children_of(server).into_iter().filter(is_machine).collect()
}

#[tokio::test]
async fn workers_come_while_tasks_wait_and_go_when_they_are_idle() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &FLAGS).await;
    let (client, server) = (drover.client(), drover.process_id());
    assert!(machines(server).is_empty(), "nothing runs while there is nothing to do");
    let known = pool(&client, Method::GET, None).await;
    let fields = ["providerId", "description", "owner", "emailOnError", "config"]
        .map(|name| (name.to_owned(), known[name].clone()));
    let mut changed = Value::Object(fields.into_iter().collect());
    changed["config"]["launchConfigs"] = json!([{ "workerConfig": { "idleTimeoutSecs": 1 } }]);
    pool(&client, Method::POST, Some(&changed)).await;

    let tasks = [create(&client, "true").await, create(&client, "true").await, create(&client, "sleep 1").await];
    for id in tasks {
        until_state(&client, id, "completed").await;
    }
    let most = usize::try_from(changed["config"]["maxCapacity"].as_u64().unwrap()).unwrap();
    assert!((1..=most.min(3)).contains(&machines(server).len()));

    until("idle workers end", async || machines(server).is_empty()).await;
    until("their rows are stopped", async || {
        let pool = pool(&client, Method::GET, None).await;
        pool["currentCapacity"] == 0 && pool["stoppedCount"].as_u64() > Some(0)
    })
    .await;
    drover.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_ends_its_machines_and_their_tasks_run_after_the_next_start() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &FLAGS).await;
    let id = create(&drover.client(), "test $RUN_ID -gt 0 || sleep 1000").await;
    until_state(&drover.client(), id, "running").await;
    let ours = machines(drover.process_id());
    assert_eq!(ours.len(), 1);

    drover.stop().await;
    assert!(ours.iter().all(|id| command_line(*id).is_empty()), "a machine is left");

    let drover = Drover::start(folder.path(), &FLAGS).await;
    until_state(&drover.client(), id, "completed").await;
    assert_eq!(drover.client().status(id).await["runs"][0]["reasonResolved"], "worker-shutdown");
    drover.stop().await;
}

#[tokio::test]
async fn nothing_is_left_of_a_server_that_was_killed_and_the_next_start_knows() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &FLAGS).await;
    let id = create(&drover.client(), "test $RUN_ID -gt 0 || sleep 1000").await;
    until_state(&drover.client(), id, "running").await;
    let ours = machines(drover.process_id());

    drover.kill().await;
    let drover = Drover::start(folder.path(), &FLAGS).await;
    until("its machines end", async || ours.iter().all(|id| command_line(*id).is_empty())).await;

    // Long before its claim would have run out twice: the provisioner looks for the machines when it starts.
    until_state(&drover.client(), id, "completed").await;
    until("no worker is left of before", async || {
        let pool = pool(&drover.client(), Method::GET, None).await;
        pool["stoppedCount"].as_u64() >= Some(1)
    })
    .await;
    drover.stop().await;
}
