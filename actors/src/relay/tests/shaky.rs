//! A bus that does not always do what it should.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use bus::{
    Binding, Bus, BusError, Consumer, Exchange, MemoryBus, Message, RefusedBinding, ReplyTo, Subscription,
    TransportError,
};
use bytes::Bytes;

/// A bus with faults: it is away, or denies, for its first publishings, and refuses what goes to one exchange.
pub(super) struct Shaky {
    bus: MemoryBus,
    away_for: AtomicU32,
    denies_for: AtomicU32,
    refuses: String,
}

impl Shaky {
    pub(super) fn away_for(publishings: u32) -> Self {
        let (away_for, denies_for) = (AtomicU32::new(publishings), AtomicU32::default());
        Self { bus: MemoryBus::default(), away_for, denies_for, refuses: String::new() }
    }

    pub(super) fn denying_for(publishings: u32) -> Self {
        Self { denies_for: AtomicU32::new(publishings), ..Self::away_for(0) }
    }

    pub(super) fn refusing(exchange: &str) -> Self {
        Self { refuses: exchange.to_owned(), ..Self::away_for(0) }
    }
}

#[async_trait]
impl Bus for Shaky {
    async fn declare(&self, exchange: Exchange) -> Result<(), BusError> {
        self.bus.declare(exchange).await
    }

    async fn publish(&self, messages: &[Message], deadline: Duration) -> Result<(), BusError> {
        let left = self.away_for.load(Ordering::SeqCst);
        if left > 0 {
            self.away_for.store(left - 1, Ordering::SeqCst);
            // Half of it went out before the connection broke.
            self.bus.publish(&messages[..messages.len() / 2], deadline).await?;
            return Err(BusError::Timeout);
        }
        let left = self.denies_for.load(Ordering::SeqCst);
        if left > 0 {
            self.denies_for.store(left - 1, Ordering::SeqCst);
            return Err(BusError::Refused("ACCESS_REFUSED - access to exchange was refused".to_owned()));
        }
        if messages.iter().any(|message| *message.exchange == *self.refuses) {
            return Err(BusError::Refused("not this one".to_owned()));
        }
        self.bus.publish(messages, deadline).await
    }

    async fn subscribe(&self, subscription: Subscription) -> Result<Consumer, BusError> {
        self.bus.subscribe(subscription).await
    }

    async fn rebind(
        &self,
        queue: &str,
        bindings: &[Binding],
        obsolete: &[Binding],
    ) -> Result<Vec<RefusedBinding>, BusError> {
        self.bus.rebind(queue, bindings, obsolete).await
    }

    async fn queue_length(&self, queue: &str) -> Result<u32, BusError> {
        self.bus.queue_length(queue).await
    }

    async fn delete_queue(&self, queue: &str) -> Result<(), BusError> {
        self.bus.delete_queue(queue).await
    }

    fn notify(&self, exchange: &str, body: Bytes) {
        self.bus.notify(exchange, body);
    }

    async fn call(&self, inbox: &str, question: Bytes, deadline: Duration) -> Result<Bytes, TransportError> {
        self.bus.call(inbox, question, deadline).await
    }

    async fn reply(&self, to: &ReplyTo, answer: Bytes) -> Result<(), BusError> {
        self.bus.reply(to, answer).await
    }

    fn may_have_subscribers(&self, exchange: &str, first_word: &str) -> bool {
        self.bus.may_have_subscribers(exchange, first_word)
    }

    async fn close(&self) {
        self.bus.close().await;
    }
}
