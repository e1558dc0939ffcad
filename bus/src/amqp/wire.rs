//! Our words in AMQP's, and back.

use std::sync::Arc;

use lapin::{
    BasicProperties, Error, ErrorKind, ExchangeKind as AmqpKind,
    message::Delivery,
    protocol::{AMQPErrorKind, AMQPHardError},
    types::{AMQPValue, FieldArray, FieldTable, ShortString},
};

use crate::{BusError, ContentType, ExchangeKind, Message};

const PERSISTENT: u8 = 2;
const CC: &str = "CC";

/// Properties as consumers of Pulse expect them: the header `CC` is always there, maybe empty.
pub(super) fn properties(message: &Message) -> BasicProperties {
    let mut cc = FieldArray::default();
    for key in &message.cc {
        cc.push(AMQPValue::LongString(key.as_str().into()));
    }
    let mut headers = FieldTable::default();
    headers.insert(CC.into(), AMQPValue::FieldArray(cc));
    let properties = BasicProperties::default()
        .with_content_type(message.content_type.as_str().into())
        .with_delivery_mode(PERSISTENT)
        .with_headers(headers);
    match message.content_type {
        ContentType::Json => properties.with_content_encoding("utf-8".into()),
        ContentType::Protobuf => properties,
    }
}

pub(super) fn message(delivery: Delivery) -> Message {
    let properties = &delivery.properties;
    let content_type = properties.content_type().as_ref().map_or("", ShortString::as_str);
    Message {
        exchange: Arc::from(delivery.exchange.as_str()),
        routing_key: delivery.routing_key.as_str().to_owned(),
        cc: properties.headers().as_ref().map(cc_of).unwrap_or_default(),
        content_type: ContentType::parse(content_type),
        body: delivery.data.into(),
    }
}

/// Other publishers' headers may hold anything; what is not text is passed over.
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

/// A channel error tells that this one thing will not be done; all else is worth another try.
pub(super) fn refused_or_away(error: Error) -> BusError {
    if let ErrorKind::ProtocolError(refusal) = error.kind() {
        let refused = match refusal.kind() {
            AMQPErrorKind::Soft(_) => true,
            AMQPErrorKind::Hard(hard) => *hard == AMQPHardError::NOTALLOWED,
        };
        if refused {
            return BusError::Refused(refusal.get_message().to_string());
        }
    }
    BusError::Away(Box::new(error))
}
