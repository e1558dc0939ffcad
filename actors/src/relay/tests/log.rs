//! What stays of events that were sent.

use std::sync::Arc;

use bus::{Bus, MemoryBus};
use protocol::{
    event::{Event, EventKind},
    id::TaskGroupId,
};

use super::house::{House, next_event, own};

#[tokio::test]
async fn the_log_tells_the_same_events_in_the_same_order() {
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let house = House::start(bus.clone()).await;
    let mut ours = bus.subscribe(own()).await.unwrap();
    house.completed().await;
    let id = house.completed().await;
    let mut heard = Vec::new();
    while heard.len() < 8 {
        heard.push(Event { traceparent: None, ..next_event(&mut ours).await });
    }
    house.emptied().await;

    let page = house.db.events_after(0, None, 100).await.unwrap();
    let logged: Vec<Event> = page.events.iter().map(|logged| logged.event.clone()).collect();
    assert_eq!(logged, heard);
    let of_group = house.db.events_after(0, Some(TaskGroupId(id.0)), 100).await.unwrap();
    let of_group: Vec<Event> = of_group.events.into_iter().map(|logged| logged.event).collect();
    assert_eq!(of_group, heard[4..]);
    house.stop().await;
}

/// The index's listener alone makes a house where most kinds go unheard.
#[tokio::test]
async fn where_few_kinds_are_listened_to_the_log_has_all_of_them_in_order() {
    let house = House::start(Arc::new(MemoryBus::default())).await;
    let completed = bus::Subscription::durable("test/few").bind(&super::world("task-completed"), "#");
    let _told = house.bus.subscribe(completed).await.unwrap();
    house.completed().await;
    house.emptied().await;

    let page = house.db.events_after(0, None, 100).await.unwrap();
    let kinds: Vec<_> = page.events.iter().map(|logged| logged.event.kind()).collect();
    let life = [EventKind::TaskDefined, EventKind::TaskPending, EventKind::TaskRunning, EventKind::TaskCompleted];
    assert_eq!(kinds, life);
    house.stop().await;
}
