//! Pushes: their rows, and replaying them.

use serde_json::json;

use super::env::{REVISION, TestEnv};
use crate::{queue::Report, treeherder::PushError};

#[tokio::test]
async fn a_push_is_replayed_from_the_current_status() {
    let env = TestEnv::start().await;
    let mut jobs = env.jobs().await;
    env.created().await;
    env.report(env.claimed().await, Report::Exception(protocol::state::ReasonResolved::WorkerShutdown)).await;
    env.report(env.claimed().await, Report::Completed).await;
    jobs.words(7).await;

    env.pushes().replay("autoland", REVISION).await.unwrap();
    assert_eq!(jobs.words(2).await, ["0 completed exception retried", "1 completed success"]);

    let unknown = env.pushes().replay("autoland", &"f".repeat(40)).await;
    assert!(matches!(unknown, Err(PushError::NoSuchPush { .. })), "{unknown:?}");
    env.stop().await;
}

#[tokio::test]
async fn the_row_of_a_push_shows_its_jobs_as_they_stand() {
    let env = TestEnv::start().await;
    let mut jobs = env.jobs().await;
    env.created().await;
    env.create(env.task(&json!({ "symbol": "1", "groupSymbol": "M", "jobKind": "test" }))).await;
    env.create(env.task(&json!({ "symbol": 1 }))).await;
    env.report(env.claimed().await, Report::Failed).await;
    jobs.words(6).await;

    let row = env.pushes().row("autoland", REVISION).await.unwrap();
    assert_eq!(json!(row.counts), json!({ "busted": 1, "pending": 1 }));
    let groups: Vec<_> = row.platforms[0].groups.iter().map(|group| group.symbol.as_str()).collect();
    assert_eq!((row.platforms[0].platform.as_str(), groups), ("q", vec!["?", "M"]));
    assert_eq!(row.problems.len(), 1);
    env.stop().await;
}
