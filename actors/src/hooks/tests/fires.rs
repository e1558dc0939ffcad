//! Firing on demand.

use db::auth::AuditQuery;
use protocol::id::TaskId;
use serde_json::json;

use super::{super::*, *};

fn new_id() -> TaskId {
    TaskId::from_random(Rng::system().uuid_bytes())
}

#[tokio::test]
async fn a_fire_with_a_task_id_makes_one_task_however_often_it_is_repeated() {
    let env = TestEnv::start().await;
    env.create(body(&[])).await;
    let id = new_id();
    for _ in 0..3 {
        assert_eq!(env.trigger(json!({ "taskId": id })).await.unwrap(), Some(id));
    }
    assert_eq!((env.tasks().await, env.fires().await.len()), (1, 1));
}

#[tokio::test]
async fn the_id_of_another_task_is_refused_with_the_reason() {
    let env = TestEnv::start().await;
    env.create(body(&[])).await;
    env.hooks.create(&HookName::new("g", "other"), body(&[]), "me").await.unwrap();
    let id = new_id();
    let client = Trigger::Client("me".to_owned());
    env.hooks.trigger(&HookName::new("g", "other"), &client, object(json!({ "taskId": id }))).await.unwrap();
    let mut changed = body(&[]);
    changed.task["payload"] = json!({ "other": 1 });
    env.hooks.update(&name(), changed, "me").await.unwrap();
    let error = env.trigger(json!({ "taskId": id })).await.unwrap_err();
    assert!(error.to_string().contains("already used by another task"), "{error}");
    assert_eq!(error.code(), protocol::error::ErrorCode::InputError);
    assert_eq!((env.tasks().await, env.fires().await[0].result), (1, FireResult::Error));
    // What is no slugid is a part of the payload, and no id.
    assert_ne!(env.trigger(json!({ "taskId": "x" })).await.unwrap(), None);
}

#[tokio::test]
async fn missing_scopes_of_the_role_are_named() {
    let env = TestEnv::start().await;
    let poor = HookName::new("poor", "h");
    env.hooks.create(&poor, body(&[]), "me").await.unwrap();
    let error = env.hooks.trigger(&poor, &Trigger::Client("me".to_owned()), object(json!({}))).await.unwrap_err();
    let words = error.to_string();
    assert!(words.contains("`hook-id:poor/h`") && words.contains("queue:create-task:"), "{words}");
    assert_eq!((error.code(), env.tasks().await), (protocol::error::ErrorCode::InsufficientScopes, 0));
}

#[tokio::test]
async fn a_template_may_yield_no_task() {
    let env = TestEnv::start().await;
    let mut conditional = body(&[]);
    conditional.task = json!({ "$if": "payload.go == true", "then": conditional.task });
    env.create(conditional).await;
    assert_eq!(env.trigger(json!({ "go": false })).await.unwrap(), None);
    assert!(env.trigger(json!({ "go": true })).await.unwrap().is_some());
    assert_eq!((env.tasks().await, env.fires().await.len()), (1, 1));
}

#[tokio::test]
async fn a_token_opens_its_own_hook_until_it_is_reset() {
    let env = TestEnv::start().await;
    env.create(body(&[])).await;
    env.hooks.create(&HookName::new("g", "other"), body(&[]), "me").await.unwrap();
    let token = env.hooks.token(&name()).await.unwrap();
    let fire =
        async |token: &str| env.hooks.trigger(&name(), &Trigger::Token(token.to_owned()), object(json!({}))).await;
    assert!(fire(&token).await.unwrap().is_some());
    let other = env.hooks.token(&HookName::new("g", "other")).await.unwrap();
    let swapped: String = token
        .chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    for wrong in [other.as_str(), swapped.as_str(), "", &token[..10]] {
        assert!(matches!(fire(wrong).await, Err(HookError::WrongToken)), "{wrong}");
    }
    let new = env.hooks.reset_token(&name(), "me").await.unwrap();
    assert!(matches!(fire(&token).await, Err(HookError::WrongToken)));
    assert!(fire(&new).await.unwrap().is_some());
    assert_eq!(env.count(&format!("select from hook where hook::text like '%{new}%'")).await, 0);
}

#[tokio::test]
async fn changes_are_in_the_history_and_an_equal_repeat_is_not() {
    let env = TestEnv::start().await;
    for _ in 0..2 {
        env.create(body(&[])).await;
    }
    let other = env.hooks.create(&name(), body(&["0 0 0 * * *"]), "me").await;
    assert!(matches!(other, Err(HookError::Exists(_))));
    env.hooks.update(&name(), body(&["0 0 0 * * *"]), "you").await.unwrap();
    for _ in 0..2 {
        env.hooks.remove(&name(), "me").await.unwrap();
    }
    let history = env.db.audit(AuditQuery::Entity { kind: "hook", id: "g/h" }, None, 10).await.unwrap();
    let actions: Vec<_> = history.iter().map(|row| (row.client_id.as_str(), row.action_type.as_str())).collect();
    assert_eq!(actions, [("me", "created"), ("you", "updated"), ("me", "deleted")]);
    for (exchange, events) in [("hook-created", 2), ("hook-updated", 1), ("hook-deleted", 1)] {
        let query = format!("select from outbox where payload ->> 'exchange' = '{exchange}'");
        assert_eq!(env.count(&query).await, events, "{exchange}");
    }
}

#[tokio::test]
async fn a_hook_that_was_made_anew_has_no_history() {
    let env = TestEnv::start().await;
    env.create(body(&[])).await;
    let id = new_id();
    env.trigger(json!({ "taskId": id })).await.unwrap();
    env.hooks.remove(&name(), "me").await.unwrap();
    env.create(body(&[])).await;
    assert!(env.fires().await.is_empty());
}

#[tokio::test]
async fn bindings_that_an_update_leaves_out_stay() {
    let env = TestEnv::start().await;
    let binding = Binding { exchange: "exchange/x/v1/y".to_owned(), routing_key_pattern: "#".to_owned() };
    env.create(HookBody { bindings: Some(vec![binding.clone()]), ..body(&[]) }).await;
    let updated = env.hooks.update(&name(), body(&["0 0 0 * * *"]), "me").await.unwrap();
    assert_eq!(updated.bindings, [binding]);
    let updated = env.hooks.update(&name(), HookBody { bindings: Some(vec![]), ..body(&[]) }, "me").await.unwrap();
    assert!(updated.bindings.is_empty());
}

#[tokio::test]
async fn groups_and_hooks_are_listed_in_order_whole() {
    let env = TestEnv::start().await;
    for (group, id) in [("b", "2"), ("b", "1"), ("a", "x"), ("c", "x")] {
        env.hooks.create(&HookName::new(group, id), body(&[]), "me").await.unwrap();
    }
    assert_eq!(env.hooks.groups().await.unwrap(), ["a", "b", "c"]);
    let ids: Vec<String> = env.hooks.list("b").await.unwrap().into_iter().map(|hook| hook.name.hook_id).collect();
    assert_eq!(ids, ["1", "2"]);
    assert!(matches!(env.hooks.list("none").await, Err(HookError::NoSuchGroup(_))));
    let insert = "insert into hook select 'many', lpad(n::text, 6, '0'), definition, bindings, n, trigger_token, next_task_id, null, null, 0, false, created, last_modified
                  from hook, generate_series(1, 20000) n where hook_group_id = 'a'";
    env.database.run(insert).await;
    assert_eq!(env.hooks.list("many").await.unwrap().len(), 20_000);
}
