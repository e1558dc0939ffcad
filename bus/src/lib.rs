//! The bus: how parts tell each other, and the world, what happened.
//!
//! One trait, two ways behind it: `MemoryBus` within a process, `AmqpBus` over RabbitMQ. Both keep the same
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
pub use error::{BusError, CallFailure};
pub use filter::Filter;
pub use memory::MemoryBus;
pub use message::{ContentType, Message};
pub use signature::MessageKey;
pub use split::SplitBus;
pub use subscription::{Binding, Exchange, ExchangeKind, Queue, Subscription};

/// What every bus can do.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Makes sure that the exchange is there, now and after every reconnect.
    async fn declare(&self, exchange: Exchange) -> Result<(), BusError>;

    /// Sends all messages, in order, and returns once every one of them is safe with the bus.
    /// After an error some may have been delivered and may be delivered again by a repeat.
    async fn publish(&self, messages: &[Message], deadline: Duration) -> Result<(), BusError>;

    /// Returns once the queue is bound: what is published from then on arrives.
    async fn subscribe(&self, subscription: Subscription) -> Result<Consumer, BusError>;

    /// Wakes whoever listens to a fan-out exchange. Never waits, may be lost without a word.
    fn wake(&self, exchange: &str, body: Bytes);

    /// Asks one of those who serve an inbox and waits for the answer. An answer that comes later is dropped; a call that
    /// nobody began before the deadline is not begun any more.
    async fn call(&self, inbox: &str, question: Bytes, deadline: Duration) -> Result<Bytes, CallFailure>;

    /// Answers a call. May be lost, as the caller may be; settle the call afterwards.
    async fn reply(&self, to: &ReplyTo, answer: Bytes) -> Result<(), BusError>;

    /// False only if nobody could possibly get a message that is sent to this exchange just now under a key that begins
    /// with this word, so that it need not be made.
    fn may_be_heard(&self, exchange: &str, first_word: &str) -> bool;

    /// Ends all connections in good order. Consumers end, publishing fails from then on.
    async fn close(&self);
}
