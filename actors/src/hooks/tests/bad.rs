//! What is refused before anything is stored, and templates that would never end.

use serde_json::{Value, json};

use super::{super::*, *};

async fn refusal(env: &TestEnv, body: HookBody) -> String {
    let error = env.hooks.create(&name(), body, "me").await.unwrap_err();
    assert_eq!(error.code(), protocol::error::ErrorCode::InputError, "{error}");
    assert!(matches!(env.hooks.hook(&name()).await, Err(HookError::NoSuchHook(_))));
    error.to_string()
}

#[tokio::test]
async fn schedules_that_cannot_be_are_refused() {
    let env = TestEnv::start().await;
    for (schedule, words) in [
        (vec!["not cron"], "`not cron`"),
        (vec!["0 0 0 30 2 *"], "never fires"),
        (vec!["* * * * *"; 1000], "at most 100"),
        (vec![""], "five or six fields"),
    ] {
        let refused = refusal(&env, body(&schedule)).await;
        assert!(refused.contains("schedule") && refused.contains(words), "{refused}");
    }
}

#[tokio::test]
async fn schemas_that_cannot_be_used_are_refused() {
    let env = TestEnv::start().await;
    let mut deep = json!({});
    for _ in 0..100 {
        deep = json!({ "not": deep });
    }
    for (schema, words) in [
        (json!({ "type": "no-such-type" }), "triggerSchema"),
        (json!({ "$ref": "http://example.com/schema.json" }), "only its own parts"),
        (json!({ "$ref": "#" }), "refers to itself"),
        (json!({ "pattern": "(?=x)" }), "triggerSchema"),
    ] {
        let refused = refusal(&env, HookBody { trigger_schema: schema, ..body(&[]) }).await;
        assert!(refused.contains(words), "{refused}");
    }
    env.create(HookBody { trigger_schema: deep, ..body(&[]) }).await;
    env.trigger(json!({})).await.unwrap();
}

#[tokio::test]
async fn a_pattern_that_backtracks_elsewhere_takes_no_time_here() {
    let env = TestEnv::start().await;
    let schema = json!({ "properties": { "x": { "pattern": "^(a+)+$" } } });
    env.create(HookBody { trigger_schema: schema, ..body(&[]) }).await;
    let error = env.trigger(json!({ "x": format!("{}b", "a".repeat(100_000)) })).await.unwrap_err();
    assert!(matches!(error, HookError::Payload(_)), "{error}");
    assert!(env.fires().await.is_empty());
}

#[tokio::test]
async fn bindings_to_exchanges_of_fires_are_refused() {
    let env = TestEnv::start().await;
    let bound = |exchange: &str, pattern: &str| {
        let binding = Binding { exchange: exchange.to_owned(), routing_key_pattern: pattern.to_owned() };
        HookBody { bindings: Some(vec![binding]), ..body(&[]) }
    };
    for exchange in ["exchange/taskcluster-hooks/v1/hook-created", "exchange/taskcluster-queue/v1/task-created"] {
        let refused = refusal(&env, bound(exchange, "#")).await;
        assert!(refused.contains("bindings/exchange"), "{refused}");
    }
    let refused = refusal(&env, bound("exchange/x/v1/y", &"x".repeat(300))).await;
    assert!(refused.contains("bindings/routingKeyPattern"), "{refused}");
    let long = HookName::new("g", &"h".repeat(1000));
    let error = env.hooks.create(&long, bound("exchange/x/v1/y", "#.#.#"), "me").await.unwrap_err();
    assert!(error.to_string().contains("hookId"), "{error}");
    env.hooks.create(&long, body(&[]), "me").await.unwrap();
}

#[tokio::test]
async fn ids_in_the_body_are_those_of_the_path() {
    let env = TestEnv::start().await;
    let refused = refusal(&env, HookBody { hook_id: Some("else".to_owned()), ..body(&[]) }).await;
    assert!(refused.contains("hookId") && refused.contains("`else`"), "{refused}");
    env.create(HookBody { hook_id: Some("h".to_owned()), hook_group_id: Some("g".to_owned()), ..body(&[]) }).await;
}

/// Nesting of a thousand levels does not get past the parser of bodies; a text holds what it likes.
#[tokio::test]
async fn templates_that_would_never_end_are_errors_of_their_hook() {
    let env = TestEnv::start().await;
    env.create(body(&[])).await;
    let nested = format!("{}1{}", "(".repeat(1000), ")".repeat(1000));
    let list = json!({ "$eval": "range(0, 1000)" });
    let loops = json!({ "$map": list, "each(a)": { "$map": list, "each(b)": { "$map": list, "each(c)": 1 } } });
    let doubling =
        json!({ "$reduce": { "$eval": "range(0, 40)" }, "initial": "x", "each(acc, n)": { "$eval": "acc + acc" } });
    for template in
        [json!({ "$eval": nested }), loops, doubling, json!({ "$eval": "[1, 2]" }), json!({ "$eval": "'text'" })]
    {
        env.hooks.update(&name(), HookBody { task: template, ..body(&[]) }, "me").await.unwrap();
        let error = env.trigger(json!({})).await.unwrap_err();
        assert!(matches!(error, HookError::Template(_) | HookError::Slow(_)), "{error}");
        assert_eq!(env.fires().await[0].result, FireResult::Error);
    }
    assert_eq!(env.tasks().await, 0);
}

#[tokio::test]
async fn rendered_tasks_that_the_queue_would_refuse_are_errors_that_say_why() {
    let env = TestEnv::start().await;
    env.create(body(&[])).await;
    let past: Value = json!({ "$fromNow": "-1 hour" });
    let cases = [
        ("priority", json!("no-such"), "priority"),
        ("deadline", past, "deadline"),
        ("dependencies", json!(["fN1SbArXTPSVFNUvaOlinQ"]), "missingTaskDependencies"),
        ("scopes", json!(["a**"]), "`**`"),
        ("taskQueueId", json!("tests/Hooks"), "taskQueueId"),
        ("none", json!(1), "none"),
    ];
    for (field, value, words) in cases {
        let mut task = body(&[]).task;
        task[field] = value;
        env.hooks.update(&name(), HookBody { task, ..body(&[]) }, "me").await.unwrap();
        let error = env.trigger(json!({})).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(env.fires().await[0].error, error);
    }
    assert_eq!(env.tasks().await, 0);
}
