//! Dead letters: messages that cannot be worked on, with the reason, until an operator has looked at them.
//!
//! They are in the database and not in a queue of the broker, so that they can be listed without being taken, and
//! outlive both the process and the broker. `drover bus dead-letters` shows them, sends them again, or drops them.

use std::sync::Arc;

use base::{
    Clock,
    telemetry::{Counter, Label},
};
use bus::{ContentType, Message};
use db::{Db, dead_letters::DeadLetter};

use super::Delivery;

/// The dead letters of one queue's consumer.
#[derive(Clone)]
pub struct DeadLetters {
    db: Db,
    clock: Arc<dyn Clock>,
    queue: Arc<str>,
    counter: Counter,
}

impl DeadLetters {
    /// A message that was worked on this often and failed each time is dead-lettered.
    pub const MAX_FAILURES: u32 = 5;
    /// So is one that came back this often without a failure being noted: it may be what ended its consumers. Some
    /// brokers drop a message that came back twenty times.
    pub const MAX_DELIVERIES: u32 = 12;

    pub fn new(db: Db, clock: Arc<dyn Clock>, queue: &str) -> Self {
        let about = "Messages that could not be worked on and became dead letters";
        let counter = Counter::new("bus", "drover.bus.dead_lettered", "{message}", about);
        Self { db, clock, queue: queue.into(), counter }
    }

    /// Stores and acknowledges a message. While the database is away it goes back to its queue instead, and comes again.
    pub async fn add(&self, delivery: Delivery, reason: &str) {
        let message = delivery.message();
        let row = DeadLetter {
            dead_letter_id: 0,
            queue: self.queue.to_string(),
            message_id: message.id.clone(),
            exchange: message.exchange.to_string(),
            routing_key: message.routing_key.clone(),
            cc: message.cc.clone(),
            content_type: message.content_type.as_str().to_owned(),
            body: message.body.to_vec(),
            reason: reason.to_owned(),
            tries: i32::try_from(delivery.failures().max(1)).unwrap_or(i32::MAX),
            dead_lettered: self.clock.now(),
        };
        match self.db.add_dead_letter(&row).await {
            Ok(id) => {
                self.counter.add(1, &[Label::new("queue", self.queue.to_string())]);
                tracing::error!(queue = %self.queue, dead_letter.id = id, message.id, reason, "message dead-lettered");
                delivery.ack();
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(queue = %self.queue, error, "message could not be dead-lettered, it will be redelivered");
            }
        }
    }
}

/// The message as it was, to be sent to its queue again.
pub fn from_dead_letter(row: DeadLetter) -> Message {
    let protobuf = row.content_type == ContentType::Protobuf.as_str();
    Message {
        exchange: row.exchange.into(),
        routing_key: row.routing_key,
        cc: row.cc,
        content_type: if protobuf { ContentType::Protobuf } else { ContentType::Json },
        body: row.body.into(),
        id: row.message_id,
        replayed: true,
    }
}
