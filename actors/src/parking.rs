//! Where letters go that cannot be worked on: aside, with the reason, until an operator has looked at them.
//!
//! They stand in the database and not in a queue of the broker, so that they can be listed without being taken, and
//! outlive both the process and the broker. `drover bus parked` shows them, sends them again, or drops them.

use std::sync::Arc;

use base::{
    Clock,
    telemetry::{Counter, Label},
};
use bus::{ContentType, Message};
use db::{Db, parked::ParkedMessage};

use crate::kit::Letter;

/// The parking place of one queue's consumer.
#[derive(Clone)]
pub struct Parking {
    db: Db,
    clock: Arc<dyn Clock>,
    queue: Arc<str>,
    parked: Counter,
}

impl Parking {
    /// A letter that was worked on this often and failed each time is parked.
    pub const TRIES: u32 = 5;
    /// So is one that came back this often without a word: it may be what ended its consumers. Some brokers drop a
    /// message that came back twenty times.
    pub const RETURNS: u32 = 12;

    pub fn new(db: Db, clock: Arc<dyn Clock>, queue: &str) -> Self {
        let parked =
            Counter::new("bus", "drover.bus.parked", "{message}", "Messages put aside that cannot be worked on");
        Self { db, clock, queue: queue.into(), parked }
    }

    /// Puts a letter aside. While the database is away it goes back to its queue instead, and comes again.
    pub async fn park(&self, letter: Letter, reason: &str) {
        let message = letter.message();
        let row = ParkedMessage {
            parked_id: 0,
            queue: self.queue.to_string(),
            message_id: message.id.clone(),
            exchange: message.exchange.to_string(),
            routing_key: message.routing_key.clone(),
            cc: message.cc.clone(),
            content_type: message.content_type.as_str().to_owned(),
            body: message.body.to_vec(),
            reason: reason.to_owned(),
            tries: i32::try_from(letter.failures().max(1)).unwrap_or(i32::MAX),
            parked: self.clock.now(),
        };
        match self.db.park_message(&row).await {
            Ok(parked_id) => {
                self.parked.add(1, &[Label::new("queue", self.queue.to_string())]);
                tracing::error!(queue = %self.queue, parked.id = parked_id, message.id, reason, "a message was parked");
                letter.ack();
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(queue = %self.queue, error, "a message could not be parked; it comes again");
            }
        }
    }
}

/// The message as it was, to be sent to its queue again.
pub fn unparked(parked: ParkedMessage) -> Message {
    let protobuf = parked.content_type == ContentType::Protobuf.as_str();
    Message {
        exchange: parked.exchange.into(),
        routing_key: parked.routing_key,
        cc: parked.cc,
        content_type: if protobuf { ContentType::Protobuf } else { ContentType::Json },
        body: parked.body.into(),
        id: parked.message_id,
        replayed: true,
    }
}
