//! The workers that `drover dev` starts: what they hold, and what their end means for the server.

use std::{fs, time::Duration};

use base::Rng;
use protocol::id::TaskId;
use reqwest::Method;
use serde_json::json;
use tests::{Client, Drover, TestDirectory, children_of, definition, signal};

use super::payload;

const TOKEN: &str = "a-token-of-a-test-0123456789";
/// Short, since a test leaves a run behind that nobody works on.
const FLAGS: [&str; 4] = ["--workers", "1", "--claim-timeout", "4"];

pub(super) async fn create(client: &Client, script: &str) -> TaskId {
    let id = TaskId::from_random(Rng::system().uuid_bytes());
    let mut task = definition("local/worker", &json!({}));
    task["payload"] = payload(script);
    client.create(id, &task).await.unwrap().ok();
    id
}

/// Waits for what another process does, at most a minute.
pub(super) async fn until<F: AsyncFnMut() -> bool>(what: &str, mut holds: F) {
    for _ in 0..1200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}: not within a minute");
}

pub(super) async fn until_state(client: &Client, id: TaskId, state: &str) {
    until(&format!("{id} is {state}"), async || client.status(id).await["state"] == state).await;
}

/// The workers of a server; another child is its database.
fn workers(server: u32) -> Vec<u32> {
    let is_worker = |id: &u32| command_line(*id).contains("--worker-id");
    children_of(server).into_iter().filter(is_worker).collect()
}

pub(super) fn command_line(id: u32) -> String {
    String::from_utf8_lossy(&fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default()).replace('\0', " ")
}

fn environment(id: u32) -> String {
    String::from_utf8_lossy(&fs::read(format!("/proc/{id}/environ")).unwrap_or_default()).replace('\0', "\n")
}

fn descendants(id: u32) -> Vec<u32> {
    let children = children_of(id);
    children.iter().copied().chain(children.iter().flat_map(|child| descendants(*child))).collect()
}

#[tokio::test]
async fn a_worker_that_is_killed_is_started_again_and_the_server_goes_on() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &FLAGS).await;
    let client = drover.client();
    let [first] = workers(drover.process_id())[..] else { panic!("not one worker") };
    signal("KILL", &[first]);
    // The second kills its worker too, where it has the right to.
    for script in ["true", "kill -9 $PPID; true", "true"] {
        let id = create(&client, script).await;
        if script == "true" {
            until_state(&client, id, "completed").await;
        } else {
            until("it was begun", async || client.status(id).await["state"] != "pending").await;
        }
    }
    assert!(!workers(drover.process_id()).contains(&first));
    let log = fs::read_to_string(folder.path().join("drover.log")).unwrap();
    assert!(log.contains("worker process ended by itself; starting it again"), "{log}");
    drover.stop().await;
}

#[tokio::test]
async fn nothing_is_left_of_a_server_that_was_killed() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &FLAGS).await;
    let client = drover.client();
    let id = create(&client, "sleep 1000").await;
    until_state(&client, id, "running").await;
    let left = || descendants(drover.process_id());
    until("the command runs", async || left().iter().any(|id| command_line(*id).contains("sleep 1000"))).await;
    let processes = left();
    drover.kill().await;
    until("all processes end", async || {
        // A zombie has no command line any more.
        processes.iter().all(|id| command_line(*id).is_empty())
    })
    .await;
    // The directory of the worker is free again.
    Drover::start(folder.path(), &FLAGS).await.stop().await;
}

#[tokio::test]
async fn a_worker_has_no_credentials_but_its_own() {
    let folder = TestDirectory::new();
    let root = format!("static/tests/root:{TOKEN}");
    let variables = [
        ("DROVER__AUTH__ROOT_CREDENTIALS", root.as_str()),
        ("TASKCLUSTER_ACCESS_TOKEN", TOKEN),
        ("DROVER_BRIDGE_PASSWORD", TOKEN),
        // What people say about the workers reaches them.
        ("DROVER_ISOLATION", "auto"),
    ];
    let drover = Drover::start_with(folder.path(), &FLAGS, &variables).await;
    let children = descendants(drover.process_id());
    assert!(children.len() > 1);
    assert!(workers(drover.process_id()).into_iter().all(|id| environment(id).contains("DROVER_ISOLATION=auto")));
    for id in children {
        let seen = environment(id) + &command_line(id);
        assert!(!seen.contains(TOKEN) && !seen.contains("DROVER__"), "{seen}");
        assert!(!seen.contains("TOKEN") && !seen.contains("PASSWORD"), "{seen}");
    }
    let path = "clients/static%2Fdrover%2Fdev-worker-1";
    let worker = drover.client().send_to("auth", Method::GET, path, None, &[]).await.unwrap().ok();
    let scopes = [
        "auth:current-scopes",
        "purge-cache:purge-requests::local/worker",
        "queue:claim-work:local/worker",
        "queue:worker-id:dev/worker-1",
    ];
    let mut held: Vec<&str> =
        worker["scopes"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap()).collect();
    held.sort_unstable();
    assert_eq!(held, scopes);
    drover.stop().await;
}
