use std::time::Duration;

use bytes::Bytes;

use crate::{Bus, BusError, Consumer, ContentType, Delivery, Exchange, MemoryBus, Message, Received, Subscription};

const SOON: Duration = Duration::from_secs(20);
const BRIEFLY: Duration = Duration::from_millis(30);

fn message(key: &str) -> Message {
    let body = Bytes::copy_from_slice(key.as_bytes());
    Message {
        exchange: "x".into(),
        routing_key: key.to_owned(),
        cc: vec![],
        content_type: ContentType::Json,
        body,
        id: String::new(),
        replayed: false,
    }
}

async fn next(consumer: &mut Consumer) -> Delivery {
    match consumer.next().await {
        Some(Received::Delivery(delivery)) => delivery,
        other => panic!("a delivery was due, not {other:?}"),
    }
}

async fn bus() -> (MemoryBus, Consumer) {
    let bus = MemoryBus::default();
    bus.declare(Exchange::topic("x")).await.unwrap();
    let subscription = Subscription::durable("q").bind("x", "#").confirm_after_ack();
    let consumer = bus.subscribe(subscription).await.unwrap();
    (bus, consumer)
}

#[tokio::test]
async fn a_message_is_confirmed_once_the_consumer_has_acknowledged_it() {
    let (bus, mut consumer) = bus().await;
    let messages = [message("a"), message("b")];
    let late = bus.publish(&messages, BRIEFLY).await;
    assert!(matches!(late, Err(BusError::Timeout)));
    for _ in 0..2 {
        next(&mut consumer).await.ack();
    }
    let worked = async {
        next(&mut consumer).await.ack();
        next(&mut consumer).await.reject();
    };
    let (confirmed, ()) = tokio::join!(bus.publish(&messages, SOON), worked);
    confirmed.unwrap();
}

#[tokio::test]
async fn a_requeued_message_is_delivered_again_and_not_confirmed_meanwhile() {
    let (bus, mut consumer) = bus().await;
    let worked = async {
        for _ in 0..3 {
            next(&mut consumer).await.requeue();
        }
        drop(consumer);
    };
    let one = [message("a")];
    let (late, ()) = tokio::join!(bus.publish(&one, BRIEFLY), worked);
    assert!(matches!(late, Err(BusError::Timeout)));
}
