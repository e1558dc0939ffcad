//! The relay between a real outbox and a bus.

pub(crate) mod env;
mod log;
mod shaky;
mod speed;

use std::sync::Arc;

use bus::{Bus, ContentType, MemoryBus, Subscription};
use env::{SOON, TestEnv, external, internal, internal_by, next, next_event};
use protocol::{
    event::{EventKind, EventPayload},
    state::TaskState,
    time::LATEST,
};
use serde_json::Value;
use shaky::Shaky;

#[tokio::test]
async fn the_life_of_a_task_is_published_in_order_on_external_and_internal_exchanges() {
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let env = TestEnv::start(bus.clone()).await;
    let mut ours = bus.subscribe(internal()).await.unwrap();
    let kinds = ["task-defined", "task-pending", "task-running", "task-completed"];
    let mut messages = Subscription::durable("test/external");
    for kind in kinds {
        messages = messages.bind(&external(kind), "route.index.#");
    }
    let mut messages = bus.subscribe(messages).await.unwrap();

    let id = env.completed().await;

    for kind in kinds {
        let message = next(&mut messages).await;
        assert_eq!(*message.exchange, *external(kind));
        assert_eq!(message.content_type, ContentType::Json);
        assert_eq!(message.cc, ["route.index.proj.latest"]);
        let body: Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!(body["status"]["taskId"], id.to_string());
        assert_eq!(body["task"]["tags"]["kind"], "test");
        let event = next_event(&mut ours).await;
        assert_eq!(event.kind().as_str(), kind);
    }
    env.stop().await;
}

#[tokio::test]
async fn the_group_of_a_task_that_never_expires_is_published() {
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let env = TestEnv::start(bus.clone()).await;
    let mut messages =
        bus.subscribe(Subscription::durable("test/external").bind(&external("task-group-sealed"), "#")).await.unwrap();
    let mut task = env.task(None);
    let group = task.definition.task_group_id;
    task.definition.expires = LATEST;
    env.completed_as(task).await;
    assert_eq!(env.queue.seal_task_group(group).await.unwrap().expires, LATEST);

    let body: Value = serde_json::from_slice(&next(&mut messages).await.body).unwrap();
    assert_eq!(body["expires"], "9999-12-31T23:59:59.999Z");
    env.stop().await;
}

#[tokio::test]
async fn a_new_task_is_published_as_it_was_before_it_was_scheduled() {
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let env = TestEnv::start(bus.clone()).await;
    let mut ours = bus.subscribe(internal()).await.unwrap();
    env.created().await;

    for (kind, state, runs) in
        [(EventKind::TaskDefined, TaskState::Unscheduled, 0), (EventKind::TaskPending, TaskState::Pending, 1)]
    {
        let event = next_event(&mut ours).await;
        let EventPayload::Task(task) = &event.payload else { panic!("a task was made, no group") };
        assert_eq!((event.kind(), task.status.state, task.status.runs.len()), (kind, state, runs));
    }
    env.stop().await;
}

#[tokio::test]
async fn an_outbox_without_consumers_is_emptied_all_the_same() {
    let env = TestEnv::start(Arc::new(MemoryBus::default())).await;
    for _ in 0..20 {
        env.created().await;
    }
    env.emptied().await;
    env.stop().await;
}

#[tokio::test]
async fn where_few_kinds_are_listened_to_the_others_are_dropped_unread() {
    let env = TestEnv::start(Arc::new(MemoryBus::default())).await;
    let completed = Subscription::durable("test/few").bind(&external("task-completed"), "#");
    let mut messages = env.bus.subscribe(completed).await.unwrap();
    for _ in 0..3 {
        let id = env.completed().await;
        let body: Value = serde_json::from_slice(&next(&mut messages).await.body).unwrap();
        assert_eq!(body["status"]["taskId"], id.to_string());
    }
    env.emptied().await;
    env.stop().await;
}

#[tokio::test]
async fn a_queue_bound_to_a_route_gets_tasks_with_it_from_both_exchanges() {
    let env = TestEnv::start(Arc::new(MemoryBus::default())).await;
    let by_route = internal_by("route.index.#").bind(&external("task-completed"), "route.index.#");
    let mut messages = env.bus.subscribe(by_route).await.unwrap();
    let mut without = env.task(None);
    without.definition.routes.clear();
    env.completed_as(without).await;

    let id = env.completed().await;

    // Defined, pending, running and completed on the internal exchange, completed on an external one.
    for _ in 0..5 {
        let message = next(&mut messages).await;
        assert_eq!(message.cc, ["route.index.proj.latest"]);
        assert!(message.routing_key.contains(&id.to_string()), "{}", message.routing_key);
    }
    env.emptied().await;
    env.stop().await;
}

#[tokio::test]
async fn what_the_bus_did_not_confirm_is_sent_again_and_nothing_is_skipped() {
    let bus: Arc<dyn Bus> = Arc::new(Shaky::away_for(2));
    let env = TestEnv::start(bus.clone()).await;
    let mut ours = bus.subscribe(internal()).await.unwrap();

    let id = env.completed().await;
    env.emptied().await;

    let mut last = 0;
    let mut kinds = Vec::new();
    while kinds.last() != Some(&EventKind::TaskCompleted) {
        let event = next_event(&mut ours).await;
        let EventPayload::Task(task) = &event.payload else { panic!("no group was touched") };
        assert_eq!(task.status.task_id, id);
        if event.id > last {
            last = event.id;
            kinds.push(event.kind());
        }
    }
    assert_eq!(
        kinds,
        [EventKind::TaskDefined, EventKind::TaskPending, EventKind::TaskRunning, EventKind::TaskCompleted]
    );
    env.stop().await;
}

#[tokio::test]
async fn a_message_that_is_refused_is_put_aside_and_does_not_hold_up_the_others() {
    let bus: Arc<dyn Bus> = Arc::new(Shaky::refusing(&external("task-defined")));
    let env = TestEnv::start(bus.clone()).await;
    let mut ours = bus.subscribe(internal().bind(&external("task-defined"), "#")).await.unwrap();
    let id = env.created().await;

    assert_eq!(next_event(&mut ours).await.kind(), EventKind::TaskDefined);
    assert_eq!(next_event(&mut ours).await.kind(), EventKind::TaskPending);
    env.emptied().await;
    let letters = env.db.dead_letters(None, None, 0, 9).await.unwrap();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((letter.queue.as_str(), letter.exchange.as_str()), ("", external("task-defined").as_str()));
    assert_eq!(letter.cc, ["route.index.proj.latest"]);
    assert!(letter.reason.contains("not this one"), "{}", letter.reason);
    let body: Value = serde_json::from_slice(&letter.body).unwrap();
    assert_eq!(body["status"]["taskId"], id.to_string());
    let explained = env.queue.explain(id).await.unwrap();
    let [note] = &explained.notes[..] else { panic!("{:?}", explained.notes) };
    assert_eq!((note.source.as_str(), note.kind.as_str()), ("relay", "dead-letter"));
    assert!(
        note.words.contains("not this one") && note.words.contains(&letter.dead_letter_id.to_string()),
        "{}",
        note.words
    );
    env.stop().await;
}

/// 130 letters, and 260 bytes: more than a routing key can have. No further event comes that would wake the relay.
#[tokio::test]
async fn events_that_no_bus_can_carry_are_put_aside_at_once_and_alone() {
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let env = TestEnv::start(bus.clone()).await;
    let mut ours = bus.subscribe(internal()).await.unwrap();
    let mut long = env.task(None);
    long.definition.routes = vec!["é".repeat(130)];

    let long = env.queue.create_task(long).await.unwrap().task_id;
    env.emptied().await;
    let letters = env.db.task_dead_letters(long, 9).await.unwrap();
    assert_eq!(letters.len(), 2, "{letters:?}");
    assert!(letters.iter().all(|letter| letter.reason.contains("at most 255")), "{letters:?}");

    let good = env.created().await;
    let EventPayload::Task(task) = next_event(&mut ours).await.payload else { panic!("a task was made, no group") };
    assert_eq!(task.status.task_id, good);
    assert!(env.db.task_dead_letters(good, 9).await.unwrap().is_empty());
    env.stop().await;
}

#[tokio::test]
async fn while_a_broker_denies_everything_nothing_is_given_up() {
    let bus: Arc<dyn Bus> = Arc::new(Shaky::denying_for(4));
    let env = TestEnv::start(bus.clone()).await;
    let mut ours = bus.subscribe(internal()).await.unwrap();
    env.created().await;

    assert_eq!(next_event(&mut ours).await.kind(), EventKind::TaskDefined);
    env.emptied().await;
    assert!(env.db.dead_letters(None, None, 0, 9).await.unwrap().is_empty());
    env.stop().await;
}

#[tokio::test]
async fn when_the_relay_that_sends_ends_another_takes_over() {
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let mut env = TestEnv::start(bus.clone()).await;
    let mut ours = bus.subscribe(internal()).await.unwrap();
    env.created().await;
    let first = next_event(&mut ours).await;
    assert_eq!(next_event(&mut ours).await.kind(), EventKind::TaskPending);
    let (other, _) = env.another_relay(bus.clone()).await;

    env.relay.take().unwrap().stop(SOON).await;
    env.created().await;

    assert!(next_event(&mut ours).await.id > first.id);
    other.stop(SOON).await;
    env.stop().await;
}
