//! A delivery becomes one graph, whatever is repeated or killed.

use serde_json::json;
use tests::servers::{GithubFault, GithubRepository};

use crate::env::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_becomes_a_graph_whose_check_runs_follow_its_tasks() {
    let file = file("reporting: checks-v1", &["build", "test"]);
    let env = GithubEnv::start(GithubRepository::with_file(SHA, &file)).await;
    assert_eq!(env.deliver("push", &push("main", SHA, &zero())).await, 204);
    let build = env.builds_of(1).await.remove(0);
    assert_eq!((&build["state"], &build["eventType"], &build["sha"]), (&json!("pending"), &json!("push"), &json!(SHA)));
    let tasks = env.tasks(build["taskGroupId"].as_str().unwrap()).await;
    assert_eq!(tasks.len(), 2);
    for task in &tasks {
        assert_eq!(task["task"]["schedulerId"], "taskcluster-github");
        assert_eq!(task["task"]["routes"], json!(["checks"]));
    }
    let checks = env.checks(2, "queued").await;
    let ids: Vec<_> = checks.iter().map(|check| check["external_id"].clone()).collect();
    assert!(tasks.iter().all(|task| ids.contains(&task["status"]["taskId"])), "{ids:?}");
    env.work("completed").await;
    env.work("failed").await;
    let mut checks = env.checks(2, "completed").await;
    checks.sort_by_key(|check| check["name"].to_string());
    let conclusions: Vec<_> = checks.iter().map(|check| check["conclusion"].as_str().unwrap()).collect();
    assert_eq!(conclusions, ["success", "failure"]);
    until("the build has failed", async || env.builds().await[0]["state"] == "failure").await;
    env.drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_comes_often_and_a_process_that_dies_make_one_graph() {
    let file = file("reporting: checks-v1", &["build"]);
    let env = GithubEnv::start(GithubRepository::with_file(SHA, &file)).await;
    // The first attempt ends somewhere between its questions and its answer.
    env.api.with(|state| state.faults.push(GithubFault::answer("GET /repos/mozilla/balrog/contents", 502, "")));
    let id = env.new_id();
    assert_eq!(env.deliver_as(&id, "push", &push("main", SHA, &zero())).await, 204);
    assert_eq!(env.deliver_as(&id, "push", &push("main", SHA, &zero())).await, 200);
    let env = env.restart().await;
    assert_eq!(env.deliver_as(&id, "push", &push("main", SHA, &zero())).await, 200);
    let build = env.builds_of(1).await.remove(0);
    assert_eq!(build["eventId"], json!(id));
    env.checks(1, "queued").await;
    assert_eq!(env.tasks(build["taskGroupId"].as_str().unwrap()).await.len(), 1);
    env.drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_push_cancels_the_older_and_an_older_one_that_comes_late_starts_nothing() {
    let file = file("reporting: checks-v1", &["build"]);
    let mut repository = GithubRepository::with_file(SHA, &file);
    for number in 1..=3 {
        repository.files.insert(sha(number), Some(file.clone()));
    }
    repository.collaborators.insert("ada".to_owned());
    let env = GithubEnv::start(repository).await;
    env.deliver("pull_request", &pull_request("opened", "ada", &sha(2), 10)).await;
    env.builds_of(1).await;
    env.deliver("pull_request", &pull_request("synchronize", "ada", &sha(3), 20)).await;
    let builds = env.builds_of(2).await;
    assert_eq!((&builds[0]["state"], &builds[1]["state"]), (&json!("pending"), &json!("cancelled")));
    until("the group is cancelled", async || {
        let tasks = env.tasks(builds[1]["taskGroupId"].as_str().unwrap()).await;
        tasks[0]["status"]["state"] == "exception"
    })
    .await;
    env.deliver("pull_request", &pull_request("synchronize", "ada", &sha(1), 5)).await;
    env.until_logged("a newer event of the same branch or pull request came first").await;
    assert_eq!(env.builds().await.len(), 2);
    env.drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_file_gets_wrong_is_said_once_in_a_comment() {
    let mut repository = GithubRepository::with_file(SHA, "version: 1\ntasks: null\n");
    repository.files.insert(sha(1), Some(file("", &["build"]).replace("tests/github", "other/queue")));
    let env = GithubEnv::start(repository).await;
    for _ in 0..3 {
        env.deliver("push", &push("main", SHA, &zero())).await;
    }
    env.role("branch:topic", &[]).await;
    env.deliver("push", &push("topic", &sha(1), &zero())).await;
    until("both comments are there", async || env.api.comments().len() >= 2).await;
    let comments: Vec<String> = env.api.comments().iter().map(|comment| comment["body"].to_string()).collect();
    assert_eq!(comments.len(), 2, "{comments:?}");
    assert!(comments.iter().any(|text| text.contains("tasks")), "{comments:?}");
    assert!(comments.iter().any(|text| text.contains("repo:github.com/mozilla/balrog:branch:topic")), "{comments:?}");
    assert!(env.builds().await.is_empty());
    env.drover.stop().await;
}
