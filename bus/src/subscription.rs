//! Exchanges, queues and subscriptions.

use std::sync::Arc;

use crate::{BusError, message::check_name};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeKind {
    /// By routing key; survives a restart of the broker.
    Topic,
    /// To every bound queue; for notifications; deleted when the broker restarts.
    Fanout,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    pub name: Arc<str>,
    pub kind: ExchangeKind,
}

impl Exchange {
    pub fn topic(name: &str) -> Self {
        Self { name: name.into(), kind: ExchangeKind::Topic }
    }

    pub fn fanout(name: &str) -> Self {
        Self { name: name.into(), kind: ExchangeKind::Fanout }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Queue {
    /// Kept without consumers. With a `max_length` the oldest messages are dropped; without one none are.
    Durable { name: String, max_length: Option<u32> },
    /// Calls, each for one of the servers that consume it. Deleted with the last of them.
    Inbox { name: String },
    /// Of one consumer, deleted with it. Messages published while it was disconnected are lost, which it learns by a gap.
    Ephemeral,
}

/// The pattern has `*` for one word and `#` for any number of words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub exchange: String,
    pub pattern: String,
}

/// A binding that the broker did not accept, and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedBinding {
    pub binding: Binding,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own, set by a method of its name")]
pub struct Subscription {
    pub queue: Queue,
    /// Bindings are added to those a durable queue already has, never taken away.
    pub bindings: Vec<Binding>,
    /// How many deliveries may be unacknowledged: this is what limits a consumer.
    pub prefetch: u16,
    /// See [`Subscription::confirm_after_ack`].
    pub confirm_after_ack: bool,
    /// However many consume the queue, one gets all messages; another takes over when that one ends.
    pub single_active_consumer: bool,
    /// Accepts only messages with a valid signature. A bus without a key accepts everything.
    pub signed: bool,
    /// See [`Subscription::tolerant`].
    pub tolerant: bool,
}

impl Subscription {
    /// A default for busy consumers.
    pub const PREFETCH: u16 = 100;

    pub fn durable(name: &str) -> Self {
        Self::of(Queue::Durable { name: name.to_owned(), max_length: None })
    }

    /// Calls to a service, shared with its other servers.
    pub fn inbox(name: &str) -> Self {
        Self::of(Queue::Inbox { name: name.to_owned() }).signed()
    }

    pub fn ephemeral() -> Self {
        Self::of(Queue::Ephemeral)
    }

    #[must_use]
    pub fn bind(mut self, exchange: &str, pattern: &str) -> Self {
        self.bindings.push(Binding { exchange: exchange.to_owned(), pattern: pattern.to_owned() });
        self
    }

    #[must_use]
    pub const fn prefetch(mut self, prefetch: u16) -> Self {
        self.prefetch = prefetch;
        self
    }

    /// For a consumer that must miss nothing, even on a bus in memory: a message is confirmed to its publisher only
    /// after it was acknowledged. A broker is persistent, so there it changes nothing.
    #[must_use]
    pub const fn confirm_after_ack(mut self) -> Self {
        self.confirm_after_ack = true;
        self
    }

    /// For consumers in several processes that must keep the order. All consumers of a queue must set it.
    #[must_use]
    pub const fn single_active_consumer(mut self) -> Self {
        self.single_active_consumer = true;
        self
    }

    /// For a consumer that acts on messages without checking the database.
    #[must_use]
    pub const fn signed(mut self) -> Self {
        self.signed = true;
        self
    }

    /// For bindings that others chose: those to exchanges that do not exist are left out, and a queue that exists with other
    /// arguments is taken as it is.
    #[must_use]
    pub const fn tolerant(mut self) -> Self {
        self.tolerant = true;
        self
    }

    /// A durable queue that drops its oldest messages beyond this many.
    #[must_use]
    pub fn bounded(name: &str, max_length: u32) -> Self {
        Self::of(Queue::Durable { name: name.to_owned(), max_length: Some(max_length) })
    }

    fn of(queue: Queue) -> Self {
        let (confirm_after_ack, single_active_consumer, signed, tolerant) = (false, false, false, false);
        Self {
            queue,
            bindings: Vec::new(),
            prefetch: Self::PREFETCH,
            confirm_after_ack,
            single_active_consumer,
            signed,
            tolerant,
        }
    }

    /// For messages.
    pub(crate) fn name(&self) -> &str {
        match &self.queue {
            Queue::Durable { name, .. } | Queue::Inbox { name } => name,
            Queue::Ephemeral => self.bindings.first().map_or("", |binding| &binding.exchange),
        }
    }

    pub(crate) fn check(&self) -> Result<(), BusError> {
        if let Queue::Durable { name, .. } | Queue::Inbox { name } = &self.queue {
            check_name("queue name", name)?;
        }
        for binding in &self.bindings {
            check_name("exchange", &binding.exchange)?;
            check_name("binding", &binding.pattern)?;
        }
        Ok(())
    }
}
