//! Two vhosts, or two brokers: one for internal messages, one for external (Pulse) messages.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    AmqpBus, Binding, Bus, BusError, Consumer, Exchange, Message, Queue, QueueDepth, RefusedBinding, ReplyTo,
    Subscription, TransportError,
};

/// The prefix of internal exchanges.
const INTERNAL: &str = "drover/";

/// The bus of an installation. Without a vhost of their own, internal messages share the external one.
pub struct SplitBus {
    external: Arc<AmqpBus>,
    internal: Arc<AmqpBus>,
    /// An internal exchange without the prefix.
    also_internal: String,
}

impl SplitBus {
    /// `internal`: `None` where internal messages have no vhost of their own. `also_internal`: an exchange without the
    /// prefix `drover/`.
    pub fn new(external: AmqpBus, internal: Option<AmqpBus>, also_internal: &str) -> Self {
        let external = Arc::new(external);
        let internal = internal.map_or_else(|| external.clone(), Arc::new);
        Self { external, internal, also_internal: also_internal.to_owned() }
    }

    /// Whether internal messages have a vhost of their own.
    pub fn is_split(&self) -> bool {
        !Arc::ptr_eq(&self.external, &self.internal)
    }

    /// Messages and consumers of a queue; refused if there is no such queue.
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
            let message = "one queue cannot be bound to internal and external exchanges, which are on different vhosts";
            return Err(BusError::Unsendable(message.to_owned()));
        }
        Ok(if first { &self.internal } else { &self.external })
    }
}

#[async_trait]
impl Bus for SplitBus {
    async fn declare(&self, exchange: Exchange) -> Result<(), BusError> {
        self.of(&exchange.name).declare(exchange).await
    }

    /// In order on each vhost.
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

    /// On the external vhost: internal queues have the bindings of their subscription.
    async fn rebind(
        &self,
        queue: &str,
        bindings: &[Binding],
        obsolete: &[Binding],
    ) -> Result<Vec<RefusedBinding>, BusError> {
        self.external.rebind(queue, bindings, obsolete).await
    }

    async fn queue_length(&self, queue: &str) -> Result<u32, BusError> {
        self.external.queue_length(queue).await
    }

    async fn delete_queue(&self, queue: &str) -> Result<(), BusError> {
        self.external.delete_queue(queue).await
    }

    fn notify(&self, exchange: &str, body: Bytes) {
        self.of(exchange).notify(exchange, body);
    }

    async fn call(&self, inbox: &str, request: Bytes, deadline: Duration) -> Result<Bytes, TransportError> {
        self.internal.call(inbox, request, deadline).await
    }

    async fn reply(&self, to: &ReplyTo, response: Bytes) -> Result<(), BusError> {
        self.internal.reply(to, response).await
    }

    fn may_have_subscribers(&self, exchange: &str, first_word: &str) -> bool {
        self.of(exchange).may_have_subscribers(exchange, first_word)
    }

    async fn close(&self) {
        if self.is_split() {
            tokio::join!(self.internal.close(), self.external.close());
        } else {
            self.external.close().await;
        }
    }
}
