//! `drover dev` as other people's test suites start it.

#![allow(clippy::unwrap_used, reason = "tests")]

use protocol::id::TaskId;
use tests::{Drover, Seed, TestDirectory, definition};

#[tokio::test]
async fn what_was_created_is_there_after_a_clean_restart() {
    let entropy = Seed::choose("a clean restart").entropy();
    let folder = TestDirectory::new();
    let id = TaskId::from_random(entropy.uuid_bytes());

    let first = Drover::start(folder.path(), &["--workers", "0"]).await;
    let created = first.client().create(id, &definition("tests/restart", &serde_json::json!({}))).await.unwrap().ok();
    first.stop().await;

    let second = Drover::start(folder.path(), &["--workers", "0"]).await;
    assert_eq!(second.client().status(id).await, created["status"]);
    second.stop().await;
}

#[tokio::test]
async fn the_root_credentials_are_the_ones_asked_for() {
    let folder = TestDirectory::new();
    let token = "a-token-of-a-test-0123456789";
    let credentials = format!("static/tests/root:{token}");
    let drover = Drover::start(folder.path(), &["--workers", "0", "--root-credentials", &credentials]).await;
    let path = "task-queues/tests%2Fnobody/counts";

    let known = tests::Client::new(drover.root_url(), "static/tests/root", token);
    assert_eq!(known.get(path).await.unwrap().status, 200);
    let stranger = tests::Client::new(drover.root_url(), "static/tests/root", "another-token");
    assert_eq!(stranger.get(path).await.unwrap().status, 401);
    drover.stop().await;
}
