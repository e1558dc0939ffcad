//! What a subscriber holds in hand.

use std::sync::Arc;

use async_trait::async_trait;

use crate::Message;

/// The receiving end of a subscription. Dropping it gives unsettled deliveries back to a durable queue.
pub struct Consumer(Box<dyn Source>);

/// What a consumer hears.
#[derive(Debug)]
pub enum Received {
    Delivery(Delivery),
    /// The queue was ephemeral and messages may have been lost: look again at what they tell of.
    Gap,
}

impl Consumer {
    pub(crate) fn new(source: impl Source + 'static) -> Self {
        Self(Box::new(source))
    }

    /// Waits as long as it takes, over broken connections too. `None`: the bus is closed.
    pub async fn next(&mut self) -> Option<Received> {
        self.0.next().await
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Consumer")
    }
}

/// One message, to be settled by `ack`, `fail`, `reject` or `give_back`. Dropped unsettled, it counts as failed.
pub struct Delivery {
    pub message: Arc<Message>,
    /// It was handed out before, to a consumer that failed or ended.
    pub redelivered: bool,
    /// How often it came back. Counted by durable queues only; of others it tells whether at all.
    pub tries: u32,
    /// Where the answer goes, if this is a call.
    pub reply_to: Option<ReplyTo>,
    number: u64,
    settler: Option<Arc<dyn Settler>>,
}

/// Where the answer to a call goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    pub(crate) queue: String,
    pub(crate) call: String,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settlement {
    Done,
    Requeue,
    Drop,
}

/// The side of the bus that gave out a delivery.
pub(crate) trait Settler: Send + Sync {
    fn settle(&self, number: u64, settlement: Settlement);
}

/// Where a consumer's deliveries come from.
#[async_trait]
pub(crate) trait Source: Send {
    async fn next(&mut self) -> Option<Received>;
}

impl Delivery {
    pub(crate) fn new(message: Arc<Message>, tries: u32, number: u64, settler: Arc<dyn Settler>) -> Self {
        Self { message, redelivered: tries > 0, tries, reply_to: None, number, settler: Some(settler) }
    }

    pub(crate) fn replying_to(mut self, reply_to: Option<ReplyTo>) -> Self {
        self.reply_to = reply_to;
        self
    }

    /// The message has done its work.
    pub fn ack(mut self) {
        self.settle(Settlement::Done);
    }

    /// The message could not be worked on: it comes again once, and is given up after the second failure.
    pub fn fail(mut self) {
        self.settle_failed();
    }

    /// The message will never be of use, tried again or not.
    pub fn reject(mut self) {
        self.settle(Settlement::Drop);
    }

    /// The message is not to blame that it was not worked on: it comes again, however often.
    pub fn give_back(mut self) {
        self.settle(Settlement::Requeue);
    }

    fn settle_failed(&mut self) {
        let settlement = if self.redelivered { Settlement::Drop } else { Settlement::Requeue };
        self.settle(settlement);
    }

    fn settle(&mut self, settlement: Settlement) {
        let Some(settler) = self.settler.take() else { return };
        if settlement == Settlement::Drop {
            let Message { exchange, routing_key, .. } = &*self.message;
            tracing::warn!(%exchange, routing_key, redelivered = self.redelivered, "a message was given up");
        }
        settler.settle(self.number, settlement);
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.settle_failed();
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("message", &self.message)
            .field("redelivered", &self.redelivered)
            .finish_non_exhaustive()
    }
}
