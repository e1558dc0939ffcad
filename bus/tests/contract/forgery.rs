//! What somebody who may publish on the broker, and is none of us, can do: nothing.

use std::time::Duration;

use base::Rng;
use bus::{AmqpBus, AmqpOptions, Bus, Exchange, MessageKey, Subscription, TransportError};
use bytes::Bytes;
use futures_util::StreamExt;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{BasicConsumeOptions, BasicPublishOptions},
    types::{AMQPValue, FieldTable},
};

use crate::scenarios::{SOON, messages, name, next, next_body};

const BRIEFLY: Duration = Duration::from_secs(1);

fn bus_of(url: &str, secret: &str) -> AmqpBus {
    let key = Some(MessageKey::from_secret(secret));
    let options = AmqpOptions { url: url.to_owned(), name: "forgery".to_owned(), key, ..AmqpOptions::default() };
    AmqpBus::open(options, &Rng::system()).unwrap()
}

async fn outsider(url: &str) -> (Connection, Channel) {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

async fn send(channel: &Channel, exchange: &str, key: &str, body: &[u8], properties: BasicProperties) {
    let options = BasicPublishOptions::default();
    channel.basic_publish(exchange.into(), key.into(), options, body, properties).await.unwrap().await.unwrap();
}

pub(crate) async fn messages_of_strangers_are_refused(url: &str) {
    let (ours, others) = (bus_of(url, "our secret"), bus_of(url, "the secret of others"));
    let (connection, channel) = outsider(url).await;
    a_call_of_a_stranger_is_not_begun(&ours, &others, &channel).await;
    an_answer_of_a_stranger_is_not_believed(&ours, &channel).await;
    what_a_stranger_publishes_is_not_heard(&ours, &others, &channel).await;
    connection.close(200, "OK".into()).await.unwrap();
    ours.close().await;
    others.close().await;
}

async fn a_call_of_a_stranger_is_not_begun(ours: &AmqpBus, others: &AmqpBus, channel: &Channel) {
    let inbox = name("inbox");
    let mut served = ours.subscribe(Subscription::inbox(&inbox)).await.unwrap();
    let call = BasicProperties::default().with_reply_to("amq.gen-x".into()).with_correlation_id("1".into());
    send(channel, "", &inbox, b"error", call).await;
    let refused = others.call(&inbox, Bytes::from_static(b"foreign"), BRIEFLY).await;
    assert_eq!(refused, Err(TransportError::Timeout), "another installation's call is not answered");
    let answered = async {
        let call = next(&mut served).await;
        assert_eq!(&call.message.body[..], b"genuine");
        ours.reply(call.reply_to.as_ref().unwrap(), Bytes::from_static(b"yes")).await.unwrap();
        call.ack();
    };
    let (answer, ()) = tokio::join!(ours.call(&inbox, Bytes::from_static(b"genuine"), SOON), answered);
    assert_eq!(&answer.unwrap()[..], b"yes");
}

/// Even one that saw the call, and so knows where its answer goes.
async fn an_answer_of_a_stranger_is_not_believed(ours: &AmqpBus, channel: &Channel) {
    let inbox = name("inbox");
    let served = ours.subscribe(Subscription::inbox(&inbox)).await.unwrap();
    let forging = async {
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let listened = channel.basic_consume(inbox.as_str().into(), "".into(), options, FieldTable::default());
        let mut listening = listened.await.unwrap();
        drop(served);
        let call = listening.next().await.unwrap().unwrap();
        let (queue, id) =
            (call.properties.reply_to().clone().unwrap(), call.properties.correlation_id().clone().unwrap());
        assert_eq!(id.as_str().len(), 32, "nobody guesses it");
        let mut headers = FieldTable::default();
        let signature = call.properties.headers().as_ref().unwrap().inner().get("x-drover-signature").unwrap();
        let AMQPValue::LongString(signature) = signature else { panic!("{signature:?}") };
        headers.insert("x-drover-signature".into(), AMQPValue::LongString(signature.clone()));
        let error = BasicProperties::default().with_correlation_id(id).with_headers(headers);
        send(channel, "", queue.as_str(), b"error", error).await;
    };
    let (answer, ()) = tokio::join!(ours.call(&inbox, Bytes::from_static(b"request"), 3 * BRIEFLY), forging);
    assert_eq!(answer, Err(TransportError::Timeout), "the error answer was believed");
}

async fn what_a_stranger_publishes_is_not_heard(ours: &AmqpBus, others: &AmqpBus, channel: &Channel) {
    let (events, elsewhere, wakes, queue) = (name("events"), name("elsewhere"), name("wakes"), name("queue"));
    for exchange in [&events, &elsewhere] {
        ours.declare(Exchange::topic(exchange)).await.unwrap();
    }
    ours.declare(Exchange::fanout(&wakes)).await.unwrap();
    let mut durable = ours.subscribe(Subscription::durable(&queue).bind(&events, "#").signed()).await.unwrap();
    let mut woken = ours.subscribe(Subscription::ephemeral().bind(&wakes, "").signed()).await.unwrap();
    let mut trusting = ours.subscribe(Subscription::ephemeral().bind(&events, "#")).await.unwrap();

    send(channel, &events, "key", b"error", BasicProperties::default()).await;
    send(channel, "", &queue, b"error", BasicProperties::default()).await;
    send(channel, &wakes, "", b"error", BasicProperties::default()).await;
    others.publish(&messages(&events, 1..2), SOON).await.unwrap();
    // Signed by one of ours, for another place.
    ours.publish(&messages(&elsewhere, 2..3), SOON).await.unwrap();
    ours.send_to(&queue, &messages(&elsewhere, 2..3), SOON).await.unwrap();
    ours.publish(&messages(&events, 3..4), SOON).await.unwrap();
    ours.send_to(&queue, &messages(&events, 4..5), SOON).await.unwrap();
    ours.notify(&wakes, Bytes::from_static(b"wake up"));

    assert_eq!((next_body(&mut durable).await, next_body(&mut durable).await), ("3".to_owned(), "4".to_owned()));
    assert_eq!(next_body(&mut woken).await, "wake up");
    assert_eq!(next_body(&mut trusting).await, "error", "who does not ask gets everything");
}
