//! One message.

use std::sync::Arc;

use bytes::Bytes;

use crate::BusError;

/// The longest exchange name, routing key or binding that AMQP carries, in bytes.
pub(crate) const MAX_NAME_BYTES: usize = 255;

/// External (Pulse) messages are JSON, internal ones protobuf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    Json,
    Protobuf,
}

impl ContentType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Protobuf => "application/x-protobuf",
        }
    }

    /// Other publishers may send any content type.
    pub(crate) fn parse(text: &str) -> Self {
        if text == Self::Protobuf.as_str() { Self::Protobuf } else { Self::Json }
    }
}

/// A persistent message for a topic exchange. It reaches each queue once, however many of its keys match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub exchange: Arc<str>,
    pub routing_key: String,
    /// Further routing keys, sent as the header `CC`.
    pub cc: Vec<String>,
    pub content_type: ContentType,
    pub body: Bytes,
    /// The same for the same event, however often it is published; may be empty. Sent as the header
    /// `x-drover-id`, and as the message id of protobuf messages; Pulse messages never had a message id. Of a message of another
    /// publisher, its message id.
    pub id: String,
    /// Published again to one queue, long after the event.
    pub replayed: bool,
}

impl Message {
    /// A key that AMQP cannot carry is refused before anything is sent.
    pub(crate) fn check(&self) -> Result<(), BusError> {
        check_name("exchange", &self.exchange)?;
        check_name("routing key", &self.routing_key)?;
        self.cc.iter().try_for_each(|key| check_name("CC routing key", key))
    }
}

pub(crate) fn check_name(what: &str, name: &str) -> Result<(), BusError> {
    if name.len() <= MAX_NAME_BYTES {
        return Ok(());
    }
    Err(BusError::Unsendable(format!("the {what} has {} bytes, at most {MAX_NAME_BYTES} are allowed", name.len())))
}
