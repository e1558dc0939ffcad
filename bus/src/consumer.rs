//! Consumers and their deliveries.

use std::sync::Arc;

use async_trait::async_trait;

use crate::Message;

/// The receiving end of a subscription. Dropping it requeues unsettled deliveries to a durable queue.
pub struct Consumer(Box<dyn Source>);

#[derive(Debug)]
pub enum Received {
    Delivery(Delivery),
    /// The queue was ephemeral, and messages may have been lost: read the state again.
    Gap,
}

impl Consumer {
    pub(crate) fn new(source: impl Source + 'static) -> Self {
        Self(Box::new(source))
    }

    /// Waits without a timeout, over lost connections too. `None`: the bus is closed.
    pub async fn next(&mut self) -> Option<Received> {
        self.0.next().await
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Consumer")
    }
}

/// One message, to be settled by `ack`, `fail`, `reject` or `requeue`. Dropped unsettled, it counts as failed.
pub struct Delivery {
    pub message: Arc<Message>,
    /// It was delivered before, to a consumer that failed or ended.
    pub redelivered: bool,
    /// How often it was requeued. Only durable queues count; for others it is 0 or 1.
    pub tries: u32,
    /// Where the response goes, if this is a call.
    pub reply_to: Option<ReplyTo>,
    number: u64,
    settler: Option<Arc<dyn Settler>>,
}

/// Where the response to a call goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    pub(crate) queue: String,
    pub(crate) call: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settlement {
    Done,
    Requeue,
    Drop,
}

/// The part of the bus that a delivery is settled at.
pub(crate) trait Settler: Send + Sync {
    fn settle(&self, number: u64, settlement: Settlement);
}

/// The source of a consumer's deliveries.
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

    /// The message was processed.
    pub fn ack(mut self) {
        self.settle(Settlement::Done);
    }

    /// The message could not be processed: it is delivered once more, and dropped after the second failure.
    pub fn fail(mut self) {
        self.settle_failed();
    }

    /// The message can never be processed: it is dropped.
    pub fn reject(mut self) {
        self.settle(Settlement::Drop);
    }

    /// The message was not processed for another reason: it is delivered again, however often.
    pub fn requeue(mut self) {
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
            tracing::warn!(%exchange, routing_key, redelivered = self.redelivered, "message dropped");
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
