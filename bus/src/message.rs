//! One message on its way.

use std::sync::Arc;

use bytes::Bytes;

use crate::BusError;

/// The longest exchange name, routing key or binding that AMQP carries, in bytes.
pub(crate) const LONGEST_NAME: usize = 255;

/// What the body is. Messages for the world are JSON, those between our own parts protobuf.
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

    /// Strangers may send what they like; only what says it is protobuf is taken as such.
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
    /// The same for the same event, however often it is told; empty where nobody needs to know. Sent as the header
    /// `x-drover-id`, and as the message id of protobuf messages; what the world reads carries none, as it never did.
    pub id: String,
    /// Sent once more to one queue, long after the event.
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
    if name.len() <= LONGEST_NAME {
        return Ok(());
    }
    Err(BusError::Unsendable(format!("the {what} has {} bytes, at most {LONGEST_NAME} are allowed", name.len())))
}
