//! What a `.taskcluster.yml` yields for an event that is made up. Nothing is created.

use protocol::{
    error::FieldError,
    github::{BuildEvent, CHECKS_ROUTE, Delivery, SCHEDULER_ID, STATUSES_ROUTE, TaskclusterYml, TasksFor, read},
    id::TaskId,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Github, GithubError, JobError, Result,
    template::{Ids, RenderContext, render},
};

/// An event that is made up.
#[derive(Debug, Clone, Deserialize)]
pub struct FakeEvent {
    #[serde(rename = "type")]
    pub tasks_for: TasksFor,
    pub action: Option<String>,
    /// Fields of the body, in place of those that are made up.
    #[serde(default)]
    pub overrides: Map<String, Value>,
}

/// What would be created, and with which scopes.
#[derive(Debug, Clone)]
pub struct Preview {
    pub tasks: Vec<(TaskId, Map<String, Value>)>,
    pub scopes: Vec<String>,
}

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

impl Github {
    /// Takes a while: not for an async thread.
    pub fn preview(&self, file: &str, fake: &FakeEvent, owner: &str, name: &str) -> Result<Preview> {
        let file = TaskclusterYml::read(file).map_err(|error| GithubError::Job(JobError::Config(error.to_string())))?;
        let body = body(fake, owner, name);
        let event = event(fake, &body)?;
        let at = (self.0.root_url.as_str(), self.0.clock.now());
        let context = RenderContext::of_event(&file, fake.tasks_for, body, event.command.as_deref(), at);
        let ids = Ids::new(&self.0.rng.uuid_bytes(), "preview");
        let rendered = render(&file, &context, &ids).map_err(|error| GithubError::Job(JobError::Template(error.0)))?;
        let route = if file.by_checks() { CHECKS_ROUTE } else { STATUSES_ROUTE };
        let scopes = vec![
            event.role_scope(fake.tasks_for),
            format!("queue:route:{route}"),
            format!("queue:scheduler-id:{SCHEDULER_ID}"),
        ];
        Ok(Preview { tasks: rendered.map(|it| it.tasks).unwrap_or_default(), scopes })
    }
}

fn event(fake: &FakeEvent, body: &Value) -> Result<BuildEvent> {
    match read(event_name(fake.tasks_for), body)? {
        Delivery::Build(event) => Ok(*event),
        Delivery::Ignored(why) => {
            let expected = "be those of an event that tasks are made for";
            Err(GithubError::Field(FieldError::new("/payload/fakeEvent/overrides", expected, why)))
        }
        Delivery::Rerun(_) | Delivery::Installation(_) => {
            Err(GithubError::Field(FieldError::new("/payload/fakeEvent/type", "be that of a build", "another")))
        }
    }
}

const fn event_name(tasks_for: TasksFor) -> &'static str {
    match tasks_for {
        TasksFor::Push => "push",
        TasksFor::PullRequest | TasksFor::PullRequestUntrusted => "pull_request",
        TasksFor::Release => "release",
        TasksFor::Comment => "issue_comment",
    }
}

/// As GitHub would send it, with the fields that templates commonly use.
fn body(fake: &FakeEvent, owner: &str, name: &str) -> Value {
    let url = format!("https://github.com/{owner}/{name}");
    let user = json!({ "login": "taskcluster-user", "type": "User", "email": "user@example.com" });
    let repository = json!({
        "name": name, "full_name": format!("{owner}/{name}"), "owner": { "login": owner, "name": owner },
        "html_url": url, "url": url, "clone_url": format!("{url}.git"), "default_branch": "main",
    });
    let mut body = json!({ "repository": repository, "sender": user, "installation": { "id": 1 } });
    let own = match fake.tasks_for {
        TasksFor::Push => json!({
            "ref": "refs/heads/main", "before": "0".repeat(40), "after": SHA, "base_ref": null, "compare": url, "created": false,
            "deleted": false, "forced": false, "commits": [], "pusher": { "name": "taskcluster-user", "email": "user@example.com" },
            "head_commit": { "id": SHA, "message": "a commit", "timestamp": "2026-01-01T00:00:00Z", "author": user },
        }),
        TasksFor::PullRequest | TasksFor::PullRequestUntrusted => {
            json!({ "action": fake.action, "number": 1, "pull_request": pull_request(&repository, &user) })
        }
        TasksFor::Release => json!({
            "action": fake.action,
            "release": { "tag_name": "v1.0.0", "name": "v1.0.0", "target_commitish": "main", "draft": false, "author": user },
        }),
        TasksFor::Comment => json!({
            "action": fake.action,
            "issue": { "number": 1, "state": "open", "title": "a pull request", "pull_request": { "url": url } },
            "comment": { "body": "/taskcluster test", "user": user },
            "pull_request": pull_request(&repository, &user),
            "taskcluster_comment": "test",
        }),
    };
    for fields in [own.as_object(), Some(&fake.overrides)].into_iter().flatten() {
        for (field, value) in fields {
            body[field] = value.clone();
        }
    }
    body
}

fn pull_request(repository: &Value, user: &Value) -> Value {
    json!({
        "number": 1, "title": "a pull request", "state": "open", "draft": false, "user": user, "labels": [],
        "html_url": format!("{}/pull/1", repository["html_url"].as_str().unwrap_or_default()),
        "head": { "ref": "topic", "sha": SHA, "repo": repository, "user": user },
        "base": { "ref": "main", "sha": "0".repeat(40), "repo": repository, "user": user },
        "updated_at": "2026-01-01T00:00:00Z",
    })
}
