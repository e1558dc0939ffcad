//! Tasks that do nothing but succeed or fail.

use protocol::state::{ReasonResolved, TaskState};
use serde_json::json;

use super::env::TestEnv;

#[tokio::test]
async fn tasks_of_the_built_in_queues_succeed_and_fail() {
    let env = TestEnv::start(1).await;
    let good = env.create("built-in/succeed", json!({}), &[]).await;
    let bad = env.create("built-in/fail", json!({}), &[]).await;
    let status = env.resolved(good).await;
    assert_eq!((status.state, status.runs.len()), (TaskState::Completed, 1));
    assert_eq!(status.runs[0].worker_group.as_deref(), Some("built-in"));
    let status = env.resolved(bad).await;
    assert_eq!((status.state, status.runs[0].reason_resolved), (TaskState::Failed, Some(ReasonResolved::Failed)));
    env.stop().await;
}

#[tokio::test]
async fn a_payload_that_is_not_empty_is_malformed() {
    let env = TestEnv::start(1).await;
    for (queue, payload) in
        [("built-in/succeed", json!({ "command": ["true"] })), ("built-in/fail", json!({ "maxRunTime": 60 }))]
    {
        let status = env.resolved(env.create(queue, payload, &[]).await).await;
        let run = &status.runs[0];
        assert_eq!((run.state, run.reason_resolved), (TaskState::Exception, Some(ReasonResolved::MalformedPayload)));
        assert_eq!(status.runs.len(), 1, "the same again would be malformed again");
    }
    env.stop().await;
}

#[tokio::test]
async fn two_processes_share_the_tasks() {
    let env = TestEnv::start(2).await;
    let mut ids = Vec::new();
    for _ in 0..100 {
        ids.push(env.create("built-in/succeed", json!({}), &[]).await);
    }
    for id in ids {
        let status = env.resolved(id).await;
        assert_eq!((status.state, status.runs.len()), (TaskState::Completed, 1));
    }
    env.stop().await;
}
