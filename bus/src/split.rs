//! Two vhosts, or two brokers: what Drover's own processes say to each other on one, what the world reads on the other.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    AmqpBus, Bus, BusError, CallFailure, Consumer, Exchange, Message, Queue, QueueDepth, ReplyTo, Subscription,
};

/// What names of internal exchanges begin with.
const INTERNAL: &str = "drover/";

/// The bus of an installation. Without a place of their own, internal messages share that of the external ones.
pub struct SplitBus {
    external: Arc<AmqpBus>,
    internal: Arc<AmqpBus>,
    /// An internal exchange that has another name.
    also_internal: String,
}

impl SplitBus {
    /// `internal`: `None` where internal messages have no place of their own. `also_internal`: an exchange whose name does not
    /// begin with `drover/`.
    pub fn new(external: AmqpBus, internal: Option<AmqpBus>, also_internal: &str) -> Self {
        let external = Arc::new(external);
        let internal = internal.map_or_else(|| external.clone(), Arc::new);
        Self { external, internal, also_internal: also_internal.to_owned() }
    }

    /// Whether internal messages have a place of their own.
    pub fn is_split(&self) -> bool {
        !Arc::ptr_eq(&self.external, &self.internal)
    }

    /// How many messages wait in a queue, and for how many consumers; refused if there is no such queue.
    pub async fn depth(&self, queue: &str, deadline: Duration) -> Result<QueueDepth, BusError> {
        let (_, depth) = self.find(queue, deadline).await?;
        Ok(depth)
    }

    /// As [`AmqpBus::send_to`], wherever the queue is.
    pub async fn send_to(&self, queue: &str, messages: &[Message], deadline: Duration) -> Result<(), BusError> {
        let (bus, _) = self.find(queue, deadline).await?;
        bus.send_to(queue, messages, deadline).await
    }

    async fn find(&self, queue: &str, deadline: Duration) -> Result<(&AmqpBus, QueueDepth), BusError> {
        if self.is_split() {
            match self.internal.depth(queue, deadline).await {
                Err(BusError::Refused(_)) => {}
                found => return found.map(|depth| (&*self.internal, depth)),
            }
        }
        self.external.depth(queue, deadline).await.map(|depth| (&*self.external, depth))
    }

    fn of(&self, exchange: &str) -> &AmqpBus {
        if self.is_internal(exchange) { &self.internal } else { &self.external }
    }

    fn is_internal(&self, exchange: &str) -> bool {
        exchange.starts_with(INTERNAL) || exchange == self.also_internal
    }

    fn of_subscription(&self, subscription: &Subscription) -> Result<&AmqpBus, BusError> {
        if matches!(subscription.queue, Queue::Inbox { .. }) {
            return Ok(&self.internal);
        }
        let mut internal = subscription.bindings.iter().map(|binding| self.is_internal(&binding.exchange));
        let first = internal.next().unwrap_or(false);
        if internal.any(|other| other != first) && self.is_split() {
            let words = "one queue cannot be bound to internal and external exchanges, which are on different vhosts";
            return Err(BusError::Unsendable(words.to_owned()));
        }
        Ok(if first { &self.internal } else { &self.external })
    }
}

#[async_trait]
impl Bus for SplitBus {
    async fn declare(&self, exchange: Exchange) -> Result<(), BusError> {
        self.of(&exchange.name).declare(exchange).await
    }

    /// In order on either side.
    async fn publish(&self, messages: &[Message], deadline: Duration) -> Result<(), BusError> {
        if !self.is_split() {
            return self.external.publish(messages, deadline).await;
        }
        let of = |internal: bool| -> Vec<Message> {
            messages.iter().filter(|message| self.is_internal(&message.exchange) == internal).cloned().collect()
        };
        let (internal, external) = (of(true), of(false));
        let (inside, outside) =
            tokio::join!(self.internal.publish(&internal, deadline), self.external.publish(&external, deadline));
        inside.and(outside)
    }

    async fn subscribe(&self, subscription: Subscription) -> Result<Consumer, BusError> {
        self.of_subscription(&subscription)?.subscribe(subscription).await
    }

    fn wake(&self, exchange: &str, body: Bytes) {
        self.of(exchange).wake(exchange, body);
    }

    async fn call(&self, inbox: &str, question: Bytes, deadline: Duration) -> Result<Bytes, CallFailure> {
        self.internal.call(inbox, question, deadline).await
    }

    async fn reply(&self, to: &ReplyTo, answer: Bytes) -> Result<(), BusError> {
        self.internal.reply(to, answer).await
    }

    fn may_be_heard(&self, exchange: &str, first_word: &str) -> bool {
        self.of(exchange).may_be_heard(exchange, first_word)
    }

    async fn close(&self) {
        if self.is_split() {
            tokio::join!(self.internal.close(), self.external.close());
        } else {
            self.external.close().await;
        }
    }
}
