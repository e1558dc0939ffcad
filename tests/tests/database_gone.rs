//! The database goes away for a while: requests are answered with a hint to come back, and nothing needs a restart.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use base::Entropy;
use protocol::id::TaskId;
use serde_json::json;
use tests::{Answer, Client, Drover, Seed, TestDirectory, children_of, definition, signal};

/// A client must hear something within this, whatever has happened to the database.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_database_that_dies_is_started_again_and_loses_nothing() {
    let entropy = Seed::choose("a database that dies").entropy();
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let client = drover.client();
    let before = create(&client, &entropy).await.unwrap();

    for _ in 0..3 {
        signal("KILL", &children_of(drover.process_id()));
        let during = come_back(&client, &entropy).await;
        assert_eq!(client.status(during).await["state"], "pending");
        assert_eq!(client.status(before).await["state"], "pending");
    }
    drover.stop().await;
}

#[tokio::test]
async fn a_database_that_stands_still_is_reported_and_picked_up_again() {
    let entropy = Seed::choose("a database that stands still").entropy();
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let client = drover.client();
    let before = create(&client, &entropy).await.unwrap();

    let postgres = with_children(&children_of(drover.process_id()));
    signal("STOP", &postgres);
    let refused = create(&client, &entropy).await.unwrap_err();
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.retry_after.is_some(), "503 without Retry-After");
    let read = client.get(&format!("task/{before}/status")).await.unwrap();
    assert_eq!(read.status, 503, "{read:?}");

    signal("CONT", &postgres);
    come_back(&client, &entropy).await;
    assert_eq!(client.status(before).await["state"], "pending");
    drover.stop().await;
}

/// The server of a database has a process per connection; all of them have to stand still.
fn with_children(parents: &[u32]) -> Vec<u32> {
    parents.iter().flat_map(|parent| children_of(*parent)).chain(parents.iter().copied()).collect()
}

/// One create; an answer that is no success is an `Err`.
async fn create(client: &Client, entropy: &Entropy) -> Result<TaskId, Answer> {
    let id = TaskId::from_random(entropy.uuid_bytes());
    let begin = Instant::now();
    let answer = client.create(id, &definition("tests/database-gone", &json!({}))).await.unwrap();
    assert!(begin.elapsed() < PATIENCE, "the answer took {:?}", begin.elapsed());
    if answer.status == 200 { Ok(id) } else { Err(answer) }
}

/// Tries until a create succeeds. Everything before is a 503 that says when to try again.
async fn come_back(client: &Client, entropy: &Entropy) -> TaskId {
    let begin = Instant::now();
    loop {
        match create(client, entropy).await {
            Ok(id) => return id,
            Err(answer) => {
                assert_eq!(answer.status, 503, "{answer:?}");
                assert!(answer.retry_after.is_some(), "503 without Retry-After");
                assert!(begin.elapsed() < PATIENCE, "the database does not come back");
            }
        }
    }
}
