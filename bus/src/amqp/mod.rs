//! The bus over RabbitMQ.

mod acks;
mod bindings;
mod call;
mod connection;
mod consume;
mod declaration;
mod leaderless;
mod notify;
mod operate;
mod outgoing;
mod publish;
mod rejected;
mod response;
mod settle;
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
use call::RpcClient;
use connection::Connection;
use futures_util::future::join_all;
use notify::Notifier;
pub use operate::QueueDepth;
use publish::Publisher;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    Binding, Bus, BusError, Consumer, Exchange, Message, MessageKey, RefusedBinding, ReplyTo, Subscription,
    TransportError,
};

/// How long a subscription may take to be set up, reconnects included.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(30);
/// The caller has a deadline, too.
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long closing the connections may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Three connections to one broker: to publish; to consume, so that flow control of publishers does not delay
/// acknowledgements; and for RPC. Publishing to a missing exchange closes the channel, and further messages in flight on it
/// then close the whole connection: calls must not be lost with it.
///
/// Connections are opened when needed and again when broken, exchanges, queues and bindings with them.
pub struct AmqpBus {
    out: Arc<Connection>,
    into: Arc<Connection>,
    calls: Arc<Connection>,
    publisher: Publisher,
    rpc: RpcClient,
    notifier: Notifier,
    key: Option<MessageKey>,
    /// One task per consumer, and the one that sends notifications. They end with the bus.
    tasks: Mutex<JoinSet<()>>,
    closed: AtomicBool,
}

/// The address of a broker, and the key of messages.
#[derive(Clone, Default)]
pub struct AmqpOptions {
    /// `amqp://` or `amqps://`. For the latter the process must have a default provider of rustls.
    pub url: String,
    /// The connection name, shown by the broker.
    pub name: String,
    /// Certificate authorities (PEM) to trust besides those of the system.
    pub authorities: Option<String>,
    /// Signs all messages, and verifies those of `signed` subscriptions. `None`: neither.
    pub key: Option<MessageKey>,
}

impl AmqpBus {
    /// Without a key. See [`AmqpBus::open`].
    pub fn new(url: &str, name: &str, rng: &Rng) -> Result<Self, BusError> {
        Self::open(AmqpOptions { url: url.to_owned(), name: name.to_owned(), ..AmqpOptions::default() }, rng)
    }

    /// Does not connect yet, so that a process can start while the broker is down. Must be called inside a runtime,
    /// which owns the task that sends notifications.
    pub fn open(options: AmqpOptions, rng: &Rng) -> Result<Self, BusError> {
        let AmqpOptions { url, name, authorities, key } = options;
        let connection = |direction: &str| {
            Connection::new(&url, authorities.as_deref(), &format!("{name} {direction}"), rng.branch(direction))
                .map(Arc::new)
        };
        let (out, into, calls) = (connection("out")?, connection("in")?, connection("calls")?);
        let mut tasks = JoinSet::new();
        let notifier = Notifier::start(out.clone(), key.clone(), &mut tasks);
        let publisher = Publisher::new(out.clone(), key.clone());
        let rpc = RpcClient::new(calls.clone(), rng.branch("calls"), key.clone());
        let (tasks, closed) = (Mutex::new(tasks), AtomicBool::new(false));
        Ok(Self { out, into, calls, publisher, rpc, notifier, key, tasks, closed })
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
        let declared = timeout(SUBSCRIBE_TIMEOUT, self.publisher.declare(exchange.clone())).await;
        declared.unwrap_or_else(|_| Err(self.out.timeout_error("exchange.declare", SUBSCRIBE_TIMEOUT)))?;
        self.into.remember(exchange);
        Ok(())
    }

    async fn publish(&self, messages: &[Message], deadline: Duration) -> Result<(), BusError> {
        self.check_open()?;
        messages.iter().try_for_each(Message::check)?;
        let published = timeout(deadline, self.publisher.publish(messages)).await;
        published.unwrap_or_else(|_| Err(self.out.timeout_error("basic.publish", deadline)))
    }

    async fn subscribe(&self, subscription: Subscription) -> Result<Consumer, BusError> {
        self.check_open()?;
        subscription.check()?;
        let subscribed = consume::subscribe(self.into.clone(), subscription, self.key.clone(), &mut self.tasks());
        let subscribed = timeout(SUBSCRIBE_TIMEOUT, subscribed).await;
        subscribed.unwrap_or_else(|_| Err(self.into.timeout_error("queue.declare", SUBSCRIBE_TIMEOUT)))
    }

    async fn rebind(
        &self,
        queue: &str,
        bindings: &[Binding],
        obsolete: &[Binding],
    ) -> Result<Vec<RefusedBinding>, BusError> {
        self.check_open()?;
        let bound = timeout(SUBSCRIBE_TIMEOUT, bindings::rebind(&self.into, queue, bindings, obsolete)).await;
        bound.unwrap_or_else(|_| Err(self.into.timeout_error("queue.bind", SUBSCRIBE_TIMEOUT)))
    }

    async fn queue_length(&self, queue: &str) -> Result<u32, BusError> {
        self.check_open()?;
        self.depth(queue, SUBSCRIBE_TIMEOUT).await.map(|depth| depth.messages)
    }

    async fn delete_queue(&self, queue: &str) -> Result<(), BusError> {
        self.check_open()?;
        self.delete(&[queue.to_owned()], &[], SUBSCRIBE_TIMEOUT).await
    }

    fn notify(&self, exchange: &str, body: Bytes) {
        self.notifier.notify(exchange, body);
    }

    async fn call(&self, inbox: &str, request: Bytes, deadline: Duration) -> Result<Bytes, TransportError> {
        self.check_open().map_err(|_| TransportError::Unavailable)?;
        self.rpc.call(inbox, request, deadline, &self.tasks).await
    }

    async fn reply(&self, to: &ReplyTo, response: Bytes) -> Result<(), BusError> {
        self.check_open()?;
        let replied = timeout(REPLY_TIMEOUT, self.rpc.reply(to, &response)).await;
        replied.unwrap_or_else(|_| Err(self.calls.timeout_error("basic.publish", REPLY_TIMEOUT)))
    }

    /// The broker does not say whether there are subscribers.
    fn may_have_subscribers(&self, _: &str, _: &str) -> bool {
        true
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let links = [&self.into, &self.out, &self.calls];
        for connection in links {
            connection.end();
        }
        let mut tasks = std::mem::take(&mut *self.tasks());
        let in_order = async {
            // Some may have been aborted with their call channel: `JoinSet::join_all` would panic on them.
            while tasks.join_next().await.is_some() {}
            join_all(links.map(|connection| connection.close())).await;
        };
        let _ = timeout(CLOSE_TIMEOUT, in_order).await;
    }
}

impl fmt::Debug for AmqpBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpBus").field("closed", &self.closed).finish_non_exhaustive()
    }
}
