//! Conversion between the bus's types and AMQP's.

use std::sync::Arc;

use lapin::{
    BasicProperties, Error, ErrorKind, ExchangeKind as AmqpKind,
    message::Delivery,
    protocol::{AMQPErrorKind, AMQPHardError},
    types::{AMQPValue, FieldArray, FieldTable, ShortString},
};

use crate::{
    BusError, ContentType, ExchangeKind, Message, MessageKey, Queue, ReplyTo, Subscription,
    signature::{SignatureError, Signed},
};

const PERSISTENT: u8 = 2;
const CC: &str = "CC";
const ID: &str = "x-drover-id";
/// Of a replayed message: its original exchange and routing key.
const REPLAY: &str = "x-drover-replay";
const EXCHANGE: &str = "x-drover-exchange";
const ROUTING_KEY: &str = "x-drover-routing-key";
/// See `signature.rs`.
const SIGNATURE: &str = "x-drover-signature";
/// How often a quorum queue has delivered the message before.
const DELIVERY_COUNT: &str = "x-delivery-count";

/// Properties as consumers of Pulse expect them: the header `CC` is always present, maybe empty.
pub(super) fn properties(message: &Message, key: Option<&MessageKey>) -> BasicProperties {
    let mut cc = FieldArray::default();
    for key in &message.cc {
        cc.push(AMQPValue::LongString(key.as_str().into()));
    }
    let mut headers = FieldTable::default();
    headers.insert(CC.into(), AMQPValue::FieldArray(cc));
    if !message.id.is_empty() {
        headers.insert(ID.into(), AMQPValue::LongString(message.id.as_str().into()));
    }
    if message.replayed {
        headers.insert(REPLAY.into(), AMQPValue::Boolean(true));
        headers.insert(EXCHANGE.into(), AMQPValue::LongString((*message.exchange).into()));
        headers.insert(ROUTING_KEY.into(), AMQPValue::LongString(message.routing_key.as_str().into()));
    }
    sign(&mut headers, key, Signed::of(message));
    let properties = BasicProperties::default()
        .with_content_type(message.content_type.as_str().into())
        .with_delivery_mode(PERSISTENT)
        .with_headers(headers);
    match message.content_type {
        ContentType::Json => properties.with_content_encoding("utf-8".into()),
        ContentType::Protobuf => match ShortString::try_new(message.id.as_str()) {
            Ok(id) if !message.id.is_empty() => properties.with_message_id(id),
            _ => properties,
        },
    }
}

/// The properties of a notification, which is not persistent.
pub(super) fn notification(exchange: &str, body: &[u8], key: Option<&MessageKey>) -> BasicProperties {
    let mut headers = FieldTable::default();
    let signed = Signed { exchange, routing_key: "", cc: &[], id: "", reply_to: "", call: "", body };
    sign(&mut headers, key, signed);
    BasicProperties::default().with_content_type(ContentType::Protobuf.as_str().into()).with_headers(headers)
}

/// The properties of a call, or, without `reply_to`, of a response.
pub(super) fn of_call(
    to: &str,
    reply_to: Option<&str>,
    call: &str,
    body: &[u8],
    key: Option<&MessageKey>,
) -> BasicProperties {
    let mut headers = FieldTable::default();
    let reply = reply_to.unwrap_or("");
    sign(&mut headers, key, Signed { exchange: "", routing_key: to, cc: &[], id: "", reply_to: reply, call, body });
    let properties = BasicProperties::default()
        .with_correlation_id(call.into())
        .with_content_type(ContentType::Protobuf.as_str().into())
        .with_headers(headers);
    match reply_to {
        Some(queue) => properties.with_reply_to(queue.into()),
        None => properties,
    }
}

fn sign(headers: &mut FieldTable, key: Option<&MessageKey>, signed: Signed<'_>) {
    if let Some(key) = key {
        headers.insert(SIGNATURE.into(), AMQPValue::LongString(key.sign(signed).into()));
    }
}

fn signature(properties: &BasicProperties) -> Option<String> {
    text_of(properties.headers().as_ref()?, SIGNATURE)
}

/// Verifies the signature of a response.
pub(super) fn check_response(
    response: &Delivery,
    queue: &str,
    call: &str,
    key: &MessageKey,
) -> Result<(), SignatureError> {
    let body = &response.data;
    let signed = Signed { exchange: "", routing_key: queue, cc: &[], id: "", reply_to: "", call, body };
    key.check(signed, signature(&response.properties).as_deref())
}

/// Verifies the signature of a message, and that it was sent to this subscription: a message that is signed for one queue or
/// exchange must not be accepted from another.
pub(super) fn check(
    message: &Message,
    properties: &BasicProperties,
    subscription: &Subscription,
    key: &MessageKey,
) -> Result<(), SignatureError> {
    let reply_to = reply_to(properties);
    let (queue, call) = reply_to.as_ref().map_or(("", ""), |to| (to.queue.as_str(), to.call.as_str()));
    let signed = Signed { reply_to: queue, call, ..Signed::of(message) };
    key.check(signed, signature(properties).as_deref())?;
    let is_bound = match &subscription.queue {
        Queue::Inbox { name } => message.exchange.is_empty() && message.routing_key == *name,
        _ => subscription.bindings.iter().any(|binding| *binding.exchange == *message.exchange),
    };
    if is_bound { Ok(()) } else { Err(SignatureError::Destination) }
}

pub(super) fn message(delivery: Delivery) -> Message {
    let properties = &delivery.properties;
    let content_type = properties.content_type().as_ref().map_or("", ShortString::as_str);
    let nothing = FieldTable::default();
    let headers = properties.headers().as_ref().unwrap_or(&nothing);
    // Only a message through the default exchange may claim another original exchange. Through other exchanges, other publishers
    // can send messages, and their headers are not to be trusted.
    let replayed = delivery.exchange.as_str().is_empty() && text_of(headers, EXCHANGE).is_some();
    let first = |header: &str, now: &ShortString| {
        let first = if replayed { text_of(headers, header) } else { None };
        first.unwrap_or_else(|| now.to_string())
    };
    Message {
        exchange: Arc::from(first(EXCHANGE, &delivery.exchange)),
        routing_key: first(ROUTING_KEY, &delivery.routing_key),
        cc: cc_of(headers),
        content_type: ContentType::parse(content_type),
        id: text_of(headers, ID).or_else(|| message_id(properties)).unwrap_or_default(),
        replayed,
        body: delivery.data.into(),
    }
}

/// As other publishers name their messages.
fn message_id(properties: &BasicProperties) -> Option<String> {
    properties.message_id().as_ref().map(|id| id.as_str().to_owned()).filter(|id| !id.is_empty())
}

/// How often the message was delivered before and requeued.
pub(super) fn tries(delivery: &Delivery) -> u32 {
    let headers = delivery.properties.headers().as_ref();
    let counted = headers.and_then(|headers| match headers.inner().get(DELIVERY_COUNT)? {
        AMQPValue::LongLongInt(count) => u32::try_from(*count).ok(),
        AMQPValue::LongInt(count) => u32::try_from(*count).ok(),
        AMQPValue::LongUInt(count) => Some(*count),
        _ => None,
    });
    counted.unwrap_or(0).max(u32::from(delivery.redelivered))
}

fn text_of(headers: &FieldTable, name: &str) -> Option<String> {
    match headers.inner().get(name)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

/// Where the response goes; `None` for other messages than calls.
pub(super) fn reply_to(properties: &BasicProperties) -> Option<ReplyTo> {
    let text = |part: &Option<ShortString>| part.as_ref().map(|it| it.as_str().to_owned());
    Some(ReplyTo { queue: text(properties.reply_to())?, call: text(properties.correlation_id())? })
}

/// Other publishers' headers may hold anything; what is not text is ignored.
fn cc_of(headers: &FieldTable) -> Vec<String> {
    let Some(AMQPValue::FieldArray(keys)) = headers.inner().get(CC) else { return Vec::new() };
    let text = |key: &AMQPValue| match key {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    };
    keys.as_slice().iter().filter_map(text).collect()
}

pub(super) fn exchange_kind(kind: ExchangeKind) -> AmqpKind {
    match kind {
        ExchangeKind::Topic => AmqpKind::Topic,
        ExchangeKind::Fanout => AmqpKind::Fanout,
    }
}

/// A channel error refuses this one operation; all others may be retried.
pub(super) fn map_error(error: Error) -> BusError {
    if let ErrorKind::ProtocolError(refusal) = error.kind() {
        let refused = match refusal.kind() {
            AMQPErrorKind::Soft(_) => true,
            AMQPErrorKind::Hard(hard) => *hard == AMQPHardError::NOTALLOWED,
        };
        if refused {
            return BusError::Refused(refusal.get_message().to_string());
        }
    }
    BusError::Unavailable(Box::new(error))
}
