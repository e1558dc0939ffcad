//! What a consumer that knows nothing of us finds on the wire.

use std::time::Duration;

use base::Rng;
use bus::{AmqpBus, Bus};
use futures_util::StreamExt;
use lapin::{
    Connection, ConnectionProperties,
    options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldArray, FieldTable},
};

use crate::scenarios::{messages, topic};

pub(crate) async fn a_stranger_reads_plain_pulse_messages(url: &str) {
    let bus = AmqpBus::new(url, "unsigned", &Rng::system()).unwrap();
    let exchange = topic(&bus).await;
    let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare("".into(), options, FieldTable::default()).await.unwrap();
    let (name, from) = (queue.name().clone(), exchange.as_str().into());
    channel.queue_bind(name, from, "key".into(), QueueBindOptions::default(), FieldTable::default()).await.unwrap();
    let (name, options) = (queue.name().clone(), BasicConsumeOptions::default());
    let mut consumer = channel.basic_consume(name, "".into(), options, FieldTable::default()).await.unwrap();

    bus.publish(&messages(&exchange, 7..8), Duration::from_secs(20)).await.unwrap();
    let delivery = consumer.next().await.unwrap().unwrap();

    assert_eq!(delivery.data, b"7");
    let properties = &delivery.properties;
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
    assert_eq!(properties.content_encoding().as_ref().unwrap().as_str(), "utf-8");
    assert_eq!(*properties.delivery_mode(), Some(2));
    assert!(properties.message_id().is_none() && properties.timestamp().is_none());
    let headers = properties.headers().as_ref().unwrap().inner();
    assert_eq!(headers.get("CC"), Some(&AMQPValue::FieldArray(FieldArray::default())), "there even when empty");
    connection.close(200, "OK".into()).await.unwrap();
    bus.close().await;
}
