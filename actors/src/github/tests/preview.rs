//! Files that are rendered for an event that is made up.

use serde_json::{Value, json};

use super::{super::*, env::TestEnv};

fn fake(event: Value) -> FakeEvent {
    serde_json::from_value(event).unwrap()
}

#[tokio::test]
async fn each_kind_of_event_renders_with_its_scopes() {
    let env = TestEnv::start().await;
    let file = "version: 1\ntasks:\n  - {what: '${tasks_for}', on: '${event.repository.full_name}', url: '${taskcluster_root_url}'}\n";
    for (event, end) in [
        (json!({"type": "github-push"}), "branch:main"),
        (json!({"type": "github-push", "overrides": {"ref": "refs/tags/v1"}}), "tag:v1"),
        (json!({"type": "github-pull-request", "action": "opened"}), "pull-request"),
        (json!({"type": "github-pull-request-untrusted", "action": "opened"}), "pull-request-untrusted"),
        (json!({"type": "github-release", "action": "published"}), "release:published"),
        (json!({"type": "github-issue-comment", "action": "created"}), "pull-request"),
    ] {
        let preview = env.github.preview(file, &fake(event.clone()), "mozilla", "balrog").unwrap();
        assert_eq!(preview.scopes[0], format!("assume:repo:github.com/mozilla/balrog:{end}"));
        assert_eq!(preview.scopes[1..], ["queue:route:statuses", "queue:scheduler-id:taskcluster-github"]);
        let task = &preview.tasks[0].1;
        assert_eq!((&task["what"], &task["on"]), (&event["type"], &json!("mozilla/balrog")));
    }
}

#[tokio::test]
async fn what_cannot_be_rendered_is_refused_in_words() {
    let env = TestEnv::start().await;
    let push = || fake(json!({"type": "github-push"}));
    let deleted = fake(json!({"type": "github-push", "overrides": {"after": "0000"}}));
    let star = fake(json!({"type": "github-push", "overrides": {"ref": "refs/heads/*"}}));
    let deep = format!("version: 1\ntasks: [{{a: {{$eval: '{}1{}'}}}}]", "(".repeat(1000), ")".repeat(1000));
    let bomb =
        "version: 1\ntasks: {$reduce: {$eval: 'range(0, 40)'}, each(acc, x): {$eval: 'acc + acc'}, initial: [[1, 2]]}";
    for (file, event, words) in [
        ("version: 0", push(), "version 0"),
        ("version: 1\ntasks: {$eval: 'x'}", push(), "x"),
        ("version: 1", deleted, "fakeEvent"),
        ("version: 1", star, "ref"),
        (&deep, push(), "cannot be rendered"),
        (bomb, push(), "cannot be rendered"),
    ] {
        let error = env.github.preview(file, &event, "o", "n").unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
}
