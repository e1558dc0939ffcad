//! A message as the cause of a fire.

use std::sync::Arc;

use base::Rng;
use bus::Message;
use protocol::id::TaskId;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::hooks::{HookError, Result};

/// What is read of a message.
pub(in crate::hooks) struct Incoming {
    pub(in crate::hooks) message: Arc<Message>,
    pub(in crate::hooks) cause: Cause,
}

/// What makes a message the same as another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::hooks) enum Cause {
    /// It has an id.
    Known(String),
    /// It has none. Another one may have the same content, so only a redelivered message can be one that has fired.
    Unknown { beginning: String, key: String, redelivered: bool },
}

/// Larger bodies fire nothing.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// Bytes of a hash in a key.
const HASH: usize = 16;

impl Incoming {
    pub(super) fn new(message: &Message, redelivered: bool, rng: &Rng) -> Self {
        let cause = Cause::of(message, redelivered, rng);
        Self { message: Arc::new(message.clone()), cause }
    }

    /// Reads what the template gets; not for an async thread.
    pub(in crate::hooks) fn reader(&self) -> impl FnOnce() -> Result<Value> + Send + 'static {
        let message = self.message.clone();
        move || payload(&message)
    }
}

fn payload(message: &Message) -> Result<Value> {
    if message.body.len() > MAX_BODY {
        let (bytes, most) = (message.body.len(), MAX_BODY);
        return Err(HookError::Message(format!("it has {bytes} bytes, and at most {most} can be used")));
    }
    serde_json::from_slice(&message.body).map_err(|error| HookError::Message(format!("it is no JSON: {error}")))
}

impl Cause {
    /// Exchange and routing key are part of it: ids of different publishers may be equal.
    fn of(message: &Message, redelivered: bool, rng: &Rng) -> Self {
        let mut hash = Sha256::new();
        for part in [message.exchange.as_bytes(), message.routing_key.as_bytes(), message.id.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        if !message.id.is_empty() {
            return Self::Known(format!("p:{}", short(hash)));
        }
        hash.update(&message.body);
        let beginning = format!("p:{}:", short(hash));
        let key = format!("{beginning}{:016x}", rng.number());
        Self::Unknown { beginning, key, redelivered }
    }

    pub(in crate::hooks) fn key(&self) -> &str {
        match self {
            Self::Known(key) | Self::Unknown { key, .. } => key,
        }
    }
}

fn short(hash: Sha256) -> String {
    hex::encode(&hash.finalize()[..HASH])
}

/// The tasks that a message is about: if a fire made one of them, it caused this one.
pub(in crate::hooks) fn tasks_of(payload: &Value) -> Vec<TaskId> {
    let places = ["/status/taskId", "/status/taskGroupId", "/taskId", "/taskGroupId"];
    let texts = places.iter().filter_map(|place| payload.pointer(place)?.as_str());
    let mut ids: Vec<TaskId> = texts.filter_map(|text| text.parse().ok()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use bus::ContentType;

    use super::*;

    fn cause(exchange: &str, key: &str, id: &str, body: &str, redelivered: bool) -> Cause {
        let message = Message {
            exchange: exchange.into(),
            routing_key: key.to_owned(),
            cc: Vec::new(),
            content_type: ContentType::Json,
            body: body.to_owned().into(),
            id: id.to_owned(),
            replayed: false,
        };
        Cause::of(&message, redelivered, &Rng::system())
    }

    #[test]
    fn a_message_with_an_id_is_the_same_whenever_it_comes() {
        let first = cause("e", "k", "7", "{}", false);
        assert_eq!(first, cause("e", "k", "7", "{}", true));
        assert_ne!(first, cause("e", "k", "8", "{}", false));
        assert_ne!(first, cause("other", "k", "7", "{}", false));
        assert_ne!(cause("ek", "", "7", "{}", false), cause("e", "k", "7", "{}", false));
    }

    #[test]
    fn equal_messages_without_an_id_are_two() {
        let (one, other) = (cause("e", "k", "", "{}", false), cause("e", "k", "", "{}", false));
        assert_ne!(one.key(), other.key());
        let (Cause::Unknown { beginning: one, .. }, Cause::Unknown { beginning: other, .. }) = (one, other) else {
            panic!("a message without an id has none")
        };
        assert_eq!(one, other);
    }

    #[test]
    fn the_tasks_of_a_message_are_found_where_the_queue_puts_them() {
        let (task, group) = ("fN1SbArXTPSVFNUvaOlinQ", "OxUtk5E7S_CTZ7wK-d9Gvw");
        let payload = serde_json::json!({ "status": { "taskId": task, "taskGroupId": group }, "taskId": 1 });
        assert_eq!(tasks_of(&payload).len(), 2);
        assert!(tasks_of(&serde_json::json!([])).is_empty());
    }
}
