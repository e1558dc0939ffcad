//! What GitHub is shown.

use reqwest::Method;
use serde_json::{Value, json};
use tests::servers::GithubRepository;

use crate::env::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_without_checks_has_one_status_for_the_group() {
    let env = GithubEnv::start(GithubRepository::with_file(SHA, &file("", &["build", "test"]))).await;
    env.deliver("push", &push("main", SHA, &zero())).await;
    let state = async |expected: &str| {
        until(expected, async || env.api.statuses(SHA).iter().any(|status| status["state"] == expected)).await;
        assert_eq!(env.api.statuses(SHA).len(), 1);
    };
    state("pending").await;
    env.work("completed").await;
    env.work("completed").await;
    state("success").await;
    assert_eq!(env.builds().await[0]["state"], "success");
    let badge = reqwest_text(&env, "badge.svg").await;
    assert!(badge.contains("success"), "{badge}");
    env.drover.stop().await;
}

async fn reqwest_text(env: &GithubEnv, end: &str) -> String {
    let path = format!("repository/mozilla/balrog/main/{end}");
    env.client.send_to("github", Method::GET, &path, None, &[]).await.unwrap().ok().as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_button_of_a_check_run_runs_the_task_again_and_turns_it_green() {
    let env = GithubEnv::start(GithubRepository::with_file(SHA, &file("reporting: checks-v1", &["build"]))).await;
    env.deliver("push", &push("main", SHA, &zero())).await;
    env.checks(1, "queued").await;
    env.work("failed").await;
    let check = env.checks(1, "completed").await.remove(0);
    let button = json!({
        "action": "rerequested", "repository": repository(), "installation": {"id": 5}, "sender": {"type": "User", "login": "ada"},
        "check_run": {"id": check["id"], "check_suite": {"id": 1}},
    });
    env.deliver("check_run", &button).await;
    env.work("completed").await;
    until("the check run is green", async || env.api.checks(SHA)[0]["conclusion"] == "success").await;
    assert_eq!(env.api.checks(SHA).len(), 1);
    until("the build is green", async || env.builds().await[0]["state"] == "success").await;
    env.drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statuses_and_comments_of_clients_reach_github() {
    let env = GithubEnv::start(GithubRepository::with_file(SHA, "version: 1\n")).await;
    let post = async |path: &str, body: Value| {
        let path = format!("repository/mozilla/balrog/{path}");
        env.client.send_to("github", Method::POST, &path, Some(&body), &[]).await.unwrap().status
    };
    let status = json!({ "state": "success", "context": "mine", "description": "x".repeat(200) });
    assert_eq!(post(&format!("statuses/{SHA}"), status.clone()).await, 404, "not installed");
    let installed = json!({"action": "created", "installation": {"id": 5, "account": {"login": "Mozilla"}}});
    assert_eq!(env.deliver("installation", &installed).await, 204);
    assert_eq!(post(&format!("statuses/{SHA}"), status).await, 200);
    assert_eq!(post("issues/3/comments", json!({ "body": "hello" })).await, 200);
    until("both are there", async || env.api.statuses(SHA).len() == 1 && env.api.comments().len() == 1).await;
    assert!(env.api.comments()[0]["body"].as_str().unwrap().starts_with("hello\n"));
    env.drover.stop().await;
}
