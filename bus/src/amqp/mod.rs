//! The bus over RabbitMQ.

mod acks;
mod call;
mod consume;
mod leaderless;
mod link;
mod operate;
mod publish;
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
use base::Entropy;
use bytes::Bytes;
use call::Caller;
use link::Link;
pub use operate::QueueDepth;
use publish::Publisher;
use tokio::{task::JoinSet, time::timeout};
use wake::Waker;

use crate::{Bus, BusError, CallFailure, Consumer, Exchange, Message, ReplyTo, Subscription};

/// How long a subscription may take to be set up, reconnects included.
const SUBSCRIBE_WITHIN: Duration = Duration::from_secs(30);
/// Whoever waits for an answer has a deadline.
const REPLY_WITHIN: Duration = Duration::from_secs(30);
/// How long ending the connections in good order may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Two connections to one broker, so that a broker that slows publishers down does not hold up acknowledgements.
///
/// Connections are opened when needed and again when broken, exchanges, queues and bindings with them.
pub struct AmqpBus {
    out: Arc<Link>,
    into: Arc<Link>,
    publisher: Publisher,
    caller: Caller,
    waker: Waker,
    /// One task per consumer, and the one that sends wake-ups. They end with the bus.
    tasks: Mutex<JoinSet<()>>,
    closed: AtomicBool,
}

impl AmqpBus {
    /// Connects nothing yet, so a broker that is away does not keep a process from starting. `name` is shown in
    /// the broker's lists. Must be called inside a runtime, which owns the task that sends wake-ups.
    pub fn new(url: &str, name: &str, entropy: &Entropy) -> Result<Self, BusError> {
        Self::build(url, None, name, entropy)
    }

    /// The same for `amqps://` and a broker whose certificate was signed by one of these authorities (PEM), or by one
    /// that the system trusts. The process must have a default provider of rustls.
    pub fn trusting(url: &str, authorities: &str, name: &str, entropy: &Entropy) -> Result<Self, BusError> {
        Self::build(url, Some(authorities), name, entropy)
    }

    fn build(url: &str, authorities: Option<&str>, name: &str, entropy: &Entropy) -> Result<Self, BusError> {
        let link = |way: &str| Link::new(url, authorities, &format!("{name} {way}"), entropy.branch(way));
        let (out, into) = (Arc::new(link("out")?), Arc::new(link("in")?));
        let mut tasks = JoinSet::new();
        let waker = Waker::start(out.clone(), &mut tasks);
        let publisher = Publisher::new(out.clone());
        let caller = Caller::new(out.clone(), into.clone());
        Ok(Self { out, into, publisher, caller, waker, tasks: Mutex::new(tasks), closed: AtomicBool::new(false) })
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<(), BusError> {
        if self.closed.load(Ordering::Acquire) { Err(BusError::Closed) } else { Ok(()) }
    }
}

#[async_trait]
impl Bus for AmqpBus {
    async fn declare(&self, exchange: Exchange) -> Result<(), BusError> {
        self.open()?;
        crate::message::check_name("exchange", &exchange.name)?;
        self.into.remember(exchange.clone());
        let declared = self.publisher.declare(exchange);
        timeout(SUBSCRIBE_WITHIN, declared).await.unwrap_or_else(|_| Err(self.out.late()))
    }

    async fn publish(&self, messages: &[Message], deadline: Duration) -> Result<(), BusError> {
        self.open()?;
        messages.iter().try_for_each(Message::check)?;
        timeout(deadline, self.publisher.publish(messages)).await.unwrap_or_else(|_| Err(self.out.late()))
    }

    async fn subscribe(&self, subscription: Subscription) -> Result<Consumer, BusError> {
        self.open()?;
        subscription.check()?;
        let subscribed = consume::subscribe(self.into.clone(), subscription, &mut self.tasks());
        timeout(SUBSCRIBE_WITHIN, subscribed).await.unwrap_or_else(|_| Err(self.into.late()))
    }

    fn wake(&self, exchange: &str, body: Bytes) {
        self.waker.wake(exchange, body);
    }

    async fn call(&self, inbox: &str, question: Bytes, deadline: Duration) -> Result<Bytes, CallFailure> {
        self.open().map_err(|_| CallFailure::Down)?;
        self.caller.call(inbox, &question, deadline, &self.tasks).await
    }

    async fn reply(&self, to: &ReplyTo, answer: Bytes) -> Result<(), BusError> {
        self.open()?;
        timeout(REPLY_WITHIN, self.caller.reply(to, &answer)).await.unwrap_or(Err(BusError::Late))
    }

    /// The broker does not say who listens.
    fn may_be_heard(&self, _: &str, _: &str) -> bool {
        true
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.into.end();
        self.out.end();
        let tasks = std::mem::take(&mut *self.tasks());
        let in_order = async {
            tasks.join_all().await;
            tokio::join!(self.into.close(), self.out.close());
        };
        let _ = timeout(CLOSE_WITHIN, in_order).await;
    }
}

impl fmt::Debug for AmqpBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpBus").field("closed", &self.closed).finish_non_exhaustive()
    }
}
