//! The bus over RabbitMQ.

mod acks;
mod answer;
mod call;
mod consume;
mod leaderless;
mod link;
mod operate;
mod outgoing;
mod publish;
mod refused;
mod wake;
mod wire;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use base::Rng;
use bytes::Bytes;
use call::Caller;
use futures_util::future::join_all;
use link::Link;
pub use operate::QueueDepth;
use publish::Publisher;
use tokio::{task::JoinSet, time::timeout};
use wake::Waker;

use crate::{Bus, BusError, CallFailure, Consumer, Exchange, Message, MessageKey, ReplyTo, Subscription};

/// How long a subscription may take to be set up, reconnects included.
const SUBSCRIBE_WITHIN: Duration = Duration::from_secs(30);
/// Whoever waits for an answer has a deadline.
const REPLY_WITHIN: Duration = Duration::from_secs(30);
/// How long ending the connections in good order may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Connections to one broker: to publish; to consume, so that a broker that slows publishers down does not hold up
/// acknowledgements; and for calls and their answers. What is published to an exchange that is not there closes its channel, and
/// what was on its way on that channel then closes the whole connection: a call must not be lost with it.
///
/// Connections are opened when needed and again when broken, exchanges, queues and bindings with them.
pub struct AmqpBus {
    out: Arc<Link>,
    into: Arc<Link>,
    calls: Arc<Link>,
    publisher: Publisher,
    caller: Caller,
    waker: Waker,
    key: Option<MessageKey>,
    /// One task per consumer, and the one that sends wake-ups. They end with the bus.
    tasks: Mutex<JoinSet<()>>,
    closed: AtomicBool,
}

/// How a broker is reached, and what passes for a message of ours.
#[derive(Clone, Default)]
pub struct AmqpOptions {
    /// `amqp://` or `amqps://`. For the latter the process must have a default provider of rustls.
    pub url: String,
    /// Shown in the broker's lists.
    pub name: String,
    /// Certificates (PEM) of authorities that may have signed the broker's, besides those that the system trusts.
    pub authorities: Option<String>,
    /// Signs all that is sent, and tells the messages of one installation from those of others. `None`: neither.
    pub key: Option<MessageKey>,
}

impl AmqpBus {
    /// One that signs nothing, and takes everything. See [`AmqpBus::open`].
    pub fn new(url: &str, name: &str, rng: &Rng) -> Result<Self, BusError> {
        Self::open(AmqpOptions { url: url.to_owned(), name: name.to_owned(), ..AmqpOptions::default() }, rng)
    }

    /// Connects nothing yet, so a broker that is away does not keep a process from starting. Must be called inside a runtime,
    /// which owns the task that sends wake-ups.
    pub fn open(options: AmqpOptions, rng: &Rng) -> Result<Self, BusError> {
        let AmqpOptions { url, name, authorities, key } = options;
        let link = |way: &str| {
            Link::new(&url, authorities.as_deref(), &format!("{name} {way}"), rng.branch(way)).map(Arc::new)
        };
        let (out, into, calls) = (link("out")?, link("in")?, link("calls")?);
        let mut tasks = JoinSet::new();
        let waker = Waker::start(out.clone(), key.clone(), &mut tasks);
        let publisher = Publisher::new(out.clone(), key.clone());
        let caller = Caller::new(calls.clone(), rng.branch("calls"), key.clone());
        let (tasks, closed) = (Mutex::new(tasks), AtomicBool::new(false));
        Ok(Self { out, into, calls, publisher, caller, waker, key, tasks, closed })
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_open(&self) -> Result<(), BusError> {
        if self.closed.load(Ordering::Acquire) { Err(BusError::Closed) } else { Ok(()) }
    }
}

#[async_trait]
impl Bus for AmqpBus {
    async fn declare(&self, exchange: Exchange) -> Result<(), BusError> {
        self.check_open()?;
        crate::message::check_name("exchange", &exchange.name)?;
        let declared = timeout(SUBSCRIBE_WITHIN, self.publisher.declare(exchange.clone())).await;
        declared.unwrap_or_else(|_| Err(self.out.late("exchange.declare", SUBSCRIBE_WITHIN)))?;
        self.into.remember(exchange);
        Ok(())
    }

    async fn publish(&self, messages: &[Message], deadline: Duration) -> Result<(), BusError> {
        self.check_open()?;
        messages.iter().try_for_each(Message::check)?;
        let published = timeout(deadline, self.publisher.publish(messages)).await;
        published.unwrap_or_else(|_| Err(self.out.late("basic.publish", deadline)))
    }

    async fn subscribe(&self, subscription: Subscription) -> Result<Consumer, BusError> {
        self.check_open()?;
        subscription.check()?;
        let subscribed = consume::subscribe(self.into.clone(), subscription, self.key.clone(), &mut self.tasks());
        let subscribed = timeout(SUBSCRIBE_WITHIN, subscribed).await;
        subscribed.unwrap_or_else(|_| Err(self.into.late("queue.declare", SUBSCRIBE_WITHIN)))
    }

    fn wake(&self, exchange: &str, body: Bytes) {
        self.waker.wake(exchange, body);
    }

    async fn call(&self, inbox: &str, question: Bytes, deadline: Duration) -> Result<Bytes, CallFailure> {
        self.check_open().map_err(|_| CallFailure::Down)?;
        self.caller.call(inbox, question, deadline, &self.tasks).await
    }

    async fn reply(&self, to: &ReplyTo, answer: Bytes) -> Result<(), BusError> {
        self.check_open()?;
        let replied = timeout(REPLY_WITHIN, self.caller.reply(to, &answer)).await;
        replied.unwrap_or_else(|_| Err(self.calls.late("basic.publish", REPLY_WITHIN)))
    }

    /// The broker does not say who listens.
    fn may_be_heard(&self, _: &str, _: &str) -> bool {
        true
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let links = [&self.into, &self.out, &self.calls];
        for link in links {
            link.end();
        }
        let mut tasks = std::mem::take(&mut *self.tasks());
        let in_order = async {
            // Some were aborted with the consumer of calls that they served: `join_all` would panic on them.
            while tasks.join_next().await.is_some() {}
            join_all(links.map(|link| link.close())).await;
        };
        let _ = timeout(CLOSE_WITHIN, in_order).await;
    }
}

impl fmt::Debug for AmqpBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpBus").field("closed", &self.closed).finish_non_exhaustive()
    }
}
