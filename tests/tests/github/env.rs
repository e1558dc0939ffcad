//! What the tests share.

use std::time::{Duration, Instant};

use base::{Rng, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Client, Drover, TestDirectory,
    servers::{GithubApi, GithubRepository, sign_delivery},
};
use tokio::time::sleep;

const SECRET: &str = "a secret of the web hook";
pub(crate) const SHA: &str = "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c";
pub(crate) const QUEUE: &str = "tests/github";
pub(crate) const REPOSITORY: &str = "mozilla/balrog";
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct GithubEnv {
    pub api: GithubApi,
    pub drover: Drover,
    pub client: Client,
    rng: Rng,
    folder: TestDirectory,
}

impl GithubEnv {
    /// Pushes to the default branch, pull requests and reruns may do what they like in the test's queue.
    pub(crate) async fn start(repository: GithubRepository) -> Self {
        let (api, folder) = (GithubApi::start().await, TestDirectory::new());
        api.with(|state| state.repositories.insert(REPOSITORY.to_owned(), repository));
        let drover = start_drover(&api, &folder).await;
        let client = drover.client();
        let env = Self { api, drover, client, rng: Rng::system(), folder };
        for end in ["branch:main", "pull-request"] {
            env.role(end, &["queue:create-task:*", "queue:route:*", "queue:scheduler-id:*"]).await;
        }
        env.role("rerun", &["queue:rerun-task:*"]).await;
        env
    }

    pub(crate) async fn role(&self, end: &str, scopes: &[&str]) {
        let role = json!({ "description": "a test", "scopes": scopes });
        let path = format!("roles/repo%3Agithub.com%2Fmozilla%2Fbalrog%3A{}", end.replace(':', "%3A"));
        self.client.send_to("auth", Method::PUT, &path, Some(&role), &[]).await.unwrap().ok();
    }

    /// A power cut, and a start afterwards.
    pub(crate) async fn restart(self) -> Self {
        let Self { api, drover, rng, folder, .. } = self;
        drover.kill().await;
        let drover = start_drover(&api, &folder).await;
        let client = drover.client();
        Self { api, drover, client, rng, folder }
    }

    /// A delivery with an id of its own; the status of the answer.
    pub(crate) async fn deliver(&self, event: &str, body: &Value) -> u16 {
        self.deliver_as(&self.new_id(), event, body).await
    }

    pub(crate) async fn deliver_as(&self, id: &str, event: &str, body: &Value) -> u16 {
        let text = body.to_string();
        let request = reqwest::Client::new()
            .post(format!("{}/api/github/v1/github", self.drover.root_url()))
            .header("content-type", "application/json")
            .header("x-github-event", event)
            .header("x-github-delivery", id)
            .header("x-hub-signature-256", sign_delivery(SECRET, text.as_bytes()));
        request.body(text).send().await.unwrap().status().as_u16()
    }

    pub(crate) fn new_id(&self) -> String {
        uuid::Uuid::from_bytes(self.rng.uuid_bytes()).to_string()
    }

    pub(crate) async fn builds(&self) -> Vec<Value> {
        let answer = self.client.send_to("github", Method::GET, "builds", None, &[]).await.unwrap().ok();
        answer["builds"].as_array().unwrap().clone()
    }

    /// The builds once there are so many.
    pub(crate) async fn builds_of(&self, count: usize) -> Vec<Value> {
        let mut builds = Vec::new();
        until("the builds are there", async || {
            builds = self.builds().await;
            builds.len() >= count
        })
        .await;
        assert_eq!(builds.len(), count, "{builds:?}");
        builds
    }

    /// The tasks of a group, by the names that they have.
    pub(crate) async fn tasks(&self, group: &str) -> Vec<Value> {
        let answer = self.client.get(&format!("task-group/{group}/list")).await.unwrap().ok();
        answer["tasks"].as_array().unwrap().clone()
    }

    /// Waits until GitHub has so many check runs for the commit, all of this status.
    pub(crate) async fn checks(&self, count: usize, status: &str) -> Vec<Value> {
        let mut checks = Vec::new();
        until("GitHub has the check runs", async || {
            checks = self.api.checks(SHA);
            checks.len() >= count && checks.iter().all(|check| check["status"] == status)
        })
        .await;
        assert_eq!(checks.len(), count, "{checks:?}");
        checks
    }

    /// Claims a pending task and ends its run.
    pub(crate) async fn work(&self, verb: &str) {
        let mut claimed = Value::Null;
        until("a task is pending", async || {
            claimed = self.client.claim_work(QUEUE, "w", 1).await.unwrap().ok()["tasks"][0].take();
            !claimed.is_null()
        })
        .await;
        let id = claimed["status"]["taskId"].as_str().unwrap().parse().unwrap();
        let run = usize::try_from(claimed["runId"].as_u64().unwrap()).unwrap();
        self.client.run(id, run, verb, &json!({})).await.unwrap().ok();
    }

    /// Waits until nothing is left of the deliveries, and says what was logged as their outcomes.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("drover.log")).unwrap()
    }

    pub(crate) async fn until_logged(&self, words: &str) {
        until(words, async || self.log().contains(words)).await;
    }
}

async fn start_drover(api: &GithubApi, folder: &TestDirectory) -> Drover {
    let url = format!("github.url={}", api.url);
    let flags = ["--workers", "0", "--set", "github.app_id=7", "--set", &url, "--set", "github.interval=50ms"];
    let secrets = format!("[\"{SECRET}\"]");
    let variables = [("DROVER__GITHUB__PRIVATE_KEY", api.app_key()), ("DROVER__GITHUB__WEBHOOK_SECRETS", &secrets)];
    Drover::start_with(folder.path(), &flags, &variables).await
}

/// Looks again and again, since nothing tells a test what another process does.
pub(crate) async fn until<F: AsyncFnMut() -> bool>(what: &str, mut holds: F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// A file with tasks of these names, each after the one before.
pub(crate) fn file(head: &str, names: &[&str]) -> String {
    let task = |(number, name): (usize, &&str)| {
        let dependencies =
            if number == 0 { String::new() } else { format!("{{$eval: 'as_slugid(\"{}\")'}}", names[number - 1]) };
        format!(
            "  - taskId: {{$eval: 'as_slugid(\"{name}\")'}}\n    taskQueueId: {QUEUE}\n    dependencies: [{dependencies}]\n    \
             deadline: {{$fromNow: 1 hour}}\n    payload: {{}}\n    metadata: {{name: {name}, description: d, owner: o@example.com, \
             source: 'https://example.com'}}\n"
        )
    };
    let tasks: String = names.iter().enumerate().map(task).collect();
    format!("version: 1\n{head}\ntasks:\n{tasks}")
}

pub(crate) fn push(branch: &str, sha: &str, before: &str) -> Value {
    json!({
        "ref": format!("refs/heads/{branch}"), "before": before, "after": sha, "deleted": false,
        "head_commit": {"message": "a change"}, "pusher": {"name": "ada"}, "commits": [], "sender": {"login": "ada"},
        "repository": repository(), "installation": {"id": 5},
    })
}

pub(crate) fn pull_request(action: &str, author: &str, sha: &str, second: u32) -> Value {
    json!({
        "action": action, "repository": repository(), "installation": {"id": 5},
        "pull_request": {
            "number": 12, "title": "a change", "updated_at": format!("2026-11-27T12:00:{second:02}Z"), "user": {"login": author},
            "head": {"sha": sha, "ref": "topic", "repo": {"owner": {"login": author}}},
        },
    })
}

pub(crate) fn repository() -> Value {
    json!({"name": "balrog", "owner": {"login": "mozilla"}, "default_branch": "main"})
}

pub(crate) fn zero() -> String {
    "0".repeat(40)
}

/// Another commit.
pub(crate) fn sha(number: u32) -> String {
    format!("{number:040x}")
}

/// When the test began, which no fault may move.
pub(crate) fn now() -> i64 {
    base::Clock::now(&SystemClock).timestamp()
}
