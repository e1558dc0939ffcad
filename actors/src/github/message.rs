//! The messages that tell deliveries on the exchanges of `github`.

use std::borrow::Cow;

use db::github::NewDeliveryMessage;
use protocol::{
    exchanges::{
        ExchangeDeclaration,
        github::{PULL_REQUEST, PUSH, RELEASE, RERUN},
    },
    github::{BuildEvent, BuildKind, Delivery, Repository, Rerun},
};
use serde_json::{Value, json};

/// A message may have 1 MiB.
const MAX_BODY: usize = 1_000_000;

/// None for deliveries that are not published, and for those that do not fit into a message even without their commits.
pub(super) fn of(delivery_id: &str, delivery: &Delivery, body: &Value) -> Option<NewDeliveryMessage> {
    let (exchange, repository, action, fields) = match delivery {
        Delivery::Build(event) => (exchange(event), &event.repository, Some(&*event.action), of_build(event)),
        Delivery::Rerun(rerun) => (RERUN, &rerun.repository, None, of_rerun(rerun)),
        Delivery::Installation(_) | Delivery::Ignored(_) => return None,
    };
    let mut message = fields;
    message["version"] = json!(1);
    message["organization"] = json!(sanitized(&repository.owner));
    message["repository"] = json!(sanitized(&repository.name));
    message["eventId"] = json!(delivery_id);
    message["body"] = body.clone();
    let Some(body) = within_limit(message) else {
        tracing::warn!(delivery.id = delivery_id, "delivery is too large for a message and is not published");
        return None;
    };
    let key = exchange.routing_key(|field| match field {
        "organization" => Some(Cow::Owned(sanitized(&repository.owner))),
        "repository" => Some(Cow::Owned(sanitized(&repository.name))),
        "action" => action.map(Cow::Borrowed),
        _ => None,
    });
    let routing_key =
        key.inspect_err(|error| tracing::warn!(delivery.id = delivery_id, %error, "delivery has no routing key"));
    Some(NewDeliveryMessage { exchange, routing_key: routing_key.ok()?, body })
}

fn exchange(event: &BuildEvent) -> &'static ExchangeDeclaration {
    match event.kind {
        BuildKind::Push => PUSH,
        BuildKind::PullRequest | BuildKind::Comment => PULL_REQUEST,
        BuildKind::Release => RELEASE,
    }
}

fn of_build(event: &BuildEvent) -> Value {
    let mut message = json!({
        "installationId": event.installation,
        "tasks_for": event.tasks_for().as_str(),
        "branch": event.branch,
    });
    if exchange(event) == PULL_REQUEST {
        message["action"] = json!(event.action);
    }
    message
}

fn of_rerun(rerun: &Rerun) -> Value {
    json!({
        "installationId": rerun.installation,
        "tasks_for": "github-check-run",
        "checkRunId": rerun.check_run_id,
        "checkSuiteId": rerun.check_suite_id,
    })
}

/// A push of many commits is published without them.
fn within_limit(mut message: Value) -> Option<String> {
    let text = message.to_string();
    if text.len() <= MAX_BODY {
        return Some(text);
    }
    *message.pointer_mut("/body/commits")? = json!([]);
    Some(message.to_string()).filter(|text| text.len() <= MAX_BODY)
}

/// As routing keys and messages have it: a dot would begin another word.
pub(super) fn sanitized(name: &str) -> String {
    name.replace('.', "%")
}

/// The names of a repository in this form.
pub(super) fn sanitized_names(repository: &Repository) -> (String, String) {
    (sanitized(&repository.owner), sanitized(&repository.name))
}
