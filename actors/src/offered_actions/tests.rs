//! What is offered for a task and for a group, by its decision task and by Drover.

use std::sync::Arc;

use protocol::{
    id::{TaskGroupId, TaskId},
    scope::ScopeSet,
    time::Timestamp,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{Offer, OfferError, offer::Source};
use crate::actions_json::Target;

const GROUP: &str = "fN1SbArXTPSVFNUvaOlinQ";
const TASK: &str = "AAAAAAAAQACAAAAAAAAAAA";
const NEW_TASK: &str = "AAAAAAAAQACAAAAAAAAAAQ";

fn offer(source: Source, of_task: bool) -> Offer {
    let group: TaskGroupId = GROUP.parse().unwrap();
    let task = of_task.then(|| (TASK.parse::<TaskId>().unwrap(), json!({ "tags": { "kind": "build" } })));
    Offer {
        target: Target { task_group_id: group, task },
        source,
        new_task_id: NEW_TASK.parse().unwrap(),
        _permit: Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap(),
    }
}

/// Two actions, of which the decision task may offer the first.
fn list() -> Source {
    let action = |name: &str, hook_id: &str| {
        json!({
            "name": name, "title": name, "kind": "hook", "context": [{ "kind": "build" }],
            "hookGroupId": "project-a", "hookId": hook_id, "hookPayload": { "of": { "$eval": "taskId" } },
        })
    };
    let text = json!({ "version": 1, "actions": [action("retrigger", "good"), action("steal", "bad")] });
    let held = ScopeSet::new(vec!["in-tree:hook-action:project-a/good".to_owned()]);
    Source::List { text: text.to_string().into_bytes(), held: Arc::new(held) }
}

fn names(offer: Offer) -> Vec<(String, bool)> {
    offer.list().actions.into_iter().map(|action| (action.name, action.is_built_in)).collect()
}

fn now() -> Timestamp {
    "2026-11-28T00:00:00Z".parse().unwrap()
}

#[test]
fn what_the_decision_task_offers_stands_before_what_drover_does() {
    let expected = [("retrigger", false), ("steal", false), ("rerun", true), ("cancel", true), ("backfill", true)];
    assert_eq!(names(offer(list(), true)), expected.map(|(name, built_in)| (name.to_owned(), built_in)));
    assert_eq!(names(offer(list(), false)), [("cancel-group".to_owned(), true)]);
    let payload = offer(list(), true).prepare("retrigger", &Value::Null, now()).unwrap().payload;
    assert_eq!(payload, json!({ "of": TASK }), "that of the decision task");
}

#[test]
fn an_action_that_the_decision_task_may_not_offer_is_shown_and_not_prepared() {
    let listed = offer(list(), true).list();
    let problem = listed.actions[1].problem.as_deref().unwrap();
    assert!(problem.contains("in-tree:hook-action:project-a/bad"), "{problem}");
    let error = offer(list(), true).prepare("steal", &Value::Null, now()).unwrap_err();
    assert!(matches!(error, OfferError::NotAllowed { .. }), "{error}");
}

#[test]
fn an_action_of_drover_names_the_task_that_it_makes() {
    let call = offer(Source::None, true).prepare("retrigger", &json!({ "times": 2 }), now()).unwrap();
    assert_eq!((call.hook_group_id.as_str(), call.hook_id.as_str()), ("drover", "retrigger"));
    let user = json!({ "input": { "times": 2 }, "taskId": TASK, "taskGroupId": GROUP });
    assert_eq!(call.payload, json!({ "taskId": NEW_TASK, "user": user }));
    let call = offer(Source::None, false).prepare("cancel-group", &Value::Null, now()).unwrap();
    assert_eq!(call.payload["user"], json!({ "input": null, "taskId": null, "taskGroupId": GROUP }));
    let error = offer(Source::None, true).prepare("retrigger", &json!({ "times": 500 }), now()).unwrap_err();
    assert!(error.to_string().contains("input/times"), "{error}");
}

#[test]
fn a_list_that_cannot_be_read_leaves_what_drover_offers() {
    let bad = || Source::List { text: b"{".to_vec(), held: Arc::default() };
    let listed = offer(bad(), true).list();
    assert!(listed.problem.unwrap().contains("actions.json") && listed.actions.len() == 4);
    assert!(offer(bad(), true).prepare("rerun", &Value::Null, now()).is_ok());
    let error = offer(bad(), true).prepare("of-the-list", &Value::Null, now()).unwrap_err().to_string();
    assert!(error.contains("is no list of actions"), "{error}");
    let error = offer(list(), true).prepare("none", &Value::Null, now()).unwrap_err().to_string();
    assert!(error.contains("`retrigger`") && error.contains("`backfill`"), "{error}");
}
