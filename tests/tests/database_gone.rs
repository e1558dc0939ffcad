//! The database goes away for a while: requests are answered with a hint to come back, and nothing needs a restart.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    process::Output,
    time::{Duration, Instant},
};

use base::Rng;
use db::testing::TestDatabase;
use protocol::id::TaskId;
use serde_json::{Value, json};
use tests::{Answer, Client, Drover, Seed, TestDirectory, children_of, definition, program, signal};
use tokio::time::timeout;

/// A client must get a response within this, whatever has happened to the database.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A server looks every two seconds.
const SOON: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_database_that_dies_is_started_again_and_loses_nothing() {
    let rng = Seed::choose("a database that dies").rng();
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let client = drover.client();
    let before = create(&client, &rng).await.unwrap();

    for _ in 0..3 {
        signal("KILL", &children_of(drover.process_id()));
        come_back(&client, &rng).await;
        assert_eq!(state(&client, before).await, "pending");
    }
    drover.stop().await;
}

#[tokio::test]
async fn a_database_that_stands_still_is_reported_and_picked_up_again() {
    let rng = Seed::choose("a database that stands still").rng();
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let client = drover.client();
    let before = create(&client, &rng).await.unwrap();

    let postgres = with_children(&children_of(drover.process_id()));
    signal("STOP", &postgres);
    check_refusal(&create(&client, &rng).await.unwrap_err());
    check_refusal(&client.get(&format!("task/{before}/status")).await.unwrap());

    signal("CONT", &postgres);
    come_back(&client, &rng).await;
    assert_eq!(state(&client, before).await, "pending");
    drover.stop().await;
}

/// Somebody takes the database back under a running server, which says so until it is brought up again.
#[tokio::test]
async fn a_server_whose_database_went_back_a_version_is_not_ready_until_it_is_upgraded() {
    let (folder, database) = (TestDirectory::new(), TestDatabase::create().await);
    let drover = Drover::start(folder.path(), &["--workers", "0", "--database-url", database.url()]).await;
    let db = async |words: &[&str]| {
        let words = [&["-o", "json", "db"], words, &["--database-url", database.url()]].concat();
        program().args(words).output().await.unwrap()
    };
    let parsed = |output: &Output| serde_json::from_slice::<Value>(&output.stdout).unwrap();
    let newest = parsed(&db(&["status"]).await)["newest"].as_u64().unwrap();
    let older = (newest - 1).to_string();

    let asked = db(&["downgrade", &older]).await;
    assert_eq!((asked.status.code(), parsed(&asked)["current"].as_u64()), (Some(2), Some(newest)), "it needs --yes");
    assert!(heartbeat(&drover, 200).await.is_ok());

    assert!(db(&["downgrade", &older, "--yes"]).await.status.success());
    let words = timeout(SOON, heartbeat(&drover, 503)).await.unwrap().unwrap();
    assert!(words.contains(&format!("at version {older}")) && words.contains("drover db upgrade"), "{words}");
    let log = folder.path().join("drover.log");
    let logged = async {
        while !std::fs::read_to_string(&log).unwrap().contains("not ready: the database is below") {
            tokio::time::sleep(PAUSE).await;
        }
    };
    timeout(SOON, logged).await.expect("the log says that it is not ready");
    assert_eq!(parsed(&db(&["plan"]).await).as_array().unwrap().len(), 1);

    assert!(db(&["upgrade"]).await.status.success());
    timeout(SOON, heartbeat(&drover, 200)).await.unwrap().unwrap();
    drover.stop().await;
}

/// Asks until the answer is of this status.
async fn heartbeat(drover: &Drover, status: u16) -> reqwest::Result<String> {
    loop {
        let answer = reqwest::get(format!("{}/__heartbeat__", drover.root_url())).await?;
        if answer.status().as_u16() == status {
            return answer.text().await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The server of a database has a process per connection; all of them have to stand still.
fn with_children(parents: &[u32]) -> Vec<u32> {
    parents.iter().flat_map(|parent| children_of(*parent)).chain(parents.iter().copied()).collect()
}

/// One create; an answer that is no success is an `Err`.
async fn create(client: &Client, rng: &Rng) -> Result<TaskId, Answer> {
    let id = TaskId::from_random(rng.uuid_bytes());
    let begin = Instant::now();
    let answer = client.create(id, &definition("tests/database-gone", &json!({}))).await.unwrap();
    assert!(begin.elapsed() < TIMEOUT, "the answer took {:?}", begin.elapsed());
    if answer.status == 200 { Ok(id) } else { Err(answer) }
}

/// Creates a task and reads it back, each as often as it takes.
async fn come_back(client: &Client, rng: &Rng) -> TaskId {
    let id = insist(async || create(client, rng).await).await;
    assert_eq!(state(client, id).await, "pending");
    id
}

async fn state(client: &Client, id: TaskId) -> Value {
    let path = format!("task/{id}/status");
    let read = async || {
        let answer = client.get(&path).await.unwrap();
        if answer.status == 200 { Ok(answer.body["status"]["state"].clone()) } else { Err(answer) }
    };
    insist(read).await
}

/// Tries until it succeeds. Everything before is a 503 that says when to try again.
async fn insist<T>(mut attempt: impl AsyncFnMut() -> Result<T, Answer>) -> T {
    let begin = Instant::now();
    loop {
        match attempt().await {
            Ok(done) => return done,
            Err(answer) => check_refusal(&answer),
        }
        assert!(begin.elapsed() < TIMEOUT, "the database does not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn check_refusal(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.retry_after.is_some(), "503 without Retry-After: {answer:?}");
}
