//! Events as protobuf, as they are on the internal exchange.

mod read;
mod write;

use prost::Message as _;

use super::{Event, EventPayload};
use crate::{id::NotASlug, proto as wire, state::UnknownWord};

/// Why bytes cannot be decoded as an event.
#[derive(Debug, thiserror::Error)]
pub enum EventDecodeError {
    #[error("the bytes are no protobuf message of an event")]
    Bytes(#[from] prost::DecodeError),
    #[error("the event lacks its `{0}`")]
    Missing(&'static str),
    #[error("the event holds a number that stands for nothing")]
    Unknown(#[from] UnknownWord),
    #[error("the event holds an id that is none")]
    Id(#[from] NotASlug),
    #[error("{0} is no number of this kind, or no point in time")]
    OutOfRange(i64),
}

impl Event {
    /// Encodes the event.
    pub fn to_proto(&self) -> Vec<u8> {
        let mut message = wire::TaskEvent {
            id: self.id,
            kind: self.kind().code().into(),
            occurred_ms: self.occurred.timestamp_millis(),
            traceparent: self.traceparent.clone().unwrap_or_default(),
            ..wire::TaskEvent::default()
        };
        match &self.payload {
            EventPayload::Task(task) => write::task(task, &mut message),
            EventPayload::Group(group) => write::group(group, &mut message),
            EventPayload::Client(client) => message.client_id = Some(client.client_id.clone()),
            EventPayload::Role(role) => message.role_id = Some(role.role_id.clone()),
            EventPayload::Service(event) => message.service_event = Some(write::service_event(event)),
        }
        message.encode_to_vec()
    }

    /// Decodes an event.
    pub fn from_proto(bytes: &[u8]) -> Result<Self, EventDecodeError> {
        let mut message = wire::TaskEvent::decode(bytes)?;
        Ok(Self {
            id: message.id,
            occurred: read::time(message.occurred_ms)?,
            traceparent: Some(std::mem::take(&mut message.traceparent)).filter(|it| !it.is_empty()),
            payload: read::payload(message)?,
        })
    }
}
