//! Messages from the bus, put into an actor's mailbox.

use std::sync::Arc;

use bus::{Bus, BusError, Message as BusMessage, Received, ReplyTo, Subscription};
use ractor::{ActorRef, Message};
use tokio::task::AbortHandle;

/// A subscription of one actor, kept in its state: it ends with it. How much waits in the mailbox is bounded by the
/// prefetch of the subscription.
pub struct Deliveries {
    reading: AbortHandle,
}

/// A delivery that goes back to its queue unless it is settled, however often: an actor that ends before it came to
/// it has not failed at it.
pub struct Delivery {
    inner: Option<bus::Delivery>,
    message: Arc<BusMessage>,
    failures: u32,
}

impl Deliveries {
    /// Returns once what is published from then on arrives. `None`: the queue is ephemeral, and messages may have been
    /// lost.
    pub async fn subscribe<M: Message>(
        bus: &dyn Bus,
        subscription: Subscription,
        to: ActorRef<M>,
        message: fn(Option<Delivery>) -> M,
    ) -> Result<Self, BusError> {
        let consumer = bus.subscribe(subscription).await?;
        #[expect(clippy::disallowed_methods, reason = "it ends with the subscription")]
        let reading = tokio::spawn(read(consumer, to, message)).abort_handle();
        Ok(Self { reading })
    }
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Delivery {
    pub fn message(&self) -> &BusMessage {
        &self.message
    }

    /// One more failure; how many there were, those of earlier deliveries included.
    pub fn failed(&mut self) -> u32 {
        self.failures += 1;
        self.failures
    }

    /// How often it came back or failed so far.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Where the response goes, if the message is a request.
    pub fn reply_to(&self) -> Option<&ReplyTo> {
        self.inner.as_ref()?.reply_to.as_ref()
    }

    /// The message has done its work.
    pub fn ack(mut self) {
        if let Some(delivery) = self.inner.take() {
            delivery.ack();
        }
    }

    /// The message will never be of use.
    pub fn reject(mut self) {
        if let Some(delivery) = self.inner.take() {
            delivery.reject();
        }
    }
}

impl From<bus::Delivery> for Delivery {
    fn from(delivery: bus::Delivery) -> Self {
        Self { message: delivery.message.clone(), failures: delivery.tries, inner: Some(delivery) }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(delivery) = self.inner.take() {
            delivery.requeue();
        }
    }
}

/// Until the bus is closed or the actor has ended.
async fn read<M: Message>(mut consumer: bus::Consumer, to: ActorRef<M>, message: fn(Option<Delivery>) -> M) {
    while let Some(received) = consumer.next().await {
        let delivery = match received {
            Received::Delivery(delivery) => Some(Delivery::from(delivery)),
            Received::Gap => None,
        };
        if to.send_message(message(delivery)).is_err() {
            return;
        }
    }
}
