//! What deliveries are read as, in the cases that matter.

use serde_json::{Value, json};

use super::*;

const SHA: &str = "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c";

fn repository() -> Value {
    json!({"name": "balrog", "owner": {"login": "mozilla"}, "default_branch": "main"})
}

fn push(reference: &str) -> Value {
    json!({
        "ref": reference, "before": "0".repeat(40), "after": SHA, "deleted": false,
        "head_commit": {"message": "a change"}, "pusher": {"name": "ada"},
        "repository": repository(), "installation": {"id": 5},
    })
}

fn pull_request(action: &str) -> Value {
    json!({
        "action": action, "repository": repository(), "installation": {"id": 5},
        "pull_request": {
            "number": 12, "title": "a change", "updated_at": "2026-11-27T12:00:00Z", "user": {"login": "eve"},
            "head": {"sha": SHA, "ref": "topic", "repo": {"owner": {"login": "eve"}}},
        },
    })
}

fn comment(text: &str) -> Value {
    json!({
        "action": "created", "repository": repository(), "installation": {"id": 5},
        "issue": {"number": 12, "state": "open", "pull_request": {"url": "https://api.github.com/"}},
        "comment": {"body": text, "user": {"login": "ada"}},
    })
}

fn build(event: &str, body: &Value) -> BuildEvent {
    match read(event, body) {
        Ok(Delivery::Build(event)) => *event,
        other => panic!("{other:?}"),
    }
}

fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    *body.pointer_mut(pointer).unwrap() = value;
    body
}

#[track_caller]
fn ignored(event: &str, body: &Value, why: &str) {
    match read(event, body) {
        Ok(Delivery::Ignored(reason)) => assert!(reason.contains(why), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn scopes_follow_from_the_event() {
    let scope = |event: &BuildEvent| event.role_scope(event.tasks_for());
    let repo = "assume:repo:github.com/mozilla/balrog:";
    assert_eq!(scope(&build("push", &push("refs/heads/main"))), format!("{repo}branch:main"));
    assert_eq!(scope(&build("push", &push("refs/tags/v 1.0"))), format!("{repo}tag:v 1.0"));
    let event = build("pull_request", &pull_request("opened"));
    assert_eq!(scope(&event), format!("{repo}pull-request"));
    assert_eq!(event.role_scope(TasksFor::PullRequestUntrusted), format!("{repo}pull-request-untrusted"));
    assert_eq!(scope(&build("issue_comment", &comment("/taskcluster test"))), format!("{repo}pull-request"));
    let release = json!({"action": "published", "repository": repository(), "installation": {"id": 5},
                         "release": {"tag_name": "v1", "author": {"login": "ada"}}});
    assert_eq!(scope(&build("release", &release)), format!("{repo}release:published"));
}

#[test]
fn a_name_with_a_star_never_becomes_a_scope() {
    for body in [push("refs/heads/*"), push("refs/tags/v*"), push("refs/heads/a*b"), push("refs/heads/")] {
        assert!(read("push", &body).is_err(), "{body}");
    }
    assert!(read("pull_request", &pull_request("*")).is_err());
    assert!(read("push", &with(push("refs/heads/main"), "/repository/name", json!("*"))).is_err());
}

#[test]
fn odd_names_of_branches_are_kept() {
    assert_eq!(build("push", &push("refs/heads/a\"b/../c")).branch, "a\"b/../c");
    assert_eq!(build("push", &push("refs/heads/ü")).branch, "ü");
    assert!(read("push", &push(&format!("refs/heads/{}", "x".repeat(501)))).is_err());
}

#[test]
fn names_that_would_leave_their_path_are_refused() {
    for name in ["..", "a/b", "", "a b", "a%2fb", "a\nb"] {
        let body = with(push("refs/heads/main"), "/repository/name", json!(name));
        assert!(read("push", &body).is_err(), "{name:?}");
    }
    assert!(read("push", &with(push("refs/heads/main"), "/after", json!("../../x"))).is_err());
}

#[test]
fn a_deleted_branch_or_a_skipped_commit_starts_nothing() {
    ignored("push", &with(push("refs/heads/main"), "/after", json!("0".repeat(40))), "deleted");
    ignored("push", &with(push("refs/heads/main"), "/deleted", json!(true)), "deleted");
    for marker in ["[ci skip]", "[skip ci]", "[Skip CI]"] {
        let message = json!(format!("a change\n\n{marker}"));
        ignored("push", &with(push("refs/heads/main"), "/head_commit/message", message.clone()), "skip");
        ignored("pull_request", &with(pull_request("opened"), "/pull_request/title", message), "skip");
    }
    ignored("push", &push("refs/notes/commits"), "no branch");
    build("push", &with(push("refs/heads/main"), "/head_commit", Value::Null));
}

#[test]
fn a_deleted_fork_has_no_owner() {
    let body = with(pull_request("opened"), "/pull_request/head/repo", Value::Null);
    assert_eq!(build("pull_request", &body).head_owner, None);
}

#[test]
fn only_commands_on_open_pull_requests_count() {
    let body = comment("/taskcluster test");
    assert_eq!(build("issue_comment", &body).command.as_deref(), Some("test"));
    ignored("issue_comment", &with(body.clone(), "/issue/state", json!("closed")), "not open");
    ignored("issue_comment", &with(body.clone(), "/issue/pull_request", Value::Null), "not on a pull request");
    ignored("issue_comment", &with(body.clone(), "/action", json!("deleted")), "neither");
    ignored("issue_comment", &comment("> /taskcluster test"), "no command");
}

#[test]
fn unknown_events_and_missing_installations_are_ignored() {
    ignored("ping", &json!({}), "no interest");
    ignored("brand_new", &json!({"action": "x"}), "no interest");
    ignored("push", &with(push("refs/heads/main"), "/installation", Value::Null), "installed");
    ignored("check_run", &json!({"action": "created"}), "not requested");
    ignored("check_run", &json!({"action": "rerequested", "sender": {"type": "Bot"}}), "people");
}

#[test]
fn opened_and_synchronize_are_one_class_and_the_default_branch_cancels_nothing() {
    let class = |action: &str| build("pull_request", &pull_request(action)).cancel_class();
    assert_eq!(class("opened"), class("synchronize"));
    assert_ne!(class("opened"), class("labeled"));
    assert_eq!(build("push", &push("refs/heads/main")).cancel_class(), None);
    assert_eq!(build("push", &push("refs/heads/topic")).cancel_class().as_deref(), Some("push"));
    assert_eq!(build("push", &push("refs/tags/main2")).cancel_class(), None);
    assert_eq!(build("issue_comment", &comment("/taskcluster x")).cancel_class(), None);
}
