//! Bindings that change, and queues that go.

use bus::{AmqpBus, Binding, Bus, BusError, Subscription};

use crate::scenarios::{SOON, message, name, next_body, send, topic};

fn binding(exchange: &str, pattern: &str) -> Binding {
    Binding { exchange: exchange.to_owned(), pattern: pattern.to_owned() }
}

pub(crate) async fn a_queue_has_the_bindings_that_it_was_given_last(bus: &dyn Bus) {
    let (exchange, queue) = (topic(bus).await, name("queue"));
    let mut consumer = bus.subscribe(Subscription::durable(&queue).bind(&exchange, "a")).await.unwrap();
    let missing = binding(&name("missing"), "#");
    let wanted = [missing.clone(), binding(&exchange, "b")];
    for _ in 0..2 {
        let refused = bus.rebind(&queue, &wanted, &[binding(&exchange, "a"), missing.clone()]).await.unwrap();
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert_eq!(refused[0].binding, missing);
    }
    send(bus, &[message(&exchange, "a", &[], "old"), message(&exchange, "b", &[], "new")]).await;
    assert_eq!(next_body(&mut consumer).await, "new");
}

pub(crate) async fn a_tolerant_subscription_leaves_out_missing_exchanges(bus: &dyn Bus) {
    let (exchange, queue) = (topic(bus).await, name("queue"));
    let subscription = Subscription::durable(&queue).bind(&name("missing"), "#").bind(&exchange, "#").tolerant();
    let mut consumer = bus.subscribe(subscription).await.unwrap();
    send(bus, &[message(&exchange, "key", &[], "here")]).await;
    assert_eq!(next_body(&mut consumer).await, "here");
}

pub(crate) async fn a_deleted_queue_is_gone(bus: &dyn Bus) {
    let (exchange, queue) = (topic(bus).await, name("queue"));
    drop(bus.subscribe(Subscription::durable(&queue).bind(&exchange, "#")).await.unwrap());
    assert_eq!(bus.queue_length(&queue).await.unwrap(), 0);
    for _ in 0..2 {
        bus.delete_queue(&queue).await.unwrap();
    }
    assert!(matches!(bus.queue_length(&queue).await, Err(BusError::Refused(_))));
    send(bus, &[message(&exchange, "key", &[], "nowhere")]).await;
}

pub(crate) async fn a_queue_that_was_deleted_by_hand_comes_back_with_its_bindings(bus: &AmqpBus) {
    let (exchange, queue) = (topic(bus).await, name("queue"));
    let subscription = Subscription::bounded(&queue, 10).bind(&exchange, "#").tolerant();
    let mut consumer = bus.subscribe(subscription).await.unwrap();
    bus.delete(std::slice::from_ref(&queue), &[], SOON).await.unwrap();
    // Nothing says when the consumer is back: messages until then are lost with the queue.
    let body = async { next_body(&mut consumer).await };
    let publish = async {
        loop {
            send(bus, &[message(&exchange, "key", &[], "again")]).await;
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        body = body => assert_eq!(body, "again"),
        () = publish => {}
    }
}

pub(crate) async fn a_tolerant_subscription_takes_a_queue_with_other_arguments(bus: &AmqpBus) {
    let (exchange, queue) = (topic(bus).await, name("queue"));
    drop(bus.subscribe(Subscription::bounded(&queue, 50)).await.unwrap());
    let strict = bus.subscribe(Subscription::bounded(&queue, 10)).await;
    assert!(matches!(strict, Err(BusError::Refused(_))));
    let subscription = Subscription::bounded(&queue, 10).bind(&exchange, "#").tolerant();
    let mut consumer = bus.subscribe(subscription).await.unwrap();
    send(bus, &[message(&exchange, "key", &[], "here")]).await;
    assert_eq!(next_body(&mut consumer).await, "here");
}
