//! The contract, one scenario for each promise. Names are unique per scenario, so that all can run on one broker.

use std::{sync::Mutex, time::Duration};

use bus::{AmqpBus, Bus, BusError, Consumer, ContentType, Delivery, Exchange, Message, Queue, Received, Subscription};
use bytes::Bytes;

pub(crate) use crate::{bindings::*, calls::*};

pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Names of queues and exchanges that were used.
static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A unique name. It is deleted from a shared broker at the end.
pub(crate) fn name(what: &str) -> String {
    let name = format!("drover-test/{what}/{:x}", base::Rng::system().number());
    NAMES.lock().unwrap().push(name.clone());
    name
}

/// Deletes everything from a shared broker.
pub(crate) async fn delete_everything(url: &str) {
    let names = std::mem::take(&mut *NAMES.lock().unwrap());
    let bus = AmqpBus::new(url, "clean up", &base::Rng::system()).unwrap();
    bus.delete(&names, &names, 3 * SOON).await.unwrap();
    for name in &names {
        assert!(matches!(bus.depth(name, SOON).await, Err(BusError::Refused(_))), "the queue {name} is left behind");
    }
    bus.close().await;
}

pub(crate) async fn topic(bus: &dyn Bus) -> String {
    let exchange = name("exchange");
    bus.declare(Exchange::topic(&exchange)).await.unwrap();
    exchange
}

pub(crate) fn message(exchange: &str, key: &str, cc: &[&str], body: &str) -> Message {
    Message {
        exchange: exchange.into(),
        routing_key: key.to_owned(),
        cc: cc.iter().map(|key| (*key).to_owned()).collect(),
        content_type: ContentType::Json,
        body: Bytes::copy_from_slice(body.as_bytes()),
        id: String::new(),
        replayed: false,
    }
}

pub(crate) async fn send(bus: &dyn Bus, messages: &[Message]) {
    bus.publish(messages, SOON).await.unwrap();
}

/// One message for each number.
pub(crate) fn messages(exchange: &str, numbers: std::ops::Range<u32>) -> Vec<Message> {
    numbers.map(|number| message(exchange, "key", &[], &number.to_string())).collect()
}

async fn numbers(bus: &dyn Bus, exchange: &str, numbers: std::ops::Range<u32>) {
    send(bus, &messages(exchange, numbers)).await;
}

pub(crate) async fn next(consumer: &mut Consumer) -> Delivery {
    match tokio::time::timeout(SOON, consumer.next()).await.expect("a delivery in time") {
        Some(Received::Delivery(delivery)) => delivery,
        other => panic!("a delivery was due, not {other:?}"),
    }
}

/// The body of the next delivery, which is acknowledged.
pub(crate) async fn next_body(consumer: &mut Consumer) -> String {
    let delivery = next(consumer).await;
    let body = String::from_utf8(delivery.message.body.to_vec()).unwrap();
    delivery.ack();
    body
}

pub(crate) async fn topics_match_as_amqp_says(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let keys = ["", "a", "a.b", "a.b.c", "b", "a..c", "x.y", "route.index.proj.latest"];
    for (pattern, expected) in [
        ("#", vec!["", "a", "a.b", "a.b.c", "b", "a..c", "x.y", "route.index.proj.latest"]),
        ("*", vec!["a", "b"]),
        ("a.#", vec!["a", "a.b", "a.b.c", "a..c"]),
        ("a.*", vec!["a.b"]),
        ("#.c", vec!["a.b.c", "a..c"]),
        ("a.*.c", vec!["a.b.c", "a..c"]),
        ("route.index.#", vec!["route.index.proj.latest"]),
        ("", vec![""]),
    ] {
        let bound = Subscription::ephemeral().bind(&exchange, pattern);
        let mut consumer = bus.subscribe(bound.bind(&exchange, "the.end")).await.unwrap();
        let messages: Vec<_> = keys.iter().chain(&["the.end"]).map(|key| message(&exchange, key, &[], key)).collect();
        send(bus, &messages).await;
        let mut received = Vec::new();
        loop {
            match next_body(&mut consumer).await {
                body if body == "the.end" => break,
                body => received.push(body),
            }
        }
        assert_eq!(received, expected, "pattern {pattern:?}");
    }
}

pub(crate) async fn one_copy_per_queue_however_many_keys_match(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let bound = Subscription::ephemeral().bind(&exchange, "primary.#").bind(&exchange, "route.#");
    let mut both = bus.subscribe(bound.bind(&exchange, "end")).await.unwrap();
    let mut routes = bus.subscribe(Subscription::ephemeral().bind(&exchange, "route.two")).await.unwrap();

    send(
        bus,
        &[message(&exchange, "primary.x", &["route.one", "route.two"], "m"), message(&exchange, "end", &[], "end")],
    )
    .await;

    assert_eq!(next_body(&mut both).await, "m");
    assert_eq!(next_body(&mut both).await, "end");
    assert_eq!(next_body(&mut routes).await, "m");
}

pub(crate) async fn a_message_arrives_as_it_was_sent(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let mut consumer = bus.subscribe(Subscription::ephemeral().bind(&exchange, "#")).await.unwrap();
    let json = message(&exchange, "primary.ö", &["route.a", "route.b"], r#"{"version":1}"#);
    let body = Bytes::from((0..200_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    let id = "17".to_owned();
    let protobuf = Message { content_type: ContentType::Protobuf, body, id, ..message(&exchange, "", &[], "") };

    send(bus, &[json.clone(), protobuf.clone()]).await;

    for sent in [json, protobuf] {
        let delivery = next(&mut consumer).await;
        assert_eq!(*delivery.message, sent);
        assert!(!delivery.redelivered);
        delivery.ack();
    }
}

pub(crate) async fn what_one_publisher_sends_arrives_in_order(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let durable = Subscription::durable(&name("queue")).bind(&exchange, "#");
    let mut consumer = bus.subscribe(durable).await.unwrap();
    for batch in 0..4 {
        numbers(bus, &exchange, batch * 500..(batch + 1) * 500).await;
    }
    for number in 0..2000 {
        assert_eq!(next_body(&mut consumer).await, number.to_string());
    }
}

/// When it comes again is not promised: RabbitMQ may hand out what waits behind it first.
pub(crate) async fn a_failed_delivery_comes_again_once(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let durable = Subscription::durable(&name("queue")).bind(&exchange, "#").prefetch(1);
    let mut consumer = bus.subscribe(durable).await.unwrap();
    numbers(bus, &exchange, 0..2).await;
    let mut received = Vec::new();

    while received.len() < 3 {
        let delivery = next(&mut consumer).await;
        received.push((String::from_utf8(delivery.message.body.to_vec()).unwrap(), delivery.redelivered));
        if delivery.message.body == "0" { delivery.fail() } else { delivery.ack() }
    }
    numbers(bus, &exchange, 2..3).await;
    assert_eq!(next_body(&mut consumer).await, "2");

    received.sort();
    assert_eq!(received, [("0".to_owned(), false), ("0".to_owned(), true), ("1".to_owned(), false)]);
}

pub(crate) async fn a_durable_queue_counts_how_often_a_message_came_back(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let durable = Subscription::durable(&name("queue")).bind(&exchange, "#").prefetch(1);
    let mut consumer = bus.subscribe(durable).await.unwrap();
    numbers(bus, &exchange, 0..1).await;
    for tries in 0..4 {
        let delivery = next(&mut consumer).await;
        assert_eq!(delivery.tries, tries);
        delivery.requeue();
    }
    assert_eq!(next_body(&mut consumer).await, "0");
}

pub(crate) async fn a_rejected_delivery_does_not_come_again(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let mut consumer = bus.subscribe(Subscription::ephemeral().bind(&exchange, "#")).await.unwrap();
    numbers(bus, &exchange, 0..2).await;

    next(&mut consumer).await.reject();
    assert_eq!(next_body(&mut consumer).await, "1");
}

pub(crate) async fn prefetch_holds_deliveries_back(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let mut consumer = bus.subscribe(Subscription::ephemeral().bind(&exchange, "#").prefetch(2)).await.unwrap();
    numbers(bus, &exchange, 0..3).await;

    let (first, second) = (next(&mut consumer).await, next(&mut consumer).await);
    let third = tokio::time::timeout(Duration::from_millis(200), consumer.next()).await;
    assert!(third.is_err(), "a third delivery came before the first was settled");
    second.ack();
    assert_eq!(next_body(&mut consumer).await, "2");
    first.ack();
}

pub(crate) async fn a_durable_queue_keeps_what_its_consumer_left(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let durable = Subscription::durable(&name("queue")).bind(&exchange, "#");
    let mut consumer = bus.subscribe(durable.clone()).await.unwrap();
    numbers(bus, &exchange, 0..3).await;
    assert_eq!(next_body(&mut consumer).await, "0");
    let left = next(&mut consumer).await;
    assert_eq!(&left.message.body[..], b"1");
    drop(consumer);
    drop(left);
    numbers(bus, &exchange, 3..4).await;

    let mut consumer = bus.subscribe(durable).await.unwrap();
    let mut kept = Vec::new();
    while kept.len() < 3 {
        kept.push(next_body(&mut consumer).await);
    }
    kept.sort();
    assert_eq!(kept, ["1", "2", "3"]);
}

/// However often consumers end before they come to it: it has not failed.
pub(crate) async fn what_no_consumer_took_in_hand_comes_again(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let durable = Subscription::durable(&name("queue")).bind(&exchange, "#");
    drop(bus.subscribe(durable.clone()).await.unwrap());
    numbers(bus, &exchange, 0..3).await;
    for _ in 0..3 {
        let mut consumer = bus.subscribe(durable.clone()).await.unwrap();
        let first = next(&mut consumer).await;
        drop(consumer);
        first.requeue();
    }
    let mut consumer = bus.subscribe(durable).await.unwrap();
    let mut kept = Vec::new();
    while kept.len() < 3 {
        kept.push(next_body(&mut consumer).await);
    }
    kept.sort();
    assert_eq!(kept, ["0", "1", "2"]);
}

pub(crate) async fn consumers_of_one_queue_share_its_messages(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let durable = Subscription::durable(&name("queue")).bind(&exchange, "#").prefetch(1);
    let mut one = bus.subscribe(durable.clone()).await.unwrap();
    let mut other = bus.subscribe(durable).await.unwrap();
    numbers(bus, &exchange, 0..2).await;

    let (first, second) = (next(&mut one).await, next(&mut other).await);
    assert_ne!(first.message.body, second.message.body);
    first.ack();
    second.ack();
}

pub(crate) async fn consumers_that_take_turns_do_not_overtake_each_other(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let turns = Subscription::durable(&name("queue")).bind(&exchange, "#").prefetch(2).single_active_consumer();
    let mut one = bus.subscribe(turns.clone()).await.unwrap();
    let mut other = bus.subscribe(turns).await.unwrap();
    numbers(bus, &exchange, 0..3).await;

    let (first, second) = (next(&mut one).await, next(&mut one).await);
    first.ack();
    let third = next(&mut one).await;
    assert_eq!((&*second.message.body, &*third.message.body), (&b"1"[..], &b"2"[..]));
    second.requeue();
    third.requeue();
    drop(one);

    let (second, third) = (next(&mut other).await, next(&mut other).await);
    assert_eq!((&*second.message.body, &*third.message.body), (&b"1"[..], &b"2"[..]));
    second.ack();
    third.ack();
}

pub(crate) async fn a_bounded_queue_drops_its_oldest(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let mut bounded = Subscription::durable(&name("queue")).bind(&exchange, "#");
    let Queue::Durable { max_length, .. } = &mut bounded.queue else { unreachable!() };
    *max_length = Some(2);
    drop(bus.subscribe(bounded.clone()).await.unwrap());
    numbers(bus, &exchange, 0..5).await;

    let mut consumer = bus.subscribe(bounded).await.unwrap();
    assert_eq!(next_body(&mut consumer).await, "3");
    assert_eq!(next_body(&mut consumer).await, "4");
}

pub(crate) async fn a_wake_up_reaches_everyone_who_listens(bus: &dyn Bus) {
    let exchange = name("wake");
    bus.declare(Exchange::fanout(&exchange)).await.unwrap();
    let mut one = bus.subscribe(Subscription::ephemeral().bind(&exchange, "")).await.unwrap();
    let mut other = bus.subscribe(Subscription::ephemeral().bind(&exchange, "")).await.unwrap();

    bus.notify(&exchange, Bytes::from_static(b"proj/linux"));

    assert_eq!(next_body(&mut one).await, "proj/linux");
    assert_eq!(next_body(&mut other).await, "proj/linux");
    bus.notify(&name("nowhere"), Bytes::new());
}

pub(crate) async fn what_cannot_be_is_refused(bus: &dyn Bus) {
    let exchange = topic(bus).await;
    let refused = |result: Result<(), BusError>| assert!(matches!(result, Err(BusError::Refused(_))), "{result:?}");

    let unsendable =
        |result: Result<(), BusError>| assert!(matches!(result, Err(BusError::Unsendable(_))), "{result:?}");

    refused(bus.declare(Exchange::fanout(&exchange)).await);
    refused(bus.publish(&[message(&name("nowhere"), "key", &[], "")], SOON).await);
    unsendable(bus.publish(&[message(&exchange, &"k".repeat(256), &[], "")], SOON).await);
    unsendable(bus.publish(&[message(&exchange, "key", &[&"k".repeat(256)], "")], SOON).await);
    unsendable(bus.publish(&[message(&exchange, "key", &[&"é".repeat(128)], "")], SOON).await);
    refused(bus.subscribe(Subscription::ephemeral().bind(&name("nowhere"), "#")).await.map(drop));

    // And none of it does lasting harm.
    let mut consumer = bus.subscribe(Subscription::ephemeral().bind(&exchange, "#")).await.unwrap();
    numbers(bus, &exchange, 0..1).await;
    assert_eq!(next_body(&mut consumer).await, "0");
}
