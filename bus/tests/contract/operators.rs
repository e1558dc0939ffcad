//! What operators do with single queues of a broker.

use bus::{AmqpBus, Bus, BusError, Message, QueueDepth, Subscription};

use crate::scenarios::{SOON, messages, name, next, next_body, topic};

pub(crate) async fn what_is_sent_to_one_queue_reaches_no_other(bus: &AmqpBus) {
    let exchange = topic(bus).await;
    let queue = name("queue");
    let mut one = bus.subscribe(Subscription::durable(&queue).bind(&exchange, "#")).await.unwrap();
    let mut other = bus.subscribe(Subscription::ephemeral().bind(&exchange, "#")).await.unwrap();
    let mut sent = messages(&exchange, 1..2);
    "42".clone_into(&mut sent[0].id);
    sent[0].cc = vec!["route.x".to_owned()];

    bus.send_to(&queue, &sent, SOON).await.unwrap();
    bus.publish(&messages(&exchange, 2..3), SOON).await.unwrap();

    let delivery = next(&mut one).await;
    assert_eq!(*delivery.message, Message { replayed: true, ..sent[0].clone() });
    delivery.ack();
    assert_eq!(next_body(&mut other).await, "2");
    assert_eq!(bus.depth(&queue, SOON).await.unwrap().consumers, 1);
    let nowhere = name("queue");
    assert!(matches!(bus.send_to(&nowhere, &sent, SOON).await, Err(BusError::Refused(_))));
    assert!(matches!(bus.depth(&nowhere, SOON).await, Err(BusError::Refused(_))));
    drop(one);
    bus.send_to(&queue, &sent, SOON).await.unwrap();
    let QueueDepth { messages, .. } = bus.depth(&queue, SOON).await.unwrap();
    assert!(messages >= 1, "what nobody took waits");
}
