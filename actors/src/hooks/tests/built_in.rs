//! The hooks that come with Drover.

use protocol::error::ErrorCode;
use serde_json::{Value, json};

use super::{super::*, *};

fn retrigger() -> HookName {
    HookName::new("drover", "retrigger")
}

async fn env() -> TestEnv {
    let env = TestEnv::start().await;
    env.hooks.ensure_built_in("https://drover.example").await.unwrap();
    env
}

#[tokio::test]
async fn they_are_made_once_and_follow_the_version() {
    let env = env().await;
    env.another_process().ensure_built_in("https://drover.example").await.unwrap();
    let names: Vec<String> =
        env.hooks.list("drover").await.unwrap().into_iter().map(|hook| hook.name.hook_id).collect();
    assert_eq!(names, ["backfill", "cancel", "cancel-group", "rerun", "retrigger"]);
    env.hooks.ensure_built_in("https://other.example").await.unwrap();
    let source = env.hooks.hook(&retrigger()).await.unwrap().definition.task["metadata"]["source"].clone();
    assert_eq!(source, "https://other.example/hooks/drover/retrigger");
}

#[tokio::test]
async fn they_cannot_be_changed_or_removed_and_their_group_takes_no_others() {
    let env = env().await;
    let before = env.hooks.hook(&retrigger()).await.unwrap().definition.task;
    let refused = [
        env.hooks.create(&retrigger(), body(&[]), "me").await.unwrap_err(),
        env.hooks.create(&HookName::new("drover", "mine"), body(&[]), "me").await.unwrap_err(),
        env.hooks.update(&retrigger(), body(&[]), "me").await.unwrap_err(),
        env.hooks.remove(&retrigger(), "me").await.unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.code(), ErrorCode::RequestConflict);
        assert!(error.to_string().contains("another group"), "{error}");
    }
    assert_eq!(env.hooks.hook(&retrigger()).await.unwrap().definition.task, before);
    assert_eq!(env.hooks.list("drover").await.unwrap().len(), 5);
}

#[tokio::test]
async fn without_a_role_they_make_nothing_and_name_it() {
    let env = env().await;
    let id = "fN1SbArXTPSVFNUvaOlinQ";
    let payload = object(json!({ "user": { "taskId": id, "taskGroupId": id, "input": { "downstream": true } } }));
    let error = env.hooks.trigger(&retrigger(), &Trigger::Client("me".to_owned()), payload).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InsufficientScopes);
    let words = error.to_string();
    assert!(words.contains("`hook-id:drover/retrigger`") && words.contains("built-in/action"), "{words}");
    assert_eq!(env.tasks().await, 0);
}

#[tokio::test]
async fn what_they_cannot_be_asked_for_is_refused_by_its_field() {
    let env = env().await;
    let id = "fN1SbArXTPSVFNUvaOlinQ";
    let user = |user: Value| json!({ "user": user });
    for (payload, field) in [
        (json!({}), "user"),
        (user(json!({ "taskGroupId": id })), "taskId"),
        (user(json!({ "taskId": "x", "taskGroupId": id })), "/user/taskId"),
        (user(json!({ "taskId": id, "taskGroupId": id, "input": { "times": 0 } })), "/user/input/times"),
        (user(json!({ "taskId": id, "taskGroupId": id, "more": 1 })), "more"),
    ] {
        let client = Trigger::Client("me".to_owned());
        let error = env.hooks.trigger(&retrigger(), &client, object(payload)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InputError);
        assert!(error.to_string().contains(field), "{error}");
    }
}
