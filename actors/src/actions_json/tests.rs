//! Lists of actions, as taskgraph writes them.

use protocol::id::TaskId;
use serde_json::{Value, json};

use super::*;

const GROUP: &str = "fN1SbArXTPSVFNUvaOlinQ";
const TASK: &str = "AAAAAAAAQACAAAAAAAAAAA";

fn list() -> ActionList {
    let hook = |name: &str, context: Value, hook_id: &str| {
        json!({
            "name": name, "title": name.to_uppercase(), "description": "d", "kind": "hook", "context": context,
            "hookGroupId": "project-a", "hookId": hook_id,
            "hookPayload": {
                "decision": { "action": { "name": name }, "push": { "revision": "${revision}" } },
                "user": {
                    "input": { "$eval": "input" },
                    "taskId": { "$eval": "taskId" },
                    "taskGroupId": { "$eval": "taskGroupId" },
                },
            },
        })
    };
    let mut with_schema =
        hook("retrigger", json!([{ "kind": "build", "os": "linux" }, { "kind": "test" }]), "of-builds");
    with_schema["schema"] = json!({ "type": "object", "properties": { "times": { "type": "integer", "maximum": 3 } }, "additionalProperties": false });
    let text = json!({
        "version": 1,
        "variables": { "revision": "abc" },
        "actions": [
            with_schema,
            hook("retrigger", json!([{}]), "of-all"),
            hook("cancel-all", json!([]), "of-groups"),
            { "name": "old", "title": "Old", "description": "d", "kind": "task", "context": [{}], "task": {} },
        ],
    });
    ActionList::parse(text.to_string().as_bytes()).unwrap()
}

fn of_task(tags: &Value) -> Target {
    let task_id: TaskId = TASK.parse().unwrap();
    Target { task_group_id: GROUP.parse().unwrap(), task: Some((task_id, json!({ "tags": tags }))) }
}

fn of_group() -> Target {
    Target { task_group_id: GROUP.parse().unwrap(), task: None }
}

fn now() -> Timestamp {
    "2026-11-28T00:00:00Z".parse().unwrap()
}

#[test]
fn actions_are_for_tasks_with_all_tags_of_a_set_and_for_groups_without_one() {
    let list = list();
    let hook = |tags: Value| list.find("retrigger", &of_task(&tags)).unwrap().hook_id.clone().unwrap();
    assert_eq!(hook(json!({ "kind": "build", "os": "linux", "more": "x" })), "of-builds");
    assert_eq!(hook(json!({ "kind": "test" })), "of-builds");
    assert_eq!(hook(json!({ "kind": "build", "os": "mac" })), "of-all", "the first one that is for it");
    let names = |target: &Target| list.of(target).iter().map(|action| action.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&of_task(&json!({ "kind": "test" }))), ["retrigger", "old"], "of one name only the first");
    assert_eq!(names(&of_group()), ["cancel-all"]);
    let error = list.find("retrigger", &of_group()).unwrap_err().to_string();
    assert_eq!(error, "there is no action `retrigger` for this group; there is `cancel-all`");
}

#[test]
fn the_payload_of_the_hook_is_rendered_with_what_the_action_is_about() {
    let list = list();
    let target = of_task(&json!({ "kind": "test" }));
    let call = list.call(list.find("retrigger", &target).unwrap(), &target, &json!({ "times": 2 }), now()).unwrap();
    let payload = json!({
        "decision": { "action": { "name": "retrigger" }, "push": { "revision": "abc" } },
        "user": { "input": { "times": 2 }, "taskId": TASK, "taskGroupId": GROUP },
    });
    assert_eq!(call.payload, payload);
    let hook = (call.hook_group_id.as_str(), call.hook_id.as_str());
    assert_eq!(scope_to_offer(hook), "in-tree:hook-action:project-a/of-builds");

    let call = list.call(list.find("cancel-all", &of_group()).unwrap(), &of_group(), &Value::Null, now()).unwrap();
    assert_eq!(call.payload["user"], json!({ "input": null, "taskId": null, "taskGroupId": GROUP }));
}

#[test]
fn what_an_action_cannot_take_is_named() {
    let list = list();
    let call = |target: &Target, name, input| {
        list.find(name, target).and_then(|action| list.call(action, target, &input, now())).unwrap_err().to_string()
    };
    let test = of_task(&json!({ "kind": "test" }));
    assert!(call(&test, "retrigger", json!({ "times": 4 })).contains("input/times"));
    assert!(call(&test, "retrigger", json!({ "more": 4 })).contains("more"));
    assert!(call(&of_group(), "cancel-all", json!({})).contains("it takes none"));
    assert!(call(&test, "old", Value::Null).contains("the kind `task`"));
}

#[test]
fn files_that_are_no_lists_are_refused() {
    let error = |text: &str| ActionList::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(error("{").contains(ARTIFACT));
    assert!(error("[]").contains(ARTIFACT));
    assert!(error(r#"{ "version": 2, "actions": [] }"#).contains("version 2"));
    assert!(error(r#"{ "version": 1, "actions": [{ "name": "a" }] }"#).contains("title"));
    assert!(error(&" ".repeat(MAX_BYTES + 1)).contains("bytes"));
}

#[test]
fn a_template_that_cannot_be_rendered_names_its_action() {
    let mut list = list();
    list.actions[2].hook_payload = Some(json!({ "$eval": "no_such_name" }));
    let error = list.call(&list.actions[2], &of_group(), &Value::Null, now()).unwrap_err().to_string();
    assert!(error.contains("`cancel-all`") && error.contains("no_such_name"), "{error}");
    list.actions[2].hook_payload = Some(json!([]));
    let error = list.call(&list.actions[2], &of_group(), &Value::Null, now()).unwrap_err().to_string();
    assert!(error.contains("yields no object"), "{error}");
}
