//! Events as protobuf: the form they have on our own exchanges.

mod read;
mod write;

use prost::Message as _;

use super::{Event, Fact};
use crate::{id::NotASlug, proto as wire, state::UnknownWord};

/// Why bytes are no event of ours.
#[derive(Debug, thiserror::Error)]
pub enum NotAnEvent {
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
    /// The bytes to send.
    pub fn to_proto(&self) -> Vec<u8> {
        let mut message = wire::TaskEvent {
            id: self.id,
            kind: self.kind().code().into(),
            occurred_ms: self.occurred.timestamp_millis(),
            traceparent: self.traceparent.clone().unwrap_or_default(),
            ..wire::TaskEvent::default()
        };
        match &self.fact {
            Fact::Task(task) => write::task(task, &mut message),
            Fact::Group(group) => write::group(group, &mut message),
            Fact::Client(client) => message.client_id = Some(client.client_id.clone()),
            Fact::Role(role) => message.role_id = Some(role.role_id.clone()),
        }
        message.encode_to_vec()
    }

    /// The event behind bytes that came.
    pub fn from_proto(bytes: &[u8]) -> Result<Self, NotAnEvent> {
        let mut message = wire::TaskEvent::decode(bytes)?;
        Ok(Self {
            id: message.id,
            occurred: read::time(message.occurred_ms)?,
            traceparent: Some(std::mem::take(&mut message.traceparent)).filter(|it| !it.is_empty()),
            fact: read::fact(message)?,
        })
    }
}
