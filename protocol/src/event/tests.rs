use serde_json::{Value, json};

use super::*;
use crate::{
    id::{TaskId, TaskQueueId},
    message::MessageError,
    schema,
    state::{ReasonCreated, ReasonResolved, TaskState},
    status::RunStatus,
    time,
};

const TASK: &str = "fN1SbArXTPSVFNUvaOlinQ";

fn at(seconds: u8) -> Timestamp {
    time::parse(&format!("2026-08-21T19:24:{seconds:02}.123Z")).unwrap()
}

fn run(run_id: RunId, worker: bool) -> RunStatus {
    RunStatus {
        run_id,
        state: if worker { TaskState::Completed } else { TaskState::Pending },
        reason_created: if run_id == 0 { ReasonCreated::Scheduled } else { ReasonCreated::Retry },
        reason_resolved: worker.then_some(ReasonResolved::Completed),
        worker_group: worker.then(|| "us-east-1".to_owned()),
        worker_id: worker.then(|| "i-0abc".to_owned()),
        taken_until: worker.then(|| at(30)),
        scheduled: at(1),
        started: worker.then(|| at(2)),
        resolved: worker.then(|| at(3)),
    }
}

fn status(runs: Vec<RunStatus>) -> TaskStatus {
    TaskStatus {
        task_id: TASK.parse::<TaskId>().unwrap(),
        provisioner_id: "proj-x".to_owned(),
        worker_type: "linux".to_owned(),
        task_queue_id: TaskQueueId("proj-x/linux".to_owned()),
        scheduler_id: "taskcluster-github".to_owned(),
        project_id: "none".to_owned(),
        task_group_id: TASK.parse().unwrap(),
        priority: Priority::Low,
        deadline: at(40),
        expires: at(50),
        retries_left: 5,
        state: runs.last().map_or(TaskState::Unscheduled, |run| run.state),
        runs,
    }
}

fn event(payload: EventPayload) -> Event {
    Event { id: 7, occurred: at(0), traceparent: Some("00-abc-def-01".to_owned()), payload }
}

fn task(runs: Vec<RunStatus>, change: TaskChange) -> Event {
    let tags = BTreeMap::from([("colour".to_owned(), "red".to_owned())]);
    let routes = vec!["index.proj.latest".to_owned(), "statuses".to_owned()];
    event(EventPayload::Task(Box::new(TaskEvent { status: status(runs), tags, routes, change })))
}

fn group(change: GroupChange) -> Event {
    let task_group_id = "AAeHYkzLTdWuvsVIq0Jr4g".parse().unwrap();
    event(EventPayload::Group(GroupEvent { task_group_id, scheduler_id: "-".to_owned(), change }))
}

fn client(change: AuthChange) -> Event {
    event(EventPayload::Client(ClientEvent { client_id: "github/1|a".to_owned(), change }))
}

fn role(change: AuthChange) -> Event {
    event(EventPayload::Role(RoleEvent { role_id: "repo:x/*".to_owned(), change }))
}

fn service_event() -> Event {
    let text = str::to_owned;
    let (service, exchange) = (text("example"), text("greeted"));
    let (routing_key, cc, body) = (text("primary.ada"), vec![text("route.ada")], text(r#"{"name":"ada"}"#));
    event(EventPayload::Service(ServiceEvent { service, exchange, routing_key, cc, body }))
}

/// One event of every kind, and a second of those that may lack something.
fn one_of_each() -> Vec<Event> {
    let (worked, waiting) = (|| vec![run(0, true)], || vec![run(0, false)]);
    let artifact = ArtifactInfo {
        storage_type: StorageType::Object,
        name: "public/x".to_owned(),
        expires: at(45),
        content_type: "text/plain".to_owned(),
    };
    vec![
        task(vec![], TaskChange::Defined),
        task(waiting(), TaskChange::Pending { run_id: 0 }),
        task(worked(), TaskChange::Running { run_id: 0 }),
        task(worked(), TaskChange::ArtifactCreated { run_id: 0, artifact }),
        task(worked(), TaskChange::Completed { run_id: 0 }),
        task(worked(), TaskChange::Failed { run_id: 0 }),
        task(worked(), TaskChange::Exception { run_id: 0 }),
        task(waiting(), TaskChange::PriorityChanged { old: Priority::Low, new: Priority::High }),
        group(GroupChange::Resolved { expires: at(50), sealed: Some(at(9)) }),
        group(GroupChange::Sealed { expires: at(50), sealed: at(9) }),
        group(GroupChange::PriorityChanged { new: Priority::High, tasks_affected: 3 }),
        client(AuthChange::Created),
        client(AuthChange::Updated),
        client(AuthChange::Deleted),
        role(AuthChange::Created),
        role(AuthChange::Updated),
        role(AuthChange::Deleted),
        task(waiting(), TaskChange::Exception { run_id: 0 }),
        group(GroupChange::Resolved { expires: at(50), sealed: None }),
    ]
}

fn body(event: &Event) -> Value {
    serde_json::from_slice(&event.message().unwrap().body).unwrap()
}

#[test]
fn every_event_survives_protobuf() {
    let mut events = one_of_each();
    events.insert(EventKind::ALL.len() - 1, service_event());
    let kinds: Vec<_> = events.iter().map(Event::kind).take(EventKind::ALL.len()).collect();
    assert_eq!(kinds, EventKind::ALL);
    for event in events {
        assert_eq!(Event::from_proto(&event.to_proto()).unwrap(), event);
    }
}

#[test]
fn what_is_no_event_is_refused() {
    assert!(matches!(Event::from_proto(b"\xff"), Err(EventDecodeError::Bytes(_))));
    assert!(matches!(Event::from_proto(b""), Err(EventDecodeError::Unknown(_))));
    assert!(matches!(Event::from_proto(&[0x10, 0x01]), Err(EventDecodeError::Missing("status"))));
}

#[test]
fn a_service_event_of_an_undeclared_exchange_makes_no_message() {
    assert!(matches!(service_event().message(), Err(MessageError::NoExchange)));
}

#[test]
fn every_message_is_as_its_schema_says() {
    for event in one_of_each() {
        let message = event.message().unwrap();
        let checked = schema::check(message.exchange.service, message.exchange.schema, &body(&event));
        assert_eq!(checked, Ok(()), "{}", message.exchange.name);
    }
}

#[test]
fn tags_travel_with_all_but_artifacts_and_priorities() {
    for event in one_of_each().iter().filter(|event| matches!(event.payload, EventPayload::Task(_))) {
        let without = [EventKind::ArtifactCreated, EventKind::TaskPriorityChanged].contains(&event.kind());
        let expected = if without { Value::Null } else { json!({ "tags": { "colour": "red" } }) };
        assert_eq!(body(event)["task"], expected, "{}", event.kind().as_str());
    }
}

#[test]
fn keys_are_as_consumers_bind_to_them() {
    let keys: Vec<_> = one_of_each().iter().map(|event| event.message().unwrap().routing_key).collect();
    let tail = "proj-x.linux.taskcluster-github.fN1SbArXTPSVFNUvaOlinQ._";
    assert_eq!(keys[0], format!("primary.{TASK}._._._.{tail}"));
    assert_eq!(keys[1], format!("primary.{TASK}.0._._.{tail}"));
    for worked in &keys[2..7] {
        assert_eq!(*worked, format!("primary.{TASK}.0.us-east-1.i-0abc.{tail}"));
    }
    assert_eq!(keys[7], format!("primary.{TASK}._._._.{tail}"));
    assert_eq!(keys[8], "primary.AAeHYkzLTdWuvsVIq0Jr4g.-._");
    assert!(keys[11..17].iter().all(|key| key == "_"), "{keys:?}");
    assert_eq!(keys[17], keys[1]);
}

#[test]
fn routes_become_further_keys_of_task_messages_only() {
    for event in one_of_each() {
        let message = event.message().unwrap();
        let routes: &[&str] = if message.exchange.cc { &["route.index.proj.latest", "route.statuses"] } else { &[] };
        assert_eq!(message.cc, routes);
    }
}

#[test]
fn messages_of_auth_name_whom_they_are_about() {
    assert_eq!(body(&client(AuthChange::Updated)), json!({ "version": 1, "clientId": "github/1|a" }));
    assert_eq!(body(&role(AuthChange::Deleted)), json!({ "version": 1, "roleId": "repo:x/*" }));
}

#[test]
fn an_exception_names_the_worker_only_if_the_run_had_one() {
    let with = body(&task(vec![run(0, true), run(1, false)], TaskChange::Exception { run_id: 0 }));
    assert_eq!((&with["runId"], &with["workerId"]), (&json!(0), &json!("i-0abc")));
    let without = body(&task(vec![run(0, false)], TaskChange::Exception { run_id: 0 }));
    assert_eq!((without.get("workerGroup"), without.get("workerId")), (None, None));
}

#[test]
fn a_running_task_has_the_expiry_of_its_claim() {
    let running = body(&task(vec![run(0, true)], TaskChange::Running { run_id: 0 }));
    assert_eq!(running["takenUntil"], "2026-08-21T19:24:30.123Z");
}

#[test]
fn an_event_about_a_run_that_is_not_there_makes_no_message() {
    let message = task(vec![], TaskChange::Pending { run_id: 0 }).message();
    assert_eq!(message.unwrap_err().to_string(), "the event is about run 0, which the status does not have");
}
