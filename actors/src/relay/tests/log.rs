//! What stays of events that were sent.

use std::sync::Arc;

use bus::{Bus, MemoryBus};
use protocol::{
    event::{Event, EventKind},
    id::TaskGroupId,
};

use super::env::{TestEnv, internal, next_event};

#[tokio::test]
async fn the_log_has_the_same_events_in_the_same_order() {
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let env = TestEnv::start(bus.clone()).await;
    let mut ours = bus.subscribe(internal()).await.unwrap();
    env.completed().await;
    let id = env.completed().await;
    let mut received = Vec::new();
    while received.len() < 8 {
        received.push(Event { traceparent: None, ..next_event(&mut ours).await });
    }
    env.emptied().await;

    let page = env.db.events_after(0, None, 100).await.unwrap();
    let logged: Vec<Event> = page.events.iter().map(|logged| logged.event.clone()).collect();
    assert_eq!(logged, received);
    let of_group = env.db.events_after(0, Some(TaskGroupId(id.0)), 100).await.unwrap();
    let of_group: Vec<Event> = of_group.events.into_iter().map(|logged| logged.event).collect();
    assert_eq!(of_group, received[4..]);
    env.stop().await;
}

/// With only the index as consumer most kinds of events are not consumed.
#[tokio::test]
async fn where_few_kinds_are_listened_to_the_log_has_all_of_them_in_order() {
    let env = TestEnv::start(Arc::new(MemoryBus::default())).await;
    let completed = bus::Subscription::durable("test/few").bind(&super::external("task-completed"), "#");
    let _consumer = env.bus.subscribe(completed).await.unwrap();
    env.completed().await;
    env.emptied().await;

    let page = env.db.events_after(0, None, 100).await.unwrap();
    let kinds: Vec<_> = page.events.iter().map(|logged| logged.event.kind()).collect();
    let life = [EventKind::TaskDefined, EventKind::TaskPending, EventKind::TaskRunning, EventKind::TaskCompleted];
    assert_eq!(kinds, life);
    env.stop().await;
}
