//! Whose pull requests and comments start tasks.

use serde_json::{Value, json};
use tests::servers::GithubRepository;

use crate::env::*;

const MALICIOUS: &str = "reporting: checks-v1\npolicy: {pullRequests: public}";

/// The default branch says one thing, the pull request of a outsider another.
fn repository(head: &str) -> GithubRepository {
    let mut repository = GithubRepository::with_file(SHA, &file(head, &["build"]));
    repository.files.insert(sha(1), Some(file(MALICIOUS, &["build"])));
    repository.collaborators.insert("ada".to_owned());
    repository
}

fn comment(author: &str, text: &str) -> Value {
    json!({
        "action": "created", "repository": crate::env::repository(), "installation": {"id": 5},
        "issue": {"number": 12, "state": "open", "pull_request": {"url": "https://api.github.com/"}},
        "comment": {"body": text, "user": {"login": author}},
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_request_of_somebody_else_starts_nothing_whatever_its_own_file_says() {
    let env = GithubEnv::start(repository("reporting: checks-v1")).await;
    env.deliver("pull_request", &pull_request("opened", "eve", &sha(1), 1)).await;
    until("a comment says so", async || !env.api.comments().is_empty()).await;
    env.deliver("pull_request", &pull_request("synchronize", "eve", &sha(1), 2)).await;
    env.deliver("pull_request", &pull_request("opened", "ada", &sha(1), 3)).await;
    let builds = env.builds_of(1).await;
    assert_eq!(builds[0]["pullRequestNumber"], 12);
    assert_eq!(env.api.comments().len(), 1);
    env.drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restricted_pull_requests_have_the_scopes_of_their_own_role_only() {
    let env = GithubEnv::start(repository("reporting: checks-v1\npolicy: {pullRequests: public_restricted}")).await;
    env.deliver("pull_request", &pull_request("opened", "eve", &sha(1), 1)).await;
    until("a comment names the role", async || {
        let comments = env.api.comments();
        comments.iter().any(|comment| comment["body"].as_str().unwrap().contains(":pull-request-untrusted"))
    })
    .await;
    assert!(env.builds().await.is_empty());
    env.role("pull-request-untrusted", &["queue:create-task:*"]).await;
    env.deliver("pull_request", &pull_request("synchronize", "eve", &sha(1), 2)).await;
    env.builds_of(1).await;
    env.drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comments_of_collaborators_start_tasks_where_the_default_branch_allows_it() {
    let mut repository = repository("reporting: checks-v1\npolicy: {allowComments: collaborators}");
    let head = json!({ "number": 12, "head": { "sha": sha(1), "ref": "topic" } });
    repository.pull_requests.insert(12, head);
    let env = GithubEnv::start(repository).await;
    env.deliver("issue_comment", &comment("eve", "/taskcluster test")).await;
    env.until_logged("no collaborator").await;
    assert_eq!(env.deliver("issue_comment", &comment("ada", "> /taskcluster test")).await, 200);
    env.deliver("issue_comment", &comment("ada", "/taskcluster test")).await;
    let builds = env.builds_of(1).await;
    assert_eq!((&builds[0]["eventType"], &builds[0]["sha"]), (&json!("issue_comment"), &json!(sha(1))));
    env.drover.stop().await;
}
