//! What a listener hears of the bus, put into its mailbox.

use std::sync::Arc;

use bus::{Bus, BusError, Consumer, Delivery, Message as BusMessage, Received, ReplyTo, Subscription};
use ractor::{ActorRef, Message};
use tokio::task::AbortHandle;

/// A subscription of one actor, kept in its state: it ends with it. How much waits in the mailbox is bounded by the
/// prefetch of the subscription.
pub struct Inbox {
    reading: AbortHandle,
}

/// A delivery that goes back to its queue unless it is settled, however often: an actor that ends before it came to
/// it has not failed at it.
pub struct Letter {
    delivery: Option<Delivery>,
    message: Arc<BusMessage>,
    failures: u32,
}

impl Inbox {
    /// Returns once what is published from then on arrives. Gaps of an ephemeral queue are told by `None`.
    pub async fn open<M: Message>(
        bus: &dyn Bus,
        subscription: Subscription,
        to: ActorRef<M>,
        message: fn(Option<Letter>) -> M,
    ) -> Result<Self, BusError> {
        let consumer = bus.subscribe(subscription).await?;
        #[expect(clippy::disallowed_methods, reason = "it ends with the inbox")]
        let reading = tokio::spawn(read(consumer, to, message)).abort_handle();
        Ok(Self { reading })
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Letter {
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

    /// Where the answer goes, if the letter is a call.
    pub fn reply_to(&self) -> Option<&ReplyTo> {
        self.delivery.as_ref()?.reply_to.as_ref()
    }

    /// The letter has done its work.
    pub fn ack(mut self) {
        if let Some(delivery) = self.delivery.take() {
            delivery.ack();
        }
    }

    /// The letter will never be of use.
    pub fn reject(mut self) {
        if let Some(delivery) = self.delivery.take() {
            delivery.reject();
        }
    }
}

impl From<Delivery> for Letter {
    fn from(delivery: Delivery) -> Self {
        Self { message: delivery.message.clone(), failures: delivery.tries, delivery: Some(delivery) }
    }
}

impl Drop for Letter {
    fn drop(&mut self) {
        if let Some(delivery) = self.delivery.take() {
            delivery.give_back();
        }
    }
}

/// Until the bus is closed or the actor has ended.
async fn read<M: Message>(mut consumer: Consumer, to: ActorRef<M>, message: fn(Option<Letter>) -> M) {
    while let Some(received) = consumer.next().await {
        let letter = match received {
            Received::Delivery(delivery) => Some(Letter::from(delivery)),
            Received::Gap => None,
        };
        if to.send_message(message(letter)).is_err() {
            return;
        }
    }
}
