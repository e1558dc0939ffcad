use std::borrow::Cow;

use super::*;
use crate::schema;

fn task_words(name: &str) -> Option<Cow<'static, str>> {
    let word = match name {
        "taskId" | "taskGroupId" => "fN1SbArXTPSVFNUvaOlinQ",
        "runId" => "0",
        "provisionerId" => "proj-x",
        "workerType" => "linux",
        "schedulerId" => "taskcluster-github",
        _ => return None,
    };
    Some(Cow::Borrowed(word))
}

#[test]
fn every_kind_of_event_has_the_exchange_of_its_name() {
    for kind in EventKind::ALL {
        let exchange = of(kind).map(|exchange| exchange.name);
        assert_eq!(exchange, (kind != EventKind::Service).then_some(kind.as_str()));
        assert_eq!(EventKind::from_code(kind.code()), Ok(kind));
    }
    let of_kinds = EventKind::ALL.len() - 1;
    assert_eq!(all().count(), of_kinds + of_service_events().count());
    assert!(of_service_events().all(|exchange| !["queue", "auth"].contains(&exchange.service)));
}

#[test]
fn every_exchange_has_a_schema_and_a_description() {
    for exchange in all() {
        assert!(schema::schema(exchange.service, exchange.schema).is_some(), "{}", exchange.name);
        assert!(!exchange.description.is_empty(), "{}", exchange.name);
    }
}

#[test]
fn what_is_missing_is_an_underscore() {
    let key = of(EventKind::TaskPending).unwrap().routing_key(task_words);
    let expected = "primary.fN1SbArXTPSVFNUvaOlinQ.0._._.proj-x.linux.taskcluster-github.fN1SbArXTPSVFNUvaOlinQ._";
    assert_eq!(key.as_deref(), Ok(expected));
}

#[test]
fn a_required_word_must_be_there_and_fit() {
    let running = of(EventKind::TaskRunning).unwrap();
    let missing = RoutingKeyError::Missing { exchange: "task-running", field: "workerGroup" };
    assert_eq!(running.routing_key(task_words), Err(missing));
    let dotted = running.routing_key(|name| task_words(name).or(Some(Cow::Borrowed("a.b"))));
    assert!(matches!(dotted, Err(RoutingKeyError::Dot { field: "workerGroup", .. })), "{dotted:?}");
    let long = running.routing_key(|name| task_words(name).or_else(|| Some(Cow::Owned("x".repeat(39)))));
    assert!(matches!(long, Err(RoutingKeyError::TooLong { field: "workerGroup", max: 38, .. })), "{long:?}");
}

/// Stored functions make the keys of worker-manager, from ids of at most 38 letters.
#[test]
fn the_longest_key_of_a_worker_can_be_sent() {
    for exchange in worker_manager::EXCHANGES {
        assert!(exchange.routing_key(|_| Some(Cow::Owned("x".repeat(38)))).is_err(), "nothing is known of `reserved`");
        let key = exchange.routing_key(|name| (name != "reserved").then(|| Cow::Owned("x".repeat(38)))).unwrap();
        assert!(key.starts_with("primary.") && key.len() < 255, "{}: {key}", exchange.name);
    }
}

#[test]
fn a_binding_leaves_open_what_is_not_named() {
    let completed = of(EventKind::TaskCompleted).unwrap();
    let binding = completed.binding(&[("provisionerId", "proj-x"), ("workerType", "linux")]);
    assert_eq!(binding, "primary.*.*.*.*.proj-x.linux.*.*.#");
}

#[test]
fn names_stand_in_the_namespace() {
    let exchange = of(EventKind::TaskDefined).unwrap();
    assert_eq!(ExchangeNames::default().name(exchange), "exchange/taskcluster-queue/v1/task-defined");
    let ours = ExchangeNames::in_namespace("stage.tc").unwrap();
    assert_eq!(ours.name(exchange), "exchange/stage.tc-queue/v1/task-defined");
    assert_eq!(queue::SERVICE.document(&ours)["exchangePrefix"], "exchange/stage.tc-queue/v1/");
    for bad in ["", "a/b", "a b", "a#", &"x".repeat(61)] {
        assert_eq!(ExchangeNames::in_namespace(bad), Err(NamespaceError(bad.to_owned())));
    }
}

#[test]
fn the_document_names_the_prefix_and_every_exchange() {
    let document = queue::SERVICE.document(&ExchangeNames::default());
    assert_eq!(document["exchangePrefix"], "exchange/taskcluster-queue/v1/");
    assert_eq!(document["entries"][0]["routingKey"][0]["constant"], "primary");
    assert_eq!(document["entries"][7]["routingKey"].as_array().map(Vec::len), Some(4));
}

#[test]
fn messages_of_auth_have_the_bare_key_that_consumers_match_with_a_hash() {
    for exchange in auth::SERVICE.exchanges {
        assert_eq!(exchange.routing_key(|_| None).as_deref(), Ok("_"));
        assert_eq!(exchange.binding(&[]), "#");
    }
    assert_eq!(auth::SERVICE.document(&ExchangeNames::default())["exchangePrefix"], "exchange/taskcluster-auth/v1/");
}
