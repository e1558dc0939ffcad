//! The message bus: events between Drover's processes and to external consumers, and RPC.
//!
//! One trait with two implementations: `MemoryBus` within a process, `AmqpBus` over RabbitMQ. Both keep the same
//! contract (`tests/contract`). Delivery is at least once; what one publisher sends to one queue arrives in order.

mod amqp;
mod consumer;
mod error;
mod filter;
mod memory;
mod message;
mod signature;
mod split;
mod subscription;
mod topic;

use std::time::Duration;

pub use amqp::{AmqpBus, AmqpOptions, QueueDepth};
use async_trait::async_trait;
use bytes::Bytes;
pub use consumer::{Consumer, Delivery, Received, ReplyTo};
pub use error::{BusError, TransportError};
pub use filter::Filter;
pub use memory::MemoryBus;
pub use message::{ContentType, Message};
pub use signature::MessageKey;
pub use split::SplitBus;
pub use subscription::{Binding, Exchange, ExchangeKind, Queue, RefusedBinding, Subscription};

#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Declares the exchange, now and after every reconnect.
    async fn declare(&self, exchange: Exchange) -> Result<(), BusError>;

    /// Publishes all messages, in order, and returns once every one of them is confirmed.
    /// After an error some may have been delivered, and a repeat may deliver them again.
    async fn publish(&self, messages: &[Message], deadline: Duration) -> Result<(), BusError>;

    /// Returns once the queue is bound: messages published from then on are delivered.
    async fn subscribe(&self, subscription: Subscription) -> Result<Consumer, BusError>;

    /// Gives a durable queue these bindings, whether it has them or not, and takes the others away. What the broker refuses, mostly
    /// because there is no such exchange, is given back, and hinders none of the others.
    async fn rebind(
        &self,
        queue: &str,
        bindings: &[Binding],
        obsolete: &[Binding],
    ) -> Result<Vec<RefusedBinding>, BusError>;

    /// How many messages wait in a durable queue; refused if there is no such queue.
    async fn queue_length(&self, queue: &str) -> Result<u32, BusError>;

    /// Deletes a durable queue with its messages, whether it exists or not.
    async fn delete_queue(&self, queue: &str) -> Result<(), BusError>;

    /// Notifies all subscribers of a fan-out exchange. Does not wait; may be lost without an error.
    fn notify(&self, exchange: &str, body: Bytes);

    /// Calls one of the servers of an inbox. A response after the deadline is dropped; a call that was not started
    /// before the deadline is not started any more.
    async fn call(&self, inbox: &str, request: Bytes, deadline: Duration) -> Result<Bytes, TransportError>;

    /// Sends the response to a call. It may be lost, as the caller may be; settle the call afterwards.
    async fn reply(&self, to: &ReplyTo, response: Bytes) -> Result<(), BusError>;

    /// False only if no subscriber could get a message of this exchange under a routing key that begins with this word,
    /// so that it need not be built.
    fn may_have_subscribers(&self, exchange: &str, first_word: &str) -> bool;

    /// Closes all connections. Consumers end, and publishing fails from then on.
    async fn close(&self);
}
