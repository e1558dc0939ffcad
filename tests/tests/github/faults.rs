//! GitHub fails, is slow, or asks to wait.

use serde_json::json;
use tests::servers::{GithubFault, GithubRepository};

use crate::env::*;

async fn start() -> GithubEnv {
    GithubEnv::start(GithubRepository::with_file(SHA, &file("reporting: checks-v1", &["build", "test"]))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_run_whose_answer_was_lost_is_found_and_not_made_twice() {
    let env = start().await;
    env.api.with(|state| state.faults.push(GithubFault::lose_answer("POST /repos/mozilla/balrog/check-runs")));
    env.deliver("push", &push("main", SHA, &zero())).await;
    env.checks(2, "queued").await;
    env.work("completed").await;
    env.work("completed").await;
    env.checks(2, "completed").await;
    env.drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_is_waited_for_without_a_comment_and_nothing_is_dropped() {
    let env = start().await;
    env.api.with(|state| {
        let secondary = "You have exceeded a secondary rate limit";
        state.faults.push(GithubFault::answer("/check-runs", 403, secondary).with_header("retry-after", "1"));
        state.faults.push(GithubFault::answer("/check-runs", 500, "oops"));
    });
    env.deliver("push", &push("main", SHA, &zero())).await;
    env.checks(2, "queued").await;
    assert!(env.api.comments().is_empty());
    env.drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_revoked_early_is_replaced() {
    let env = start().await;
    env.deliver("push", &push("main", SHA, &zero())).await;
    env.checks(2, "queued").await;
    env.api.with(|state| state.tokens.clear());
    env.work("completed").await;
    env.work("completed").await;
    env.checks(2, "completed").await;
    env.drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_github_could_not_hand_over_is_asked_for_again() {
    let env = start().await;
    let entry = |id: i64, guid: &str, status: u16| {
        let minutes_ago = chrono::DateTime::from_timestamp(now() - 300, 0).unwrap();
        json!({ "id": id, "guid": guid, "status_code": status, "delivered_at": minutes_ago.to_rfc3339() })
    };
    let taken = env.new_id();
    env.deliver_as(&taken, "ping", &json!({})).await;
    let missed = [env.new_id(), env.new_id()];
    env.api.with(|state| {
        state.deliveries = vec![
            entry(1, &missed[0], 502),
            entry(2, &missed[1], 502),
            entry(3, &missed[1], 204),
            entry(4, &taken, 500),
        ];
    });
    let env = env.restart().await;
    until("it was asked for", async || env.api.with(|state| state.redelivered == [1])).await;
    env.drover.stop().await;
}
