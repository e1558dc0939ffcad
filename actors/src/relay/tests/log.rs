//! What stays of events that were sent.

use std::sync::Arc;

use bus::{Bus, MemoryBus};
use protocol::{
    event::{Event, EventKind},
    id::TaskGroupId,
};

use super::env::{TestEnv, next_event, own};

#[tokio::test]
async fn the_log_tells_the_same_events_in_the_same_order() {
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let env = TestEnv::start(bus.clone()).await;
    let mut ours = bus.subscribe(own()).await.unwrap();
    env.completed().await;
    let id = env.completed().await;
    let mut heard = Vec::new();
    while heard.len() < 8 {
        heard.push(Event { traceparent: None, ..next_event(&mut ours).await });
    }
    env.emptied().await;

    let page = env.db.events_after(0, None, 100).await.unwrap();
    let logged: Vec<Event> = page.events.iter().map(|logged| logged.event.clone()).collect();
    assert_eq!(logged, heard);
    let of_group = env.db.events_after(0, Some(TaskGroupId(id.0)), 100).await.unwrap();
    let of_group: Vec<Event> = of_group.events.into_iter().map(|logged| logged.event).collect();
    assert_eq!(of_group, heard[4..]);
    env.stop().await;
}

/// The index's listener alone makes a house where most kinds go unheard.
#[tokio::test]
async fn where_few_kinds_are_listened_to_the_log_has_all_of_them_in_order() {
    let env = TestEnv::start(Arc::new(MemoryBus::default())).await;
    let completed = bus::Subscription::durable("test/few").bind(&super::world("task-completed"), "#");
    let _told = env.bus.subscribe(completed).await.unwrap();
    env.completed().await;
    env.emptied().await;

    let page = env.db.events_after(0, None, 100).await.unwrap();
    let kinds: Vec<_> = page.events.iter().map(|logged| logged.event.kind()).collect();
    let life = [EventKind::TaskDefined, EventKind::TaskPending, EventKind::TaskRunning, EventKind::TaskCompleted];
    assert_eq!(kinds, life);
    env.stop().await;
}
