//! Where messages are sent, and what a consumer asks for.

use std::sync::Arc;

use crate::{BusError, message::check_name};

/// How an exchange deals out what it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeKind {
    /// By routing key; survives a restart of the broker.
    Topic,
    /// To every bound queue; for wake-ups, gone with the broker.
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

/// Where messages wait for a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Queue {
    /// Kept while nobody consumes. With a `max_length` the oldest go first; without one nothing is dropped.
    Durable { name: String, max_length: Option<u32> },
    /// Where calls wait for those who serve them, each for one of these. Gone with the last of them.
    Inbox { name: String },
    /// One consumer's own, gone with it. What was sent while it was cut off is lost, which it is told by a gap.
    Ephemeral,
}

/// What of an exchange goes into a queue: `*` stands for one word, `#` for any number of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub exchange: String,
    pub pattern: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub queue: Queue,
    /// Bindings are added to those a durable queue already has, never taken away.
    pub bindings: Vec<Binding>,
    /// How many deliveries may be out unsettled: the real brake of a consumer.
    pub prefetch: u16,
    /// A publisher hears that its message is safe only once this queue has settled it.
    pub settled_first: bool,
    /// However many consume the queue, one gets all of it; another takes over when that one is gone.
    pub one_at_a_time: bool,
    /// Takes only what a process of this installation has sent. A bus without a key cannot tell, and takes everything.
    pub signed: bool,
}

impl Subscription {
    /// What serves a busy consumer well.
    pub const PREFETCH: u16 = 100;

    pub fn durable(name: &str) -> Self {
        Self::of(Queue::Durable { name: name.to_owned(), max_length: None })
    }

    /// Calls to a service, shared with everyone else who serves it.
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

    /// For a consumer that must miss nothing, even on a bus whose messages end with the process: what was confirmed to
    /// a publisher has then been worked on. A broker keeps messages itself, so there it changes nothing.
    #[must_use]
    pub const fn settled_first(mut self) -> Self {
        self.settled_first = true;
        self
    }

    /// For consumers in several processes that must not overtake each other. All of a queue must say it.
    #[must_use]
    pub const fn one_at_a_time(mut self) -> Self {
        self.one_at_a_time = true;
        self
    }

    /// For a consumer that acts on what it hears without asking the database whether it is true.
    #[must_use]
    pub const fn signed(mut self) -> Self {
        self.signed = true;
        self
    }

    fn of(queue: Queue) -> Self {
        let (settled_first, one_at_a_time, signed) = (false, false, false);
        Self { queue, bindings: Vec::new(), prefetch: Self::PREFETCH, settled_first, one_at_a_time, signed }
    }

    /// For words.
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
