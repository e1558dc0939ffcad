//! Texts of check runs, and their order.

use protocol::{
    github::MAX_BYTES,
    id::TaskId,
    state::{ReasonResolved, TaskState},
    status::{RunStatus, TaskStatus},
};
use serde_json::Value;

use super::super::check::{Check, rank};

fn run(run_id: u32, state: TaskState, reason: Option<ReasonResolved>) -> RunStatus {
    serde_json::from_value(serde_json::json!({
        "runId": run_id, "state": state, "reasonCreated": "scheduled", "reasonResolved": reason,
        "scheduled": "2026-11-27T12:00:00.000Z",
    }))
    .unwrap()
}

fn status(state: TaskState, runs: Vec<RunStatus>) -> TaskStatus {
    let mut status: TaskStatus = serde_json::from_value(serde_json::json!({
        "taskId": TaskId::from_random([1; 16]), "provisionerId": "a", "workerType": "b", "taskQueueId": "a/b", "schedulerId": "s",
        "projectId": "p", "taskGroupId": TaskId::from_random([1; 16]), "priority": "lowest", "deadline": "2026-11-27T13:00:00.000Z",
        "expires": "2026-11-28T12:00:00.000Z", "retriesLeft": 0, "state": state, "runs": [],
    }))
    .unwrap();
    status.runs = runs;
    status
}

fn check<'a>(name: &'a str, description: &'a str) -> Check<'a> {
    Check { task_id: TaskId::from_random([1; 16]), name, description, sha: "s", root_url: "https://tc.example.com" }
}

#[tokio::test]
async fn a_later_run_and_a_later_stage_rank_higher() {
    use TaskState::*;
    let ranks = [
        status(Unscheduled, vec![]),
        status(Pending, vec![run(0, Pending, None)]),
        status(Running, vec![run(0, Running, None)]),
        status(Failed, vec![run(0, Failed, Some(ReasonResolved::Failed))]),
        status(Pending, vec![run(0, Failed, Some(ReasonResolved::Failed)), run(1, Pending, None)]),
    ]
    .map(|status| rank(&status));
    assert!(ranks.windows(2).all(|two| two[0] < two[1]), "{ranks:?}");
}

#[tokio::test]
async fn a_task_that_never_ran_says_what_it_waited_for() {
    let expired =
        status(TaskState::Exception, vec![run(0, TaskState::Exception, Some(ReasonResolved::DeadlineExceeded))]);
    let content: Value = serde_json::from_str(&check("test", "d").of(&expired, Some("`build` is failed"))).unwrap();
    assert_eq!((&content["status"], &content["conclusion"]), (&"completed".into(), &"timed_out".into()));
    let summary = content["output"]["summary"].as_str().unwrap();
    assert!(summary.contains("never ran: `build` is failed"), "{summary}");
}

#[tokio::test]
async fn texts_of_tasks_are_cut_and_mention_nobody() {
    let (name, description) = ("😀".repeat(1000), format!("@ada {}", "😀".repeat(65_536)));
    let content: Value = serde_json::from_str(&check(&name, &description).queued()).unwrap();
    let summary = content["output"]["summary"].as_str().unwrap();
    assert!(summary.len() <= MAX_BYTES && !summary.contains("@ada"));
    assert!(content["name"].as_str().unwrap().chars().count() <= 255);
}
