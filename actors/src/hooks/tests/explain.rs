//! Why a hook fires or does not, and what a fire would do.

use base::{Rng, SealingKey};
use serde_json::json;

use super::{super::*, *};

async fn reasons(env: &TestEnv, at: Option<&str>) -> String {
    let at = at.map(|text| protocol::time::parse(text).unwrap());
    env.hooks.explain(&name(), at).await.unwrap().reasons.join("\n")
}

#[tokio::test]
async fn every_reason_is_given_in_words() {
    let env = TestEnv::start().await;
    env.create(body(&[])).await;
    assert!(reasons(&env, None).await.contains("fires on demand only"));
    env.trigger(json!({})).await.unwrap();
    assert!(reasons(&env, None).await.contains("created the task"));
    let bound = Binding { exchange: "exchange/x/v1/y".to_owned(), routing_key_pattern: "#".to_owned() };
    env.hooks.update(&name(), HookBody { bindings: Some(vec![bound]), ..body(&["0 0 0 * * *"]) }, "me").await.unwrap();
    let all = reasons(&env, None).await;
    assert!(all.contains("its next date is") && all.contains("not at the broker yet"), "{all}");
    let refused = json!([{ "exchange": "exchange/x/v1/y", "reason": "NOT_FOUND" }]).to_string();
    env.db.hook_queue_prepare(name().parts(), "[]").await.unwrap();
    env.db.hook_queue_bound(name().parts(), "[]", &refused, env.clock.now()).await.unwrap();
    env.db.hook_discard_message(name().parts(), "the hook was paused", env.clock.now()).await.unwrap();
    let all = reasons(&env, None).await;
    assert!(all.contains("`exchange/x/v1/y` is not in place: NOT_FOUND"), "{all}");
    assert!(all.contains("1 messages fired nothing"), "{all}");
    env.hooks.set_paused(&name(), true, "me").await.unwrap();
    assert!(reasons(&env, None).await.contains("it is paused"));
}

#[tokio::test]
async fn a_time_at_which_it_did_not_fire_is_explained() {
    let env = TestEnv::start().await;
    env.create(body(&["0 0 0 * * *"])).await;
    assert!(reasons(&env, Some("2030-01-01T12:30:00Z")).await.contains("has no date at 2030-01-01T12:30"));
    assert!(reasons(&env, Some("2030-01-01T00:00:00Z")).await.contains("there is no trace of it"));
    env.trigger(json!({})).await.unwrap();
    let now = protocol::time::format(env.clock.now());
    assert!(reasons(&env, Some(&now)).await.contains("created the task"));
}

#[tokio::test]
async fn a_dry_run_says_what_a_fire_would_do_and_writes_nothing() {
    let env = TestEnv::start().await;
    let bound = Binding { exchange: "exchange/x/v1/y".to_owned(), routing_key_pattern: "a.#".to_owned() };
    let schema = json!({ "type": "object", "required": ["n"] });
    env.create(HookBody { bindings: Some(vec![bound]), trigger_schema: schema, ..body(&[]) }).await;
    let request = DryRunRequest { payload: Some(json!({})), ..DryRunRequest::default() };
    let dry = env.hooks.dry_run(&name(), request, "me").await.unwrap();
    assert_eq!((dry.payload_errors.len(), &dry.error), (1, &None));
    assert_eq!(dry.task.unwrap()["payload"]["by"], "triggerHook");
    assert_eq!(dry.context["clientId"], "me");
    let message = DryRunMessage {
        exchange: "exchange/x/v1/y".to_owned(),
        routing_key: "b".to_owned(),
        cc: vec![],
        payload: json!({ "n": 1 }),
    };
    let request = DryRunRequest { message: Some(message), ..DryRunRequest::default() };
    let dry = env.hooks.dry_run(&name(), request, "me").await.unwrap();
    assert_eq!((dry.matches_binding, dry.payload_errors.len()), (Some(false), 0));
    let poor = HookName::new("poor", "h");
    env.hooks.create(&poor, body(&[]), "me").await.unwrap();
    let dry = env.hooks.dry_run(&poor, DryRunRequest::default(), "me").await.unwrap();
    assert!(dry.missing_scopes.is_some() && dry.task.is_some() && dry.error.unwrap().contains("hook-id:poor/h"));
    assert_eq!((env.tasks().await, env.count("select from hook_fire").await), (0, 0));
}

#[tokio::test]
async fn what_an_older_key_sealed_is_sealed_anew_and_works() {
    let env = TestEnv::start().await;
    env.create(body(&["0 0 0 * * *"])).await;
    let token = env.hooks.token(&name()).await.unwrap();
    assert_eq!(env.hooks.reseal().await.unwrap(), 0);
    let (older, newer) = (SealingKey::make("key", &Rng::seeded(9)), SealingKey::make("newer", &Rng::seeded(10)));
    let both = env.with_keys(&[older, newer.clone()]);
    assert_eq!((both.reseal().await.unwrap(), both.reseal().await.unwrap()), (1, 0));
    assert_eq!(env.with_keys(&[newer]).token(&name()).await.unwrap(), token);
    assert!(env.hooks.token(&name()).await.is_err());
}
